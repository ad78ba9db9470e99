"""Fixtures of tests that need a real window."""

from tests.support.window import display, program, where

__all__ = ["display", "program", "where"]
