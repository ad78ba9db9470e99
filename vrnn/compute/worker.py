"""The thread that the models live in: it opens them, runs images, and reports what happened.

A newer image replaces one that waits, and ends a pass that runs. Jobs run between passes, step by
step. torch is imported in the thread, so that a window can be shown before that.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from vrnn.compute import allocator, garbage_collector
from vrnn.compute.forked_process import own_process
from vrnn.compute.jobs import Job, JobEvent, JobQueue
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.media import Media
from vrnn.media.media_reader import read_media
from vrnn.network.axes import AxisChoice, AxisRole
from vrnn.network.coarse_levels import coarse_levels, whole_sizes
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.kernel_edits import KernelEdit, KernelShape
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.model_spec import ModelSpec
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import Ablation, ForwardResult
from vrnn.recordings.recorded_step import RecordedStep

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

BATCH_BYTES = 8 << 20
BATCH_SECONDS = 0.02
"""Maps are handed over when so many bytes or seconds have come together."""
REST_SECONDS = 2.0
"""After so long without work, memory that passes have freed goes back to the system."""


@dataclass(frozen=True)
class LoadingProgress:
    """What the worker does now.

    Attributes:
        slot: The model's place among those opened.
        text: What is done.
    """

    slot: int
    text: str


@dataclass(frozen=True, eq=False)
class NetworkLoaded:
    """A network is known; maps that came before in this slot are void.

    Attributes:
        slot: The model's place among those opened.
        network: Its graph.
        info: What people read about it.
        dataset: Images for it; None if there are none.
        receptive_fields: By node id.
        kernels: The kernels of each layer that has some, by node id.
    """

    slot: int
    network: Network
    info: NetworkInfo
    dataset: ImageSet | None
    receptive_fields: Mapping[int, ReceptiveField]
    kernels: Mapping[int, KernelShape] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphNotes:
    """What a later check of a network's graph has found.

    Attributes:
        slot: The model's place among those opened.
        title: The model's name.
        notes: Sentences for the user.
    """

    slot: int
    title: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class MapsReady:
    """Some layers' maps of a pass that runs.

    Attributes:
        slot: The model's place among those opened.
        maps: By node id.
        are_portraits_new: Whether only the portraits are new: all else of them came before.
        again: Whether they are the whole maps of layers that lacked some levels, of the same pass.
    """

    slot: int
    maps: Mapping[int, LayerMaps]
    are_portraits_new: bool = False
    again: bool = False


@dataclass(frozen=True)
class FillEnded:
    """What `Worker.fill` asked for has been made, or will not be.

    Attributes:
        slot: The model's place among those opened.
        nodes: The layers that were asked for.
        problem: Why they cannot be made again; '' where they can.
    """

    slot: int
    nodes: frozenset[int]
    problem: str = ""


@dataclass(frozen=True, eq=False)
class ForwardComplete:
    """A pass is complete.

    Attributes:
        slot: The model's place among those opened.
        result: The whole pass.
        request: The number of the request that it answers, see `Worker.requested`.
    """

    slot: int
    result: ForwardResult
    request: int = 0


@dataclass(frozen=True)
class WorkerFailure:
    """Something went wrong.

    Attributes:
        slot: The model's place among those opened; None if it was not a single model.
        message: A sentence for the user.
        details: The traceback.
        opening: Whether a model could not be opened; else it or something else failed later.
    """

    slot: int | None
    message: str
    details: str
    opening: bool = False


Event = (
    LoadingProgress | NetworkLoaded | GraphNotes | MapsReady | FillEnded | ForwardComplete
    | WorkerFailure | JobEvent
)  # fmt: skip
ImageInput = np.ndarray | Path | int | Callable[[], np.ndarray] | None
"""(H, W, 3) uint8, a file, the number of an image in the first model's data set, a function that
returns an array, or None for each model's own sample."""
Ablations = Mapping[int, tuple[Ablation, ...]]
"""What is ablated, by slot."""
NO_ABLATIONS: Ablations = MappingProxyType({})
Edits = Mapping[int, tuple[KernelEdit, ...]]
"""Edits of kernels, by slot."""
NO_EDITS: Edits = MappingProxyType({})
Choices = Mapping[int, tuple[AxisChoice, ...]]
"""Which index of an axis is shown, by slot."""
NO_CHOICES: Choices = MappingProxyType({})
RolesByLayer = Mapping[str, tuple[AxisRole, ...]]
"""What the user says that the axes of a layer hold, the batch included, by the layer's name."""
NO_ROLES: Mapping[int, RolesByLayer] = MappingProxyType({})


