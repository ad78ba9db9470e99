"""Portraits of the layers of a network, whatever their axes hold.

A position of a map has its channels as features. A query of attention weights has what it attends
to: all keys in all heads; it stands where its token stands in the image, if that is known. A vector
has no positions, and a single map is its own picture: they have no portrait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vrnn.compute.passes.device_portraits import component_scores
from vrnn.compute.passes.followed_portraits import FollowedPortrait
from vrnn.compute.passes.portraits import PortraitMaker
from vrnn.compute.passes.turned_portraits import ScoredLayer, TurnPlan
from vrnn.compute.tracing.simplify import GraphView

TokenGrid = tuple[int, int, int]
"""Number of tokens before a grid, its rows, and its columns."""


@dataclass(frozen=True)
class LayerFeatures:
    """What the portrait of a layer is made of.

    Attributes:
        values: (C, H, W) float32, a feature vector at each position.
        at_positions: Whether positions are those of the image.
    """

    values: torch.Tensor
    at_positions: bool


class LayerPortraits:
    """Makes the portraits of a network's layers in the order they run, pass after pass."""

    def __init__(self, view: GraphView) -> None:
        """Begin without portraits.

        Args:
            view: The network.
        """
        self._nodes = view.network.by_id
        # Of those whose portraits are made of their maps as they are.
        self._at_positions = {
            node.id: node.presentation in ("image", "volume")
            for node in view.network.nodes
            if node.presentation != "attention"
        }
        self._maker = PortraitMaker(view.network.sources)
        self._token_grids = _token_grids(view)
        self._picture_input: int | None = None
        if view.network.inputs:
            self._picture_input = view.network.inputs[0]

    def begin(self, image: np.ndarray, continues: bool = False) -> None:
        """Begin a pass; see `PortraitMaker.begin`."""
        self._maker.begin(image, continues)

    def make(self, node: int, maps: torch.Tensor) -> np.ndarray | None:
        """Make the portrait of a layer; those of the layers that feed it come first.

        Args:
            node: Id of the layer.
            maps: (C, H, W) float32.

        Returns:
            (h, w, 3) uint8 sRGB; None where there is no other picture than the maps themselves.
        """
        if self.is_input_picture(node, len(maps)):
            return self._maker.set_picture(node)
        found = self.features(node, maps)
        if found is None:
            return None
        if found.values.is_cuda:
            scores = component_scores(found.values).cpu().numpy()
            return self.make_of_scores(node, scores, found.at_positions)
        portrait = self._maker.make(node, found.values, found.at_positions)
        return portrait if len(found.values) > 1 else None

    def follow(
        self, node: int, shape: tuple[int, ...], address: int, side_by_side: bool
    ) -> FollowedPortrait | None:
        """As `make`, of a layer of which the frame before is known, with less work.

        Args:
            node: Id of the layer.
            shape: (C, H, W) of its maps.
            address: See `FollowedPortraits.follow`.
            side_by_side: See there.

        Returns:
            The portrait, None where it has to be made as usual.
        """
        at_positions = self._at_positions.get(node)
        if at_positions is None or self.is_input_picture(node, shape[0]):
            return None
        return self._maker.follow(node, shape, address, side_by_side, at_positions)

    def has_odd_values(self, node: int, maps: torch.Tensor) -> bool:
        """Return whether a layer, whose portrait was made last, has values that are not finite.

        Args:
            node: Id of the layer.
            maps: (C, H, W) float32, as they were given to `make`.
        """
        is_attention = self._nodes[node].presentation == "attention"
        if is_attention or self.is_input_picture(node, len(maps)):
            return not bool(torch.isfinite(maps.sum()))  # its portrait is not made of all values
        return self._maker.met_not_finite

    def make_of_scores(
        self, node: int, scores: np.ndarray | None, at_positions: bool
    ) -> np.ndarray | None:
        """As `make`, of what a device has made of the maps.

        Args:
            node: Id of the layer.
            scores: See `PortraitMaker.make_of_scores`; None for the input's picture.
            at_positions: See `LayerFeatures`.
        """
        if scores is None:
            return self._maker.set_picture(node)
        portrait = self._maker.make_of_scores(node, scores, at_positions)
        return portrait if len(scores) > 1 else None

    def plan(self, layers: Sequence[ScoredLayer]) -> TurnPlan:
        """Plan `make_all` for passes that have these layers, in run order."""
        return self._maker.plan(layers)

    def make_all(self, plan: TurnPlan, scores: np.ndarray) -> dict[int, np.ndarray | None]:
        """As `make_of_scores` of all layers of a pass; see `PortraitMaker.make_all`."""
        made = self._maker.make_all(plan, scores)
        single = {layer.node for layer in plan.layers if layer.shape and layer.shape[0] == 1}
        return {node: None if node in single else portrait for node, portrait in made.items()}

    def features(self, node: int, maps: torch.Tensor) -> LayerFeatures | None:
        """Return what the portrait of a layer is made of; None where it has none.

        Args:
            node: Id of the layer.
            maps: (C, H, W) float32.
        """
        layer = self._nodes[node]
        channels, height, width = maps.shape
        if not maps.numel() or height * width == 1:
            return None
        if layer.presentation == "attention":
            return self._attention_features(maps)
        at_positions = layer.presentation in ("image", "volume")
        return LayerFeatures(maps, at_positions) if at_positions or channels > 1 else None

    def is_input_picture(self, node: int, channels: int) -> bool:
        """Whether a layer is the input that the image went into as red, green and blue."""
        is_image = self._nodes[node].presentation == "image" and channels == 3
        return is_image and node == self._picture_input

    def _attention_features(self, maps: torch.Tensor) -> LayerFeatures:
        """Of (heads, Q, K) attention weights: one position a query."""
        heads, queries, keys = maps.shape
        features = maps.transpose(1, 2).reshape(heads * keys, queries, 1)
        grid = self._token_grids.get(queries)
        if grid is None:
            return LayerFeatures(features, False)
        before, height, width = grid
        on_grid = features[:, before : before + height * width]
        return LayerFeatures(on_grid.reshape(heads * keys, height, width), True)


def _token_grids(view: GraphView) -> dict[int, TokenGrid]:
    """Where tokens stand in the image, by their number, as far as layers with a grid tell."""
    grids: dict[int, TokenGrid] = {}
    for node in view.network.nodes:
        layout = view.map_layouts.get(node.id)
        if layout is None or node.presentation != "image":
            continue
        _, height, width = layout.shape
        if height > 1 and width > 1:
            tokens = height * width + layout.extra_tokens
            grids.setdefault(tokens, (layout.prefix_tokens, height, width))
    return grids
