"""Edited kernels: weights that are replaced while a model is open, and written as a copy."""
