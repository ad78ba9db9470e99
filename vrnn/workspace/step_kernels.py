"""Kernels and their gradients in place of maps, kept up with the step of the training."""

from __future__ import annotations

from typing import cast

from vrnn.compute.training.step_kernels_job import StepGradients, StepKernelsJob, no_kernels_picture
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import map_shape
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.picture_kinds import GRADIENTS_PICTURE, WEIGHTS_PICTURE
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.training_pictures import SLOT, picture_kind
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.step_differences import StepDifferences
from vrnn.workspace.training import TrainingManager

Pictures = dict[int, LayerPicture]
"""By node."""


class StepKernels(Manager):
    """Starts the job that makes pictures of kernels, and shows what it found."""

    def __init__(
        self, parts: ManagerParts, training: TrainingManager, differences: StepDifferences
    ) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
            training: Knows the steps.
            differences: Knows the step that the shown one is compared with.
        """
        self._world, self._jobs, self._notify = parts.world, parts.jobs, parts.notify
        self._training, self._differences = training, differences
        self._running = -1
        self._asked: tuple[object, ...] = ()
        self._drawn: dict[int, str] = {}
        self._found: tuple[str, Pictures] | None = None

    @property
    def pending(self) -> bool:
        """Whether pictures that are to be shown are not found yet."""
        return self._running >= 0 or self._found is not None

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._drawn.clear()
        self._running, self._asked, self._found = -1, (), None

    def update(self) -> bool:
        """Find what the state shows, and show it once it is there; True when the picture changed.

        To be called in each frame: steps come, are scrubbed, and are passed over. The worker runs
        the pass of a step before the job.
        """
        kind = picture_kind(self._world.state.training)
        wanted = self._wanted(kind) if kind in (WEIGHTS_PICTURE, GRADIENTS_PICTURE) else ()
        found, self._found = self._found, None
        if not wanted:
            self._asked = ()
            return self._clear()
        if found is not None and found[0] == kind:
            return self._draw(*found)
        if self._running >= 0:
            return False
        reference = self._differences.reference if kind == WEIGHTS_PICTURE else None
        shown = self._training.shown
        edits = self._world.state.edits.get(SLOT, ())
        newest = self._training.steps[-1:] if kind == GRADIENTS_PICTURE else ()  # more may come
        theme = self._world.state.theme
        asked = kind, wanted, shown, reference, edits, self._training.folder, newest, theme
        if asked == self._asked:
            return False
        self._asked = asked
        return self._start(kind, wanted, shown, reference)

    def _wanted(self, kind: str) -> tuple[int, ...]:
        """Nodes of layers that show kernels or gradients."""
        network = self._world.networks.get(SLOT)
        if network is None:
            return ()
        return tuple(
            network.node_ids[name]
            for (slot, name), layer in self._world.state.layers.items()
            if slot == SLOT and layer.picture == kind and name in network.node_ids
        )

    def _start(
        self, kind: str, wanted: tuple[int, ...], shown: int | None, reference: int | None
    ) -> bool:
        """Start the job, or show why there is nothing to show."""
        network = self._world.networks[SLOT].network
        columns = []
        for node in (network.by_id[number] for number in wanted):
            grid = panel_size(map_shape(node.shape), node.presentation)
            columns.append((node.id, grid.columns))
        recorded: RecordedStep | None = None
        since: RecordedStep | None = None
        gradients: StepGradients | None = None
        try:
            if kind == GRADIENTS_PICTURE:
                step = self._training.steps[-1] if shown is None else shown
                gradients = StepGradients(*self._training.gradients_at(step))
            else:
                recorded = None if shown is None else self._training.step_at(shown)
                since = None if reference is None else self._training.step_at(reference)
        except (VrnnError, IndexError) as error:
            why = str(error) if isinstance(error, VrnnError) else "no step is recorded yet"
            return self._draw(kind, dict.fromkeys(wanted, no_kernels_picture(why)))
        theme = self._world.state.theme
        job = StepKernelsJob(SLOT, tuple(columns), recorded, since, gradients, theme)
        number = -1

        def take(result: object) -> None:
            self._found = kind, cast(Pictures, result)

        def end() -> None:
            if self._running == number:
                self._running = -1

        def fail(reason: str) -> None:
            self._notify(reason)
            self._found = kind, dict.fromkeys(wanted, no_kernels_picture(reason))

        number = self._running = self._jobs.start(job, take, on_end=end, on_failed=fail)
        return False

    def _draw(self, kind: str, pictures: Pictures) -> bool:
        for node, picture in pictures.items():
            self._drawn[node] = kind
            self._world.set_layer_picture(SLOT, node, kind, picture)
        return bool(pictures)

    def _clear(self) -> bool:
        """Take away what was shown."""
        for node, kind in self._drawn.items():
            self._world.set_layer_picture(SLOT, node, kind, None)
        changed = bool(self._drawn)
        self._drawn.clear()
        return changed
