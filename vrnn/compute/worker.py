"""The thread that the models live in: it opens them, runs images, and tells what happened.

A newer image replaces one that waits, and ends a pass that runs. Jobs run between passes, step by
step. torch is imported in the thread, so that a window can stand before that.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from vrnn.compute.jobs import Job, JobEvent, JobQueue
from vrnn.errors import VrnnError
from vrnn.media.image_reader import read_image
from vrnn.media.image_set import ImageSet
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.model_spec import ModelSpec
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import Ablation, ForwardResult

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

BATCH_BYTES = 8 << 20
BATCH_SECONDS = 0.02
"""Maps are handed over when so many bytes or seconds have come together."""


@dataclass(frozen=True)
class LoadingProgress:
    """What is being done now."""

    slot: int
    text: str


@dataclass(frozen=True, eq=False)
class NetworkLoaded:
    """A network is known; maps it had before under this slot are void.

    fields: which pixels the positions of each node depend on, by node id.
    """

    slot: int
    network: Network
    info: NetworkInfo
    dataset: ImageSet | None
    receptive_fields: Mapping[int, ReceptiveField]


@dataclass(frozen=True, eq=False)
class MapsReady:
    """Some layers' maps of a pass, by node id."""

    slot: int
    sequence: int
    maps: Mapping[int, FeatureMaps]


@dataclass(frozen=True, eq=False)
class ForwardComplete:
    """A pass is complete."""

    slot: int
    result: ForwardResult


@dataclass(frozen=True)
class WorkerFailure:
    """Something went wrong. message: a sentence for a person; details: the traceback."""

    slot: int | None
    message: str
    details: str


Event = LoadingProgress | NetworkLoaded | MapsReady | ForwardComplete | WorkerFailure | JobEvent
Image = np.ndarray | Path | int | Callable[[], np.ndarray] | None
Ablations = Mapping[int, tuple[Ablation, ...]]
"""What is switched off, by slot."""
NO_ABLATIONS: Ablations = MappingProxyType({})


class _Superseded(Exception):
    """A newer image waits, or the worker is to end."""


