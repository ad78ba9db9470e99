"""A layer that is grabbed: moved by one hand, scaled by both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.layers import MoveLayer, ScaleLayer
from vrnn.errors import VrnnError
from vrnn.scene.headset.floating_panel import PUSH_RATE
from vrnn.scene.picking import Hit, Ray
from vrnn.workspace.workspace import Workspace

MIN_CHANGE = 0.005
"""Part of the distance, or of the size, below which a grab has changed nothing."""


@dataclass
class _GripPoint:
    """Where a hand holds the layer.

    Attributes:
        start: (3,) meters of the world, where it was when it was grabbed.
        distance: Meters along the hand's ray.
    """

    start: np.ndarray
    distance: float


class LayerGrab:
    """Turns what hands do with a layer into `MoveLayer` and `ScaleLayer`."""

    def __init__(
        self, workspace: Workspace, do: Callable[[Command], None],
        preview: Callable[[UndoableCommand], None],
    ) -> None:  # fmt: skip
        """Starts with nothing grabbed.

        Args:
            workspace: Whose layers are grabbed.
            do: Executes a command.
            preview: Shows what a command would change.
        """
        self._workspace, self._do, self._preview = workspace, do, preview
        self._layer: tuple[int, str] | None = None
        self._grips: dict[int, _GripPoint] = {}
        self._hand_distance = 0.0
        self._change: UndoableCommand | None = None

    @property
    def holders(self) -> frozenset[int]:
        """The hands that hold the layer."""
        return frozenset(self._grips)

    def _layer_of(self, hit: Hit | None) -> tuple[int, str] | None:
        """Returns network and name of the layer that a hit is on; None for none."""
        if hit is None or hit.kind not in ("layer", "handle", "corner"):
            return None
        return hit.slot, self._workspace.world.visible_node(hit.slot, hit.node).name

    def begin(self, hand: int, hit: Hit | None, ray: Ray) -> bool:
        """Lets a hand grab a layer.

        Args:
            hand: 0 for the left hand, 1 for the right.
            hit: What the hand is on.
            ray: Of the hand, in the world.

        Returns:
            False where there is no layer, or another one is held.

        Raises:
            VrnnError: What the other hand has changed so far cannot be done.
        """
        layer = self._layer_of(hit)
        if hit is None or layer is None or self._layer not in (None, layer):
            return False
        self._commit()
        self._layer = layer
        self._grips[hand] = _GripPoint(ray.at(hit.distance), hit.distance)
        self._hand_distance = 0.0
        return True

    def follow(self, rays: tuple[Ray | None, Ray | None], push: float, seconds: float) -> None:
        """Previews what the hands that hold the layer have changed.

        Args:
            rays: Of the left and the right hand; None while it is not tracked: what it holds stays.
            push: -1…1, positive away from the hand.
            seconds: Since the last frame.

        Raises:
            VrnnError: The layer is gone; it is let go of.
        """
        held = [rays[hand] for hand in self._grips]
        if self._layer is None or any(ray is None for ray in held):
            return
        try:
            self._follow(self._layer, [ray for ray in held if ray is not None], push, seconds)
        except VrnnError:
            self.cancel()
            raise

    def _follow(self, layer: tuple[int, str], rays: list[Ray], push: float, seconds: float) -> None:
        slot, name = layer
        change: UndoableCommand
        if len(rays) == 2:
            distance = max(float(np.linalg.norm(rays[0].origin - rays[1].origin)), 1e-4)
            self._hand_distance = self._hand_distance or distance
            factor = distance / self._hand_distance
            change, changes = ScaleLayer(name, slot, factor), abs(factor - 1) > MIN_CHANGE
        else:
            grip = next(iter(self._grips.values()))
            grip.distance *= exp(push * PUSH_RATE * seconds)
            offset = rays[0].at(grip.distance) - grip.start
            x, y, z = offset.tolist()
            changes = float(np.linalg.norm(offset)) > MIN_CHANGE * max(grip.distance, 0.1)
            change = MoveLayer(name, slot, (x, y, z))
        if changes or self._change is not None:
            self._change = change
            self._preview(change)

    def end(self, hand: int, rays: tuple[Ray | None, Ray | None]) -> None:
        """Lets a hand open: what was changed is executed; the other hand holds on.

        Args:
            hand: 0 for the left hand, 1 for the right.
            rays: Of the left and the right hand, in the world; None while it is not tracked.

        Raises:
            VrnnError: The change cannot be done.
        """
        if hand not in self._grips:
            return
        self._commit()
        del self._grips[hand]
        self._hand_distance = 0.0
        for other, grip in self._grips.items():
            ray = rays[other]
            if ray is not None:
                grip.start = ray.at(grip.distance)
        if not self._grips:
            self._layer = None

    def cancel(self) -> bool:
        """Lets go of the layer and puts it back.

        Returns:
            False when nothing was held.
        """
        if self._layer is None:
            return False
        if self._change is not None:
            self._workspace.apply_state(self._workspace.history.state)
        self._layer = self._change = None
        self._grips.clear()
        return True

    def _commit(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            self._do(change)
