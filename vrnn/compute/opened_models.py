"""The models that are open in the worker's thread, and what it tells about them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vrnn.compute import allocator
from vrnn.compute.pass_request import PassRequest
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.worker_events import Event, GraphNotes, LoadingProgress, NetworkLoaded
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.coarse_levels import coarse_levels, whole_sizes
from vrnn.network.model_spec import ModelSpec
from vrnn.recordings.recorded_step import RecordedStep

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


class OpenedModels(Mapping[int, "LoadedModel"]):
    """Models by slot. Only the worker's thread changes it.

    Attributes:
        packed_bytes: Bytes that weights take which are packed while images stream; any thread may
            read it.
    """

    def __init__(self, emit: Callable[[Event], None], map_bytes: int, gate: FrameGate) -> None:
        """Begin without models.

        Args:
            emit: Takes what happens.
            map_bytes: See `Worker`.
            gate: Passes of models on a GPU wait at it, see `FrameGate`.
        """
        self._emit, self._map_bytes, self._gate = emit, map_bytes, gate
        self._models: dict[int, LoadedModel] = {}
        self._unchecked: set[int] = set()
        self.packed_bytes = 0
        self._told_notes: dict[int, set[str]] = {}
        self._volumes: dict[int, int] = {}  # bytes of all whole maps of each model

    def __getitem__(self, slot: int) -> LoadedModel:
        return self._models[slot]

    def __iter__(self) -> Iterator[int]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def clear(self) -> None:
        """Close all models."""
        self._models.clear()
        self._unchecked.clear()

    def count_packed_weights(self) -> None:
        """Find `packed_bytes`."""
        self.packed_bytes = sum(model.passes.packed_bytes for model in self.values())

    def forget_packed_weights(self) -> None:
        """Let go of weights that are packed while images stream."""
        for model in self.values():
            model.passes.forget_packed_weights()
        self.packed_bytes = 0

    @property
    def dataset(self) -> ImageSet | None:
        """The images of the first model; None where it has none."""
        return self[min(self)].source.dataset

    @property
    def is_limited(self) -> bool:
        """Whether the maps of all models are more than there may be."""
        volumes = [self._volumes.get(slot, 0) for slot in self]
        return 0 < self._map_bytes < sum(volumes)

    def open(self, slot: int, spec: ModelSpec, detail: str, step: RecordedStep | None) -> None:
        """Open a model in the place of the slot's, which stays if that fails.

        Args:
            slot: Its place.
            spec: What to open.
            detail: Level of detail of the graph.
            step: The step of its training whose weights it gets; None for its own.
        """
        from vrnn.compute.loaded_model import LoadedModel
        from vrnn.compute.loading.download_progress import told_to
        from vrnn.compute.loading.source import open_source

        name = spec.model if isinstance(spec.model, str) else type(spec.model).__name__
        self.tell_progress(slot, f"opening {name}")
        with told_to(lambda text: self.tell_progress(slot, text)):
            source = open_source(spec)
        self.tell_progress(slot, f"tracing {source.title}")
        model = LoadedModel(source, detail, self._gate)
        allocator.release_free_memory()  # a trace holds tensors that passes do not
        with contextlib.suppress(VrnnError):  # the pass will tell
            model.show_step(step)
        self._models[slot] = model
        self._unchecked.add(slot)
        self._told_notes[slot] = set()
        self.tell_network(slot)

    def tell_progress(self, slot: int, text: str) -> None:
        """Tell what is done with a model now; '' for nothing."""
        self._emit(LoadingProgress(slot, text))

    def tell_network(self, slot: int) -> None:
        """Hand a model's network over, with those notes that were not told before."""
        model = self[slot]
        dataset, fields, info = model.source.dataset, model.receptive_fields, model.info
        told = self._told_notes[slot]
        info = replace(info, notes=tuple(note for note in info.notes if note not in told))
        told.update(info.notes)
        self._volumes[slot] = sum(whole_sizes(model.network).values())
        self._emit(NetworkLoaded(slot, model.network, info, dataset, fields, model.kernels))

    def left_out(self, slot: int, request: PassRequest) -> Mapping[int, int] | None:
        """Return the levels that the maps of a model lack, by node id; None for whole maps.

        Args:
            slot: The model.
            request: What is to be run. Where it does not say, all layers have whole maps, or
                coarse ones where whole ones would take too much.
        """
        if slot in request.left_out or not self._map_bytes:
            return request.left_out.get(slot)
        if not self.is_limited:
            return None
        return coarse_levels(self[slot].network, self._map_bytes / len(self))

    def check_graphs(self, check_stop: Callable[[], None]) -> None:
        """Check the edges of models that were opened since the last call.

        Args:
            check_stop: Called now and then; what it raises ends the check, to begin anew with the
                next call.
        """
        while self._unchecked:
            check_stop()
            slot = min(self._unchecked)
            notes = self[slot].check_edges(check_stop)
            self._unchecked.discard(slot)
            if notes:
                self._emit(GraphNotes(slot, self[slot].source.title, notes))
