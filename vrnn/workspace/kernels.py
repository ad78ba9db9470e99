"""Kernels of a filter on the main thread, as the panel that edits them shows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from vrnn.compute.analysis.kernels_job import FilterKernelsJob, SaveWeightsJob
from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import FilterKernels, KernelEdit, edited_count
from vrnn.network.model_spec import ModelSpec, model_files
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager

Key = tuple[int, str, int]
"""Network, layer and filter."""


class KernelReader(Manager):
    """Reads the kernels of the filter that was asked for last, again when they are edited."""

    def __init__(
        self, world: World, jobs: JobManager, notify: Callable[[str], None],
        specs: Callable[[], Sequence[ModelSpec]],
    ) -> None:  # fmt: skip
        """Begin with none.

        Args:
            world: Holds the networks.
            jobs: Read the kernels.
            notify: Shows the user a sentence.
            specs: Tells the models that are open.
        """
        self._world, self._jobs, self._notify, self._specs = world, jobs, notify, specs
        self._found: FilterKernels | None = None
        self._key: Key | None = None
        self._asked: tuple[Key, tuple[KernelEdit, ...]] | None = None

    def filter(self, network: int, layer: str, output: int) -> FilterKernels | None:
        """Return the kernels of a filter; None until they have been read.

        While an edit is on its way, they are as they were before it.

        Args:
            network: Number of the network.
            layer: Name of the layer.
            output: The filter.
        """
        key = (network, layer, output)
        asked = (key, self._world.state.edits.get(network, ()))
        if asked != self._asked:
            self._asked = asked

            def take(result: object) -> None:
                if self._asked == asked:
                    self._found, self._key = cast(FilterKernels, result), key

            self._jobs.start(FilterKernelsJob(network, layer, output), take)
        return self._found if self._key == key else None

    def on_pass_requested(self, at_once: bool) -> None:
        """Ask again where other edits ended the job that was to read the kernels."""
        edits: Mapping[int, tuple[KernelEdit, ...]] = self._world.state.edits
        if self._asked is not None and edits.get(self._asked[0][0], ()) != self._asked[1]:
            self._asked = None

    def save(self, file: Path, network: int) -> None:
        """Write all weights of a network, with their edits, to a safetensors file.

        Raises:
            VrnnError: It is a file that the network was opened from, or cannot be written.
        """
        check_copy(file, self._specs()[network])
        text = edited_count(self._world.state.edits.get(network, ())) or "nothing edited"

        def tell(result: object) -> None:
            self._notify(f"{result} tensors saved to {file.resolve()}, {text}")

        self._jobs.start(SaveWeightsJob(network, file), tell)

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._found = self._key = self._asked = None


def check_copy(file: Path, spec: ModelSpec) -> None:
    """Check that weights can be written to a file as a copy.

    Raises:
        VrnnError: It is a file that the model was opened from.
    """
    for one in model_files(spec):
        with suppress(OSError, ValueError):
            if one is not None and os.path.samefile(one, file):
                raise VrnnError(f"the model was opened from '{file}'; name another file")
