"""The panels. Importing this package registers vrnn's own panels, in the order of their tabs."""

from __future__ import annotations

from vrnn.ui.panels import layer, model, relevance, similarity, connections  # isort: skip
from vrnn.ui.panels import kernel_editor, dataset_score  # isort: skip
from vrnn.ui.panels import image_cloud, importance, comparison, predictions, display  # isort: skip
from vrnn.ui.panels import training, images, features, jobs, session, shortcuts  # isort: skip

__all__ = [
    "comparison", "connections", "dataset_score", "display", "features", "image_cloud", "images",
    "importance", "jobs", "kernel_editor", "layer", "model",
    "predictions", "relevance", "session", "shortcuts", "similarity",
    "training",
]  # fmt: skip
