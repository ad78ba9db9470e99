"""Headset."""
