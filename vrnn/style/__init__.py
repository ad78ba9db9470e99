"""Fonts, text, colors."""
