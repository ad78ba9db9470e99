"""What lies over the world: help, messages, the legend."""

from __future__ import annotations
