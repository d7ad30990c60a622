"""The peers that the benchmarks compare with; each module here runs in the environment of its own framework."""
