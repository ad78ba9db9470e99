"""Everything that touches the model: torch only, no OpenGL."""

from __future__ import annotations
