"""Layouts: where the layers of a network are. Importing this registers the arrangements."""

from __future__ import annotations

from vrnn.scene.layout import terrace  # isort: skip  # the first is the default
from vrnn.scene.layout import conveyor

__all__ = ["conveyor", "terrace"]
