"""By how much maps have changed since another step of the training, kept up with what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from vrnn.compute.training.step_maps_job import StepMapsJob
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.map_difference import difference_picture
from vrnn.network.picture_kinds import STEP_PICTURE
from vrnn.network.results import Ablation
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.training import TrainingManager

MAX_STEPS = 3
"""Steps whose maps are kept for the present input."""
SLOT = 0
"""Of the network that a training belongs to."""
Maps = Mapping[int, FeatureMaps]
"""By node."""


class StepDifferences(Manager):
    """Finds the maps at the step that is compared with, and makes the pictures of differences."""

    def __init__(self, parts: ManagerParts, training: TrainingManager, source: InputSource) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
            training: Knows the steps.
            source: Knows whether the input streams.
        """
        self._world, self._jobs, self._training = parts.world, parts.jobs, training
        self._source, self._feed, self._notify = source, parts.feed, parts.notify
        self._found: dict[int, Maps] = {}
        self._input: tuple[object, ...] = ()
        self._running: tuple[int, int] | None = None
        self._drawn: dict[int, tuple[FeatureMaps, FeatureMaps]] = {}
        self._failed: set[int] = set()
        self._seen: tuple[object, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether a difference that is to be shown is not found yet."""
        return self._running is not None

    @property
    def reference(self) -> int | None:
        """The step that the shown one is compared with; None for none."""
        to, steps, shown = (
            self._world.state.training.difference, self._training.steps, self._training.shown
        )  # fmt: skip
        if not to or not steps:
            return None
        if to == "first":
            return steps[0]
        before = [step for step in steps if shown is None or step < shown]
        return before[-1] if before else steps[0]

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._found.clear()
        self._drawn.clear()
        self._failed.clear()
        self._running, self._seen = None, ()

    def update(self) -> bool:
        """Find what the state shows, and show it once it is there; True when the picture changed.

        To be called in each frame: steps come, are scrubbed, and are passed over.
        """
        wanted = self._wanted()
        if not wanted:
            self._seen = ()
            return self._clear()
        if not self._training.is_settled:
            return False
        present, shown, reference = self._present_input(), self._training.shown, self.reference
        sequence = self._feed.displayed_sequence.get(SLOT)
        seen = present, shown, reference, sequence, reference in self._found, wanted
        if seen == self._seen or sequence is None:
            return False
        self._seen = seen
        if present != self._input:
            self._found.clear()
            self._failed.clear()
            self._input = present
        if shown is not None:
            self._keep(shown, dict(self._world.networks[SLOT].maps))
        if reference is None:
            return self._clear()
        maps = self._found.get(reference)
        if maps is None:
            self._start(reference)
            return self._clear()
        return self._draw(wanted, maps, reference)

    def _wanted(self) -> set[int]:
        """Nodes of layers that show their change."""
        network = self._world.networks.get(SLOT)
        if network is None:
            return set()
        return {
            network.node_ids[name]
            for (slot, name), layer in self._world.state.layers.items()
            if slot == SLOT and layer.picture == STEP_PICTURE and name in network.node_ids
        }

    def _present_input(self) -> tuple[object, ...]:
        """What maps depend on beside the weights of a step."""
        state = self._world.state
        frame = self._source.live_frame
        return (
            self._training.folder, state.input_image, state.ablations, state.edits,
            state.choices, state.axis_roles(), None if frame is None else id(frame),
        )  # fmt: skip

    def _keep(self, step: int, maps: Maps) -> None:
        self._found.pop(step, None)
        self._found[step] = maps
        reference = self.reference
        for old in [one for one in self._found if one not in (reference, step)][: -MAX_STEPS + 2]:
            del self._found[old]

    def _start(self, reference: int) -> None:
        if reference in self._failed:
            return
        if self._running is not None:
            if self._running[0] == reference:
                return
            self._jobs.cancel(self._running[1])
        try:
            recorded = self._training.step_at(reference)
        except VrnnError:  # thinned just now: another one is the reference then
            return
        state, asked = self._world.state, self._input
        ablations = tuple(
            Ablation(one.layer, one.channels, one.position, one.value)
            for one in state.ablations
            if one.network == SLOT
        )

        def take(result: object) -> None:
            if asked == self._input:
                self._keep(reference, cast(Maps, result))

        def end() -> None:
            if self._running is not None and self._running[0] == reference:
                self._running = None

        def fail(reason: str) -> None:
            self._failed.add(reference)
            self._notify(reason)

        job = StepMapsJob(SLOT, recorded, ablations, tuple(state.choices.get(SLOT, ())))
        number = self._jobs.start(job, take, on_end=end, on_failed=fail)
        self._running = reference, number

    def _clear(self) -> bool:
        """Show no difference, rather than one of other steps."""
        for node in self._drawn:
            self._world.set_layer_picture(SLOT, node, STEP_PICTURE, None)
        changed = bool(self._drawn)
        self._drawn.clear()
        return changed

    def _draw(self, wanted: set[int], before: Maps, reference: int) -> bool:
        maps = self._world.networks[SLOT].maps
        changed = False
        for node in wanted:
            first, second = before.get(node), maps.get(node)
            if first is None or second is None:
                continue
            known = self._drawn.get(node)
            if known is None or known[0] is not first or known[1] is not second:
                self._drawn[node] = first, second
                picture = difference_picture(first, second, f"step {reference:,}")
                self._world.set_layer_picture(SLOT, node, STEP_PICTURE, picture)
                changed = True
        return changed
