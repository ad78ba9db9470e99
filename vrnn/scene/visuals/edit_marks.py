"""Marks on layers and channels whose kernels are edited."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vrnn.network.kernel_edits import KernelEdit
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, outline_quads
from vrnn.scene.visuals.ablation_marks import marked_rects
from vrnn.style.theme import ANNOTATION

EDITED = "edited"
"""What stands before the operation of an edited layer, over its panel."""


def edit_marks(
    edits: Iterable[KernelEdit], network_object: NetworkObject, frame: PlacementFrame
) -> np.ndarray:
    """Return a frame around each channel whose filter is edited, (N,) `QUAD`.

    Args:
        edits: Of the network.
        network_object: The network.
        frame: Where its layers are.
    """
    quads = [np.zeros(0, QUAD)]
    for layer, output in dict.fromkeys((edit.layer, edit.output) for edit in edits):
        for left, top, width, height, z in marked_rects(network_object, frame, layer, (output,)):
            line = min(0.03, 0.14 * min(width, height))
            quads += outline_quads(left, top, width, height, z + 0.006, line, ANNOTATION)
    return np.concatenate(quads)
