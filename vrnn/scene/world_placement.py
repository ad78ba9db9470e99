"""The networks side by side, and their transitions from one placement to another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.state import State
from vrnn.scene.transition import frame_at_rest, interpolate_frames

NETWORK_GAP = 8.0
"""Meters between two networks."""


class WorldPlacement:
    """Places the networks side by side and moves them when a state places them otherwise.

    Attributes:
        aspect: Width / height of the picture that each network is laid out for.
    """

    def __init__(self, seconds: float) -> None:
        """Create a placement at rest.

        Args:
            seconds: Duration of a transition; 0 for none.
        """
        self.seconds = seconds
        self.aspect = PICTURE_ASPECT
        self._progress = 1.0
        self._before: dict[int, PlacementFrame] = {}
        self._frames: dict[int, PlacementFrame] = {}

    @property
    def is_moving(self) -> bool:
        """Whether a transition goes on."""
        return self._progress < 1.0

    @property
    def reveal(self) -> float:
        """Opacity 0…1 of steps and stage names: they fade in late in a transition."""
        return max(0.0, 2 * self._progress - 1)

    def frames(
        self, networks: Mapping[int, NetworkObject], state: State
    ) -> Mapping[int, PlacementFrame]:
        """Return where everything is at this moment, by slot."""
        if not self._frames:
            self._place(networks, state)
        return self._frames

    def begin_transition(self, networks: Mapping[int, NetworkObject], state: State) -> None:
        """Let everything move from where it is in a state to where the next one will place it.

        Call `invalidate` when the next state is there.
        """
        if networks and self.seconds > 0:
            self._before = dict(self.frames(networks, state))
            self._progress = 0.0

    def end_transition(self) -> None:
        """Forget where the transition came from: what it moved is where the state places it."""
        self._before.clear()

    def advance(self, seconds: float) -> None:
        """Let time go on in a transition."""
        self._progress = min(1.0, self._progress + seconds / max(self.seconds, 1e-3))
        if not self.is_moving:
            self.end_transition()
        self.invalidate()

    def invalidate(self) -> None:
        """Place everything anew when it is asked for."""
        self._frames.clear()

    def _place(self, networks: Mapping[int, NetworkObject], state: State) -> None:
        slots = sorted(networks)
        left = 0.0
        for slot in slots:
            network_object = networks[slot]
            layout = network_object.placement(state, slot, self.aspect).layout
            low, high = float(layout.low[0]), float(layout.high[0])
            if slot == slots[0]:
                left = low
            offset = np.array([left - low, 0, 0], np.float32)
            left += high - low + NETWORK_GAP
            frame = frame_at_rest(network_object, state, slot, offset, self.aspect)
            if slot in self._before:
                frame = interpolate_frames(
                    self._before[slot], frame, network_object, self._progress
                )
            self._frames[slot] = frame
