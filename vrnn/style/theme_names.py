"""The names of the themes."""

from __future__ import annotations

from typing import Literal, get_args

Theme = Literal["dark", "light"]
THEMES: tuple[Theme, ...] = get_args(Theme)
"""`light` is for print and projectors."""
