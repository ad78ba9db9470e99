"""Analyses of layers and channels: methods, and the jobs that run them."""
