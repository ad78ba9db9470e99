"""Fixtures of tests that draw."""

from tests.render.conftest import context, ctx

__all__ = ["context", "ctx"]
