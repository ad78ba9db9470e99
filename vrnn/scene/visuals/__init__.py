"""Visuals."""
