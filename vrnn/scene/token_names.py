"""Which panels have the names of tokens under them, and the room for that."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.network.positions import column_role
from vrnn.scene.placement import PanelShape

TOKEN_NAME_ROOM = 0.42
"""Height that is kept free under a panel for the names of its tokens, meters."""
MAX_NAMED_TOKENS = 64
"""Longer sequences have no names: they could not be read."""


def has_token_names(node: Node, shape: PanelShape | None, token_names: Sequence[str]) -> bool:
    """Return whether the columns of a layer's panel are tokens with names.

    Args:
        node: The layer.
        shape: What its panel looks like; None while it is folded away.
        token_names: Text of each token of the input.
    """
    count = map_shape(node.shape)[2]
    return (
        0 < len(token_names) == count <= MAX_NAMED_TOKENS
        and node.presentation == "sequence"
        and column_role(node) == "token"
        and shape is not None
        and shape.map_grid is None
        and not shape.picture
    )
