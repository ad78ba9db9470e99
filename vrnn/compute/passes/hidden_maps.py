"""Maps behind portraits while images stream: nobody sees them, so they are renewed in turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch

from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.coarse_maps import fill_coarse_maps
from vrnn.compute.passes.feature_maps import MakePortrait, chosen_maps
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.memory_order import PlainOrder, every_nth_value, in_known_order
from vrnn.network.feature_maps import CoarseMaps, probe_step

TURNS = 16
"""Frames in which each hidden layer's maps are made once."""


class HiddenMaps:
    """Makes the coarse maps of a network, those of hidden layers in one of `TURNS` frames only.

    In the others a hidden layer has the maps of a frame before, and the portrait of the newest: its
    values are not read for its maps. Where some of them are not finite, which the portrait notices,
    its maps are made in that very frame. Once the image stays, all maps are made of it.
    """

    def __init__(self, portraits: LayerPortraits, layouts: Mapping[int, MapLayout]) -> None:
        """Begin without maps.

        Args:
            portraits: Makes the portraits of the layers.
            layouts: How each node's tensor is read as maps, by node id.
        """
        self._portraits = portraits
        orders = ((node, PlainOrder.of(layout)) for node, layout in layouts.items())
        self._orders = {node: order for node, order in orders if order is not None}
        self._known: dict[int, CoarseMaps] = {}
        self._due: frozenset[int] = frozenset()
        self._hidden: frozenset[int] = frozenset()
        self._turn = 0

    def begin(self, hidden: Collection[int], continues: bool) -> None:
        """Begin a pass.

        Args:
            hidden: Ids of the layers of which only the portrait is seen.
            continues: Whether it is the next frame of a stream; else maps are those of its image.
        """
        self._hidden = frozenset(hidden) if continues else frozenset()
        self._known = {node: maps for node, maps in self._known.items() if node in self._hidden}
        self._turn += 1
        turns = max(1, min(TURNS, len(self._hidden)))
        self._due = frozenset(sorted(self._hidden)[self._turn % turns :: turns])

    def follow(self, node: int, tensor: torch.Tensor, left_out: int) -> CoarseMaps | None:
        """As `make`, of a layer that is as in the frame before, with less work in Python.

        Args:
            node: Its id.
            tensor: Its tensor, of any dtype.
            left_out: How many of the finest levels are left out, at least 1.

        Returns:
            Its coarse maps; None where they have to be made as usual.
        """
        known = None if node in self._due else self._known.get(node)
        order = self._orders.get(node)
        if known is None or order is None or known.left_out != left_out or known.not_finite:
            return None
        side_by_side = order.is_side_by_side(tensor)
        if side_by_side is None:
            return None
        found = self._portraits.follow(node, order.shape, tensor.data_ptr(), side_by_side)
        if found is None:
            return None
        return _renewed(known, found.levels, known.extra_tokens, found.probes)

    def make(
        self, node: int, tensor: torch.Tensor, layout: MapLayout,
        indices: Sequence[int | None] | None, make_portrait: MakePortrait, left_out: int,
    ) -> CoarseMaps:  # fmt: skip
        """Return the coarse maps of a layer.

        Args:
            node: Its id.
            tensor: Its tensor, of any dtype.
            layout: How it is read as maps.
            indices: See `to_feature_maps`.
            make_portrait: Makes the portrait of the layer.
            left_out: How many of the finest levels are left out, at least 1.
        """
        values, tokens = chosen_maps(tensor, layout, indices)
        values = in_known_order(values)  # once for the portrait and the block
        portrait = make_portrait(values)
        known = None if node in self._due else self._known.get(node)
        can_stay = known is not None and _fits(known, values, left_out)
        if known is not None and can_stay and not self._portraits.has_odd_values(node, values):
            # A copy: a later operation may write over the tensor.
            probes = every_nth_value(values, probe_step(values.numel())).cpu().numpy().copy()
            return _renewed(known, portrait, tokens, probes)
        made = fill_coarse_maps(values, tokens, portrait, left_out)
        if node in self._hidden:
            self._known[node] = made
        return made


def _renewed(
    known: CoarseMaps, portrait: np.ndarray | None, tokens: np.ndarray, probes: np.ndarray
) -> CoarseMaps:
    """Maps of a frame before with the portrait of another; `replace` would take far longer."""
    return CoarseMaps(
        known.channels, known.height, known.width, known.stored, known.scale, known.channel_stats,
        0, tokens, portrait, known.left_out, known.sample, probes,
    )  # fmt: skip


def _fits(known: CoarseMaps, values: torch.Tensor, left_out: int) -> bool:
    """Whether maps of a frame before can stand for a layer that is hidden."""
    is_like = values.shape == (known.channels, known.height, known.width)
    return is_like and known.left_out == left_out and not known.not_finite
