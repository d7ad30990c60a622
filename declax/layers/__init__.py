"""Operators that own parameters or end a network; importing this package registers them."""
