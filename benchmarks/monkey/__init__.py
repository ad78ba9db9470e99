"""A monkey at the program: random input, found again by its seed."""
