"""The panels. Importing this package registers vrnn's own panels, in the order of their tabs."""

from __future__ import annotations

from vrnn.ui.panels import layer, model, relevance, predictions, display, images, features, jobs  # isort: skip
from vrnn.ui.panels import session, shortcuts  # isort: skip

__all__ = [
    "display", "features", "images", "jobs", "layer", "model", "predictions", "relevance",
    "session", "shortcuts",
]  # fmt: skip
