"""Operators on tensors; importing this package registers them."""
