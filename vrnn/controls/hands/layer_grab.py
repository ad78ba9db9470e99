"""A layer in one hand or in both: moved by the one, scaled by the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.layers import MoveLayer, ScaleLayer
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit, Ray
from vrnn.workspace.workspace import Workspace

PUSH_RATE = 1.6
"""How fast a stick pushes what is held away: its distance grows by e in a second / this."""
MIN_CHANGE = 0.005
"""Part of the distance, or of the size, below which a grab has changed nothing."""


@dataclass
class _GripPoint:
    """A hand that holds. start: (3,) where; distance: meters along its ray."""

    start: np.ndarray
    distance: float


class LayerGrab:
    """Turns what hands do with a layer into `MoveLayer` and `ScaleLayer`."""

    def __init__(
        self,
        place: Workspace,
        do: Callable[[Command], None],
        preview: Callable[[UndoableCommand], None],
    ) -> None:
        """do: does an action for good; preview: shows what a change would make."""
        self._place, self._do, self._preview = place, do, preview
        self.layer: tuple[int, str] | None = None
        self._holders: dict[int, _GripPoint] = {}
        self._apart = 0.0
        self._change: UndoableCommand | None = None

    @property
    def holders(self) -> frozenset[int]:
        """Which hands hold the layer."""
        return frozenset(self._holders)

    def layer_of(self, hit: Hit | None) -> tuple[int, str] | None:
        """Network and name of the layer that a hit is on."""
        if hit is None or hit.kind not in ("layer", "handle", "corner"):
            return None
        return hit.slot, self._place.world.visible_node(hit.slot, hit.node).name

    def begin(self, hand: int, hit: Hit | None, ray: Ray) -> bool:
        """A hand closes. False where there is no layer, or another one is held."""
        layer = self.layer_of(hit)
        if hit is None or layer is None or self.layer not in (None, layer):
            return False
        self._commit()
        self.layer = layer
        self._holders[hand] = _GripPoint(ray.at(hit.distance), hit.distance)
        self._apart = 0.0
        return True

    def follow(self, rays: tuple[Ray | None, Ray | None], push: float, seconds: float) -> None:
        """Hands have moved. rays: of the left and the right, None while it is not tracked: what it
        holds stays; push: -1…1, away from the hand. Raises VrnnError when the layer is gone."""
        held = [rays[hand] for hand in self._holders]
        if self.layer is None or any(ray is None for ray in held):
            return
        try:
            self._follow([ray for ray in held if ray is not None], push, seconds)
        except VrnnError:
            self.cancel()
            raise

    def _follow(self, rays: list[Ray], push: float, seconds: float) -> None:
        assert self.layer is not None
        slot, name = self.layer
        change: UndoableCommand
        if len(rays) == 2:
            apart = max(float(np.linalg.norm(rays[0].origin - rays[1].origin)), 1e-4)
            self._apart = self._apart or apart
            by = apart / self._apart
            change, far = ScaleLayer(name, slot, by), abs(by - 1) > MIN_CHANGE
        else:
            holder = next(iter(self._holders.values()))
            holder.distance *= exp(push * PUSH_RATE * seconds)
            by3 = rays[0].at(holder.distance) - holder.start
            x, y, z = by3.tolist()
            far = float(np.linalg.norm(by3)) > MIN_CHANGE * max(holder.distance, 0.1)
            change = MoveLayer(name, slot, (x, y, z))
        if far or self._change is not None:
            self._change = change
            self._preview(change)

    def end(self, hand: int, rays: tuple[Ray | None, Ray | None]) -> None:
        """A hand opens: what it did is done for good; the other goes on holding."""
        if hand not in self._holders:
            return
        self._commit()
        del self._holders[hand]
        self._apart = 0.0
        for other, holder in self._holders.items():
            ray = rays[other]
            if ray is not None:
                holder.start = ray.at(holder.distance)
        if not self._holders:
            self.layer = None

    def cancel(self) -> bool:
        """Let go and put everything back; False when nothing was held."""
        if self.layer is None:
            return False
        if self._change is not None:
            self._place.apply_state(self._place.history.state)
        self.layer = self._change = None
        self._holders.clear()
        return True

    def _commit(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            self._do(change)