class Worker:
    """Owns the thread. All methods may be called from the main thread and return at once."""

    def __init__(self, threads: int | None = None) -> None:
        """threads: that torch may use; None: its own choice."""
        self._threads = threads
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._wake = threading.Condition()
        self._specs: tuple[Sequence[ModelSpec], str] | None = None
        self._image: Image = None
        self._ablations = NO_ABLATIONS
        self._jobs = JobQueue(self._events.put, _user_message)
        self._wanted = False
        self._at_once = False
        self._closed = False
        self._models: dict[int, LoadedModel] = {}
        self._thread = threading.Thread(target=self._live, name="vrnn-model", daemon=True)
        self._thread.start()
        # A thread that is inside torch when the interpreter ends would abort the process.
        atexit.register(self.close)

    def open(self, specs: Sequence[ModelSpec], detail: str) -> None:
        """Open models, in slots 0, 1, …, and run the newest image or their own samples.

        Jobs started before end, and nothing is switched off in the new models.
        """
        with self._wake:
            self._jobs.cancel_all("stopped, as other models were opened")
            self._ablations = NO_ABLATIONS
            self._specs = (tuple(specs), detail)
            self._wake.notify()

    def run_image(
        self, image: Image, ablations: Ablations = NO_ABLATIONS, interrupt: bool = True
    ) -> None:
        """Run an image through all models, in the place of an older one that waits.

        at_once: also in the place of one that runs; else that one is ended first.

        image: (H, W, 3) uint8, a file, the number of one in the first model's data set, what makes
        one, or None.
        ablations: what is switched off in each model; copied.
        """
        with self._wake:
            self._image, self._wanted = image, True
            self._at_once = interrupt or self._at_once
            self._ablations = {slot: tuple(several) for slot, several in ablations.items()}
            self._wake.notify()

    def start(self, job: Job) -> int:
        """Work on a job when there is no image to run, behind those started before.

        Returns its id. It ends with one `JobDone` or `JobFailed`; opening other models ends it too.
        """
        with self._wake:
            number = self._jobs.start(job)
            self._wake.notify()
            return number

    def cancel(self, number: int) -> None:
        """End a job, waiting or running, after its present step; a `JobFailed` tells so."""
        with self._wake:
            self._jobs.cancel(number)
            self._wake.notify()

    def pause(self, number: int, paused: bool) -> None:
        """Let a job rest after its present step, or go on with it."""
        with self._wake:
            self._jobs.pause(number, paused)
            self._wake.notify()

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found

    def wait(self, seconds: float) -> list[Event]:
        """The same, after at least one thing has happened or the time has passed."""
        with contextlib.suppress(queue.Empty):
            return [self._events.get(timeout=seconds), *self.events()]
        return []

    def close(self, wait: float = 1.0) -> bool:
        """End the thread as soon as the running operation allows; waits so many seconds for it.

        Returns whether it has ended: user code may run on for ever.
        """
        atexit.unregister(self.close)
        with self._wake:
            self._closed = True
            self._jobs.cancel_all("stopped, as the program ended")
            self._wake.notify()
        self._thread.join(wait)
        return not self._thread.is_alive()

    # In the thread.

    def _live(self) -> None:
        while True:
            with self._wake:
                while not self._something_to_do():
                    self._wake.wait()
                if self._closed:
                    self._models.clear()
                    return
                specs, self._specs = self._specs, None
            if specs is not None:
                self._guarded(None, self._open_all, *specs)
            self._run_newest()
            self._jobs.run_step(self._models)

    def _something_to_do(self) -> bool:
        waiting = self._wanted and self._models
        return bool(self._closed or self._specs or waiting or self._jobs.has_work)

    def _open_all(self, specs: Sequence[ModelSpec], detail: str) -> None:
        self._tell(0, "importing torch")
        import torch

        from vrnn.compute.loaded_model import LoadedModel
        from vrnn.compute.loading.source import open_source

        if self._threads is not None:
            torch.set_num_threads(self._threads)
        self._models.clear()
        for slot, spec in enumerate(specs):

            def opening(slot: int = slot, spec: ModelSpec = spec) -> None:
                self._tell(slot, f"opening {_short(spec)}")
                source = open_source(spec)
                self._tell(slot, f"tracing {source.title}")
                model = LoadedModel(source, detail)
                self._models[slot] = model
                self._events.put(_load_source(slot, model))

            self._guarded(slot, opening)
        self._wanted = bool(self._models)

    def _run_newest(self) -> None:
        while self._models and not self._closed:
            with self._wake:
                if not self._wanted:
                    return
                image, self._wanted, self._at_once = self._image, False, False
                ablations = self._ablations
            with contextlib.suppress(_Superseded):
                self._guarded(None, self._run_all, image, ablations)

    def _run_all(self, image: Image, ablations: Ablations) -> None:
        pixels = self._read(image)
        for slot in list(self._models):
            self._guarded(slot, self._run, slot, pixels, ablations.get(slot, ()))

    def _read(self, image: Image) -> np.ndarray | None:
        if callable(image):
            return image()
        if isinstance(image, Path):
            return read_image(image)
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

    def _run(self, slot: int, pixels: np.ndarray | None, ablations: tuple[Ablation, ...]) -> None:
        model = self._models[slot]
        self._tell(slot, f"running {model.source.title}")
        batch: dict[int, FeatureMaps] = {}
        size, since = 0, time.perf_counter()

        def deliver(node: int, maps: FeatureMaps) -> None:
            nonlocal size, since
            if (self._wanted and self._at_once) or self._closed:
                raise _Superseded
            batch[node] = maps
            size += maps.block.nbytes
            if size > BATCH_BYTES or time.perf_counter() - since > BATCH_SECONDS:
                hand_over()

        def hand_over() -> None:
            nonlocal size, since
            self._events.put(MapsReady(slot, 0, dict(batch)))
            batch.clear()
            size, since = 0, time.perf_counter()

        def changed() -> None:
            batch.clear()
            self._events.put(_load_source(slot, model))

        frame = model.run(pixels, deliver, changed, ablations)
        hand_over()
        self._events.put(ForwardComplete(slot, frame))

    def _tell(self, slot: int, text: str) -> None:
        self._events.put(LoadingProgress(slot, text))

    def _guarded(self, slot: int | None, what: Callable[..., object], *args: Any) -> None:
        """Do it; what goes wrong becomes a `WorkerFailure`."""
        try:
            what(*args)
        except _Superseded:
            raise
        except Exception as error:
            self._events.put(WorkerFailure(slot, _user_message(error), traceback.format_exc()))


def _load_source(slot: int, model: LoadedModel) -> NetworkLoaded:
    return NetworkLoaded(
        slot, model.network, model.info, model.source.dataset, model.receptive_fields
    )


def _short(spec: ModelSpec) -> str:
    return spec.model if isinstance(spec.model, str) else type(spec.model).__name__


def _user_message(error: Exception) -> str:
    """What to tell a person."""
    if isinstance(error, VrnnError):
        return str(error)
    from vrnn.compute.loading.user_traceback import explain_error

    return explain_error(error)
