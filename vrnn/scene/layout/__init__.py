"""Layouts: where the layers of a network are. Importing this registers the arrangements.

`Tab` goes through them in the order of these imports; the first is the default.
"""

from __future__ import annotations

from vrnn.scene.layout import terrace  # isort: skip
from vrnn.scene.layout import conveyor  # isort: skip
from vrnn.scene.layout import by_resolution  # isort: skip

__all__ = ["by_resolution", "conveyor", "terrace"]