RecordedSteps = Mapping[int, RecordedStep]
"""The step of its training that each model has the weights of, by slot."""
NO_STEPS: RecordedSteps = MappingProxyType({})
LeftOut = Mapping[int, Mapping[int, int]]
"""How many of the finest levels the maps of layers lack, by slot and node; see
`LoadedModel.run`."""
NO_LEFT_OUT: LeftOut = MappingProxyType({})


@dataclass(frozen=True)
class _PassRequest:
    """An image to run, and how; see `Worker.run_image`."""

    image: ImageInput = None
    ablations: Ablations = field(default_factory=lambda: NO_ABLATIONS)
    choices: Choices = field(default_factory=lambda: NO_CHOICES)
    axes: Mapping[int, RolesByLayer] = field(default_factory=lambda: NO_ROLES)
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    number: int = 0
    continues: bool = False
    recorded: RecordedSteps = field(default_factory=lambda: NO_STEPS)
    left_out: LeftOut = field(default_factory=lambda: NO_LEFT_OUT)


class _Superseded(Exception):
    """A newer image waits, or the worker is to end."""


class Worker:
    """Owns the thread. All methods may be called from the main thread and return at once.

    Attributes:
        requested: How many times models were to be opened or an image to be run: the number of the
            latest request.
        map_bytes: See `__init__`.
    """

    def __init__(self, threads: int | None = None, map_bytes: int = 0) -> None:
        """Start the thread.

        Args:
            threads: Number of threads that torch may use; None for its own choice.
            map_bytes: Bytes of whole maps that may be made at once where it is not said which of
                them are wanted, see `run_image`; 0 for as many as there are.
        """
        self._threads, self.map_bytes = threads, map_bytes
        self._fills: dict[int, frozenset[int]] = {}
        self._volumes: dict[int, int] = {}  # bytes of all whole maps of each model
        self._complete: dict[int, _PassRequest] = {}  # the newest pass of each model
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._wake = threading.Condition()
        self._specs: tuple[Sequence[ModelSpec], str] | None = None
        self._reloads: dict[int, tuple[ModelSpec, str]] = {}
        self._request = _PassRequest()
        self.requested = 0
        self._jobs = JobQueue(self._events.put, _user_message)
        self._has_new_image = False
        self._interrupts = False
        self._is_closed = False
        self._models: dict[int, LoadedModel] = {}
        self._unchecked: set[int] = set()
        self._told_notes: dict[int, set[str]] = {}
        self._thread = threading.Thread(target=self._run_to_the_end, name="vrnn-model", daemon=True)
        self._thread.start()
        # A thread that is inside torch when the interpreter ends would abort the process.
        atexit.register(self.close)

    def open(self, specs: Sequence[ModelSpec], detail: str) -> None:
        """Open models, in slots 0, 1, …, and run the newest image or their own samples.

        Jobs started before end, and nothing is ablated in the new models.

        Args:
            specs: What to open.
            detail: Level of detail of the graphs: `layers`, `modules` or `all`.
        """
        with self._wake:
            self._jobs.cancel_all("stopped because other models were opened")
            self.requested += 1
            self._request = _PassRequest(self._request.image, number=self.requested)
            self._specs = (tuple(specs), detail)
            self._wake.notify()

    def reload(self, slot: int, spec: ModelSpec, detail: str) -> None:
        """Open one of the models anew, and run the image again; if it fails, the old one stays.

        Args:
            slot: Its place among those opened.
            spec: What to open.
            detail: See `open`.
        """
        with self._wake:
            self._jobs.cancel_all("stopped because the model was reloaded")
            self._reloads[slot] = (spec, detail)
            self._wake.notify()

    def run_image(
        self,
        image: ImageInput,
        ablations: Ablations = NO_ABLATIONS,
        choices: Choices = NO_CHOICES,
        axes: Mapping[int, RolesByLayer] = NO_ROLES,
        edits: Edits = NO_EDITS,
        interrupt: bool = True,
        continues: bool = False,
        recorded: RecordedSteps = NO_STEPS,
        left_out: LeftOut = NO_LEFT_OUT,
    ) -> None:
        """Run an image through all models, in place of an older one that waits.

        Args:
            image: The image, or where it is.
            ablations: What is ablated in each model; copied.
            choices: Which sample, frame or slice is shown in each model; copied. An axis that is
                not named shows its first index, depth its middle one.
            axes: What the user says that the axes of each model's layers hold; copied. Where it is
                not what was said before, the network is made anew and handed over again.
            edits: Edits of the kernels of each model; copied. Where they are not those before, jobs
                that were started before end: they are about other weights.
            interrupt: Whether it also takes the place of one that runs; otherwise that one is
                finished first.
            continues: Whether it is the next frame of a stream, see `PortraitMaker.begin`.
            recorded: The steps of their trainings that models have the weights of; copied. Those
                not named have their own.
            left_out: How many of the finest levels the maps of each layer lack; copied. A model
                that is not named has whole maps, or coarse ones where all would take too much.
        """
        edits = {slot: tuple(several) for slot, several in edits.items() if several}
        with self._wake:
            if edits != self._request.edits:
                self._jobs.cancel_all("stopped because weights were edited")
            self.requested += 1
            self._request = _PassRequest(
                image,
                {slot: tuple(several) for slot, several in ablations.items()},
                {slot: tuple(several) for slot, several in choices.items()},
                {slot: dict(roles) for slot, roles in axes.items()},
                edits,
                self.requested,
                continues,
                dict(recorded),
                {slot: dict(levels) for slot, levels in left_out.items()},
            )
            self._has_new_image = True
            self._interrupts = interrupt or self._interrupts
            self._wake.notify()

    def fill(self, slot: int, nodes: Collection[int]) -> None:
        """Make whole maps of layers for the newest pass, when there is no image to run.

        What was asked for this model and has not begun is forgotten. It ends with a `FillEnded`;
        a new image ends it too.

        Args:
            slot: The model.
            nodes: Ids of the layers.
        """
        with self._wake:
            self._fills[slot] = frozenset(nodes)
            self._wake.notify()

    def start(self, job: Job) -> int:
        """Work on a job when there is no image to run, after those started before.

        It ends with one `JobDone` or `JobFailed`; opening other models ends it too.

        Args:
            job: The job.

        Returns:
            Its id.
        """
        with self._wake:
            job_id = self._jobs.start(job)
            self._wake.notify()
            return job_id

    def cancel(self, job_id: int) -> None:
        """End a job, waiting or running, after its current step; a `JobFailed` tells so."""
        with self._wake:
            self._jobs.cancel(job_id)
            self._wake.notify()

    def pause(self, job_id: int, paused: bool) -> None:
        """Let a job rest after its current step, or go on with it."""
        with self._wake:
            self._jobs.pause(job_id, paused)
            self._wake.notify()

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        events = []
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
        return events

    def wait(self, seconds: float) -> list[Event]:
        """Return the same, after at least one thing has happened or so many seconds."""
        with contextlib.suppress(queue.Empty):
            return [self._events.get(timeout=seconds), *self.events()]
        return []

    def close(self, wait: float = 1.0) -> bool:
        """End the thread as soon as the running operation allows.

        Args:
            wait: Seconds to wait for it.

        Returns:
            Whether it has ended: user code may run on for ever.
        """
        atexit.unregister(self.close)
        with self._wake:
            self._is_closed = True
            self._jobs.cancel_all("stopped because the program ended")
            self._wake.notify()
        self._thread.join(wait)
        return not self._thread.is_alive()

    # In the thread.

    def _run_to_the_end(self) -> None:
        # What gets here is no fault of a model; without a message everyone would wait for ever.
        self._emit_errors(None, self._run_loop)

    def _run_loop(self) -> None:
        while True:
            self._rest()
            with self._wake:
                if self._is_closed:
                    self._models.clear()
                    return
                specs, self._specs = self._specs, None
                reloads, self._reloads = self._reloads, {}
            for slot, again in () if specs else reloads.items():
                self._emit_errors(slot, self._reload, slot, *again)
            if specs is not None:
                self._emit_errors(None, self._open_all, *specs)
            self._run_newest_image()
            self._run_fills()
            self._check_graphs()
            self._jobs.run_step(self._models)

    def _rest(self) -> None:
        """Wait until there is work."""
        with self._wake:
            if self._wake.wait_for(self._has_work, REST_SECONDS):
                return
        allocator.release_free_memory()
        with self._wake:
            self._wake.wait_for(self._has_work)

    def _has_work(self) -> bool:
        has_image = self._has_new_image and self._models
        has_models_to_open = self._specs or self._reloads
        has_more = self._fills or self._jobs.has_work
        return bool(self._is_closed or has_models_to_open or has_image or has_more)

    def _open_all(self, specs: Sequence[ModelSpec], detail: str) -> None:
        self._emit_progress(0, "importing torch")
        import torch

        garbage_collector.wake()
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        self._models.clear()
        self._complete.clear()
        self._unchecked.clear()
        for slot, spec in enumerate(specs):
            self._emit_errors(slot, self._open, slot, spec, detail)
        self._has_new_image = bool(self._models)

    def _open(self, slot: int, spec: ModelSpec, detail: str) -> None:
        from vrnn.compute.loaded_model import LoadedModel
        from vrnn.compute.loading.download_progress import told_to
        from vrnn.compute.loading.source import open_source

        name = spec.model if isinstance(spec.model, str) else type(spec.model).__name__
        self._emit_progress(slot, f"opening {name}")
        with told_to(lambda text: self._emit_progress(slot, text)):
            source = open_source(spec)
        self._emit_progress(slot, f"tracing {source.title}")
        model = LoadedModel(source, detail)
        allocator.release_free_memory()  # a trace holds tensors that passes do not
        with contextlib.suppress(VrnnError):  # the pass will tell
            model.show_step(self._request.recorded.get(slot))
        self._models[slot] = model
        self._unchecked.add(slot)
        self._told_notes[slot] = set()
        self._emit_network(slot, model)

    def _reload(self, slot: int, spec: ModelSpec, detail: str) -> None:
        self._open(slot, spec, detail)
        self._has_new_image = True

    def _run_newest_image(self) -> None:
        while self._models and not self._is_closed:
            with self._wake:
                if not self._has_new_image:
                    return
                request = self._request
                self._has_new_image, self._interrupts = False, False
            with contextlib.suppress(_Superseded):
                self._emit_errors(None, self._run_all, request)

    def _run_all(self, request: _PassRequest) -> None:
        pixels = self._read(request.image)
        for slot in list(self._models):
            self._emit_errors(slot, self._run, slot, pixels, request)

    def _read(self, image: ImageInput) -> Media | None:
        if callable(image):
            return image()
        if isinstance(image, Path):
            return read_media(image)
        if isinstance(image, int):
            dataset = self._models[min(self._models)].source.dataset
            if dataset is None or not 0 <= image < len(dataset):
                count = 0 if dataset is None else len(dataset)
                raise VrnnError(
                    f"there is no image {image}: the model's data set has {count}; "
                    "pass --data FOLDER or an image file"
                )
            return dataset.image(image)
        return image

    def _run(self, slot: int, pixels: Media | None, request: _PassRequest) -> None:
        model = self._models[slot]
        has_other_roles = model.set_roles(request.axes.get(slot, {}))
        if model.set_side_by_side(request.choices.get(slot, ())) or has_other_roles:
            self._emit_network(slot, model)
        had_own_weights = model.shown_step is None
        for note in model.show_step(request.recorded.get(slot)):
            self._events.put(GraphNotes(slot, model.source.title, (note,)))
        if had_own_weights != (model.shown_step is None) and model.source.random_weights:
            self._emit_network(slot, model)  # its weights are trained now, or not any more
        self._emit_progress(slot, f"running {model.source.title}")
        self._complete.pop(slot, None)
        batch: dict[int, LayerMaps] = {}
        size, since = 0, time.perf_counter()

        def on_maps(node: int, maps: LayerMaps) -> None:
            nonlocal size, since
            if (self._has_new_image and self._interrupts) or self._is_closed:
                raise _Superseded
            batch[node] = maps
            size += 2 * maps.size
            if size > BATCH_BYTES or time.perf_counter() - since > BATCH_SECONDS:
                emit_batch()

        def emit_batch() -> None:
            nonlocal size, since
            self._events.put(MapsReady(slot, dict(batch)))
            batch.clear()
            size, since = 0, time.perf_counter()

        def on_portraits(maps: Mapping[int, LayerMaps]) -> None:
            emit_batch()
            self._events.put(MapsReady(slot, maps, True))

        def on_retrace() -> None:
            batch.clear()
            self._emit_network(slot, model)

        model.editor.apply(model.view, request.edits.get(slot, ()))
        ablations, choices = request.ablations.get(slot, ()), request.choices.get(slot, ())
        with model.editor.active():
            result = model.run(
                pixels, on_maps, on_retrace, ablations, choices, request.continues,
                self._left_out(slot, request), on_portraits,
            )  # fmt: skip
            self._complete[slot] = request
            if self._is_limited:
                allocator.release_free_memory()
            emit_batch()
            self._events.put(ForwardComplete(slot, result, request.number))
            if model.may_capture(result):
                self._emit_progress(slot, f"making {model.source.title} faster")
                model.capture(result)
                self._emit_progress(slot, "")

    def _left_out(self, slot: int, request: _PassRequest) -> Mapping[int, int] | None:
        """The levels that the maps of a model lack; None for whole maps."""
        if slot in request.left_out or not self.map_bytes:
            return request.left_out.get(slot)
        if not self._is_limited:
            return None
        return coarse_levels(self._models[slot].network, self.map_bytes / len(self._models))

    @property
    def _is_limited(self) -> bool:
        """Whether the maps of all models are more than there may be."""
        volumes = [self._volumes.get(slot, 0) for slot in self._models]
        return 0 < self.map_bytes < sum(volumes)

    def _run_fills(self) -> None:
        """Make whole maps that were asked for, unless there is an image to run."""
        while self._fills and not self._is_busy:
            with self._wake:
                slot, nodes = self._fills.popitem()
            problem = ""
            try:
                with own_process(), contextlib.suppress(_Superseded):
                    self._fill(slot, nodes)
            except BaseException as error:  # whatever a model's own code raises
                problem = _user_message(error)
            self._events.put(FillEnded(slot, nodes, problem))

    @property
    def _is_busy(self) -> bool:
        """Whether something waits that is to be done before what is missing is made."""
        return bool(self._has_new_image or self._specs or self._reloads or self._is_closed)

    def _fill(self, slot: int, nodes: frozenset[int]) -> None:
        model, request = self._models.get(slot), self._complete.get(slot)
        if model is None or request is None:
            return  # a pass follows, or has failed

        def check_stop() -> None:
            if self._is_busy or slot in self._fills:
                raise _Superseded

        def on_maps(node: int, maps: LayerMaps) -> None:
            self._events.put(MapsReady(slot, {node: maps}, again=True))

        ablations, choices = request.ablations.get(slot, ()), request.choices.get(slot, ())
        with model.editor.active():
            model.fill(nodes, on_maps, check_stop, ablations, choices)
        allocator.release_free_memory()

    def _check_graphs(self) -> None:
        """Check the edges of opened models while nothing else is to be done."""

        def check_stop() -> None:
            if self._is_busy or self._fills:
                raise _Superseded

        with contextlib.suppress(_Superseded):
            while self._unchecked:
                check_stop()
                slot = min(self._unchecked)
                notes = self._models[slot].check_edges(check_stop)
                self._unchecked.discard(slot)
                if notes:
                    self._events.put(GraphNotes(slot, self._models[slot].source.title, notes))

    def _emit_progress(self, slot: int, text: str) -> None:
        self._events.put(LoadingProgress(slot, text))

    def _emit_network(self, slot: int, model: LoadedModel) -> None:
        dataset, fields, info = model.source.dataset, model.receptive_fields, model.info
        told = self._told_notes[slot]
        info = replace(info, notes=tuple(note for note in info.notes if note not in told))
        told.update(info.notes)
        self._volumes[slot] = sum(whole_sizes(model.network).values())
        self._events.put(NetworkLoaded(slot, model.network, info, dataset, fields, model.kernels))

    def _emit_errors(self, slot: int | None, function: Callable[..., object], *args: Any) -> None:
        """Call a function; what goes wrong becomes a `WorkerFailure`."""
        try:
            with own_process():
                function(*args)
        except _Superseded:
            raise
        except BaseException as error:  # whatever a model's own code raises
            message, details = _user_message(error), traceback.format_exc()
            opening = function in (self._open, self._open_all)
            self._events.put(WorkerFailure(slot, message, details, opening))


def _user_message(error: BaseException) -> str:
    """A sentence for the user about an error."""
    if isinstance(error, VrnnError):
        return str(error)
    from vrnn.compute.loading.user_traceback import explain_error

    return explain_error(error)
