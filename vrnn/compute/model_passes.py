"""Passes of the worker: a request runs through a model; its maps are handed over in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from vrnn.compute import allocator
from vrnn.compute.event_queue import EventQueue
from vrnn.compute.opened_models import OpenedModels
from vrnn.compute.pass_request import PassRequest
from vrnn.compute.worker_events import Event, ForwardComplete, GraphNotes, MapsReady
from vrnn.media.media import Media
from vrnn.network.layer_maps import LayerMaps

BATCH_BYTES = 8 << 20
BATCH_SECONDS = 0.02
"""Maps are handed over when so many bytes or seconds have come together."""
STREAM_SECONDS = 0.1
"""The same of a frame of a stream, which is one of many: each batch takes time to show."""


class ModelPasses:
    """Runs passes through the opened models, in the worker's thread."""

    def __init__(self, models: OpenedModels, events: EventQueue) -> None:
        """Begin without passes.

        Args:
            models: The models.
            events: Takes what happens.
        """
        self._models, self._events, self._emit = models, events, events.put
        self._complete: dict[int, PassRequest] = {}  # the newest pass of each model

    def forget(self) -> None:
        """Forget the newest passes: other models are opened."""
        self._complete.clear()

    def run(
        self, slot: int, pixels: Media | None, request: PassRequest, check_stop: Callable[[], None]
    ) -> None:
        """Run a request through one model, and hand over what comes of it.

        Args:
            slot: The model.
            pixels: What goes into it; None for its own sample.
            request: What is changed in it meanwhile.
            check_stop: Called at each layer; what it raises ends the pass.
        """
        model = self._models[slot]
        self._prepare(slot, request)
        self._models.tell_progress(slot, f"running {model.source.title}")
        self._complete.pop(slot, None)
        seconds = STREAM_SECONDS if request.continues else BATCH_SECONDS
        batch = _MapBatch(slot, self._emit, seconds)

        def on_maps(node: int, maps: LayerMaps) -> None:
            check_stop()
            if not self._events.has_room(batch.bytes + maps.nbytes):
                batch.hand_over()
                self._events.wait_for_room(maps.nbytes, check_stop)
            batch.add(node, maps)

        def on_portraits(maps: Mapping[int, LayerMaps]) -> None:
            batch.hand_over()
            self._emit(MapsReady(slot, maps, True))

        def on_retrace() -> None:
            batch.drop()
            self._models.tell_network(slot)

        model.editor.apply(model.view, request.edits.get(slot, ()))
        ablations, choices = request.ablations.get(slot, ()), request.choices.get(slot, ())
        with model.editor.active():
            result = model.run(
                pixels, on_maps, on_retrace, ablations, choices, request.continues,
                self._models.left_out(slot, request), on_portraits,
                request.hidden.get(slot, ()), request.weight_room / len(self._models),
            )  # fmt: skip
            self._models.count_packed_weights()
            self._tell_room(slot)
            self._complete[slot] = request
            if self._models.is_limited:
                allocator.release_free_memory()
            batch.hand_over()
            self._emit(ForwardComplete(slot, result, request.number))
            if model.passes.may_capture(result):
                self._models.tell_progress(slot, f"making {model.source.title} faster")
                model.passes.capture(result)
                self._models.tell_progress(slot, "")

    def _prepare(self, slot: int, request: PassRequest) -> None:
        """Give a model the axes, choices and weights of a request; tell where it is another now."""
        model = self._models[slot]
        has_other_roles = model.set_roles(request.axes.get(slot, {}))
        if model.set_side_by_side(request.choices.get(slot, ())) or has_other_roles:
            self._models.tell_network(slot)
        had_own_weights = model.shown_step is None
        for note in model.show_step(request.recorded.get(slot)):
            self._emit(GraphNotes(slot, model.source.title, (note,)))
        if had_own_weights != (model.shown_step is None) and model.source.random_weights:
            self._models.tell_network(slot)  # its weights are trained now, or not any more

    def fill(self, slot: int, nodes: frozenset[int], check_stop: Callable[[], None]) -> None:
        """Make whole maps of layers for the newest pass of a model.

        Args:
            slot: The model.
            nodes: Ids of the layers.
            check_stop: Called at each layer; what it raises ends it.
        """
        model, request = self._models.get(slot), self._complete.get(slot)
        if model is None or request is None:
            return  # a pass follows, or has failed

        def on_maps(node: int, maps: LayerMaps) -> None:
            self._emit(MapsReady(slot, {node: maps}, again=True))

        ablations, choices = request.ablations.get(slot, ()), request.choices.get(slot, ())
        with model.editor.active():
            model.fill(nodes, on_maps, check_stop, ablations, choices)
        self._tell_room(slot)
        allocator.release_free_memory()

    def _tell_room(self, slot: int) -> None:
        """Tell, once, that the device of a model has run full."""
        model = self._models[slot]
        note = model.passes.room.take_note()
        if note:
            self._emit(GraphNotes(slot, model.source.title, (note,)))


class _MapBatch:
    """Maps of a pass that are handed over together.

    Attributes:
        bytes: What they take.
    """

    def __init__(self, slot: int, emit: Callable[[Event], None], seconds: float) -> None:
        self._slot, self._emit, self._seconds = slot, emit, seconds
        self.drop()

    def drop(self) -> None:
        """Forget the maps: they are void."""
        self._maps: dict[int, LayerMaps] = {}
        self.bytes, self._since = 0, time.perf_counter()

    def add(self, node: int, maps: LayerMaps) -> None:
        """Add maps, and hand over what has come together if it is much or old."""
        self._maps[node] = maps
        self.bytes += maps.nbytes
        if self.bytes > BATCH_BYTES or time.perf_counter() - self._since > self._seconds:
            self.hand_over()

    def hand_over(self) -> None:
        """Hand over what has come together."""
        self._emit(MapsReady(self._slot, self._maps))
        self.drop()
