"""The names of tokens, under the panels whose columns they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import CELL_GAP
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import TextLabel
from vrnn.scene.token_names import TOKEN_NAME_ROOM, has_token_names
from vrnn.style.text import elide

TOKEN_NAME_HEIGHT = 0.085
"""Largest capital height of a token's name, meters."""
TOKEN_NAME_COLOR = (0.42, 0.47, 0.58, 1.0)
_DOWN, _RIGHT = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)


def token_labels(
    frame: PlacementFrame, nodes: Mapping[int, Node], token_names: Sequence[str]
) -> list[TextLabel]:
    """Return the names of the tokens, downward under their columns.

    Args:
        frame: Where the layers are.
        nodes: The layers by id.
        token_names: Text of each token of the input.
    """
    labels = []
    for node_id, rect in zip(frame.node_ids, frame.panel_rects.tolist(), strict=True):
        shape = frame.placement.panel_shapes.get(node_id)
        if shape is None or not has_token_names(nodes[node_id], shape, token_names):
            continue
        x, y, z, width, _ = rect
        cell = width / shape.grid.columns
        pitch = cell * (1 - CELL_GAP) / len(token_names)
        height = min(TOKEN_NAME_HEIGHT, 0.75 * pitch)
        for column in range(shape.grid.columns):
            left = x - width / 2 + column * cell + cell * CELL_GAP / 2
            for i, name in enumerate(token_names):
                text = elide(name, TOKEN_NAME_ROOM - 0.06, height)
                origin = (left + (i + 0.5) * pitch - height / 2, y - 0.05, z)
                labels.append(
                    TextLabel(text, origin, height, TOKEN_NAME_COLOR, _DOWN, _RIGHT, fade=6.0)
                )
    return labels
