"""File formats: symbol JSON of every MXNet version, binary parameter files, checkpoints."""
