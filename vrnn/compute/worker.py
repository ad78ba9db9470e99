"""The thread that the models live in: it opens them, runs images, and reports what happened.

A newer image replaces one that waits, and ends a pass that runs. Jobs run between passes, step by
step. torch is imported in the thread, so that a window can be shown before that.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from vrnn.compute import allocator, garbage_collector
from vrnn.compute.event_queue import EventQueue
from vrnn.compute.forked_process import own_process
from vrnn.compute.jobs import Job, JobQueue
from vrnn.compute.model_passes import ModelPasses
from vrnn.compute.opened_models import OpenedModels
from vrnn.compute.pass_request import (
    NO_ABLATIONS,
    NO_CHOICES,
    NO_EDITS,
    NO_HIDDEN,
    NO_LEFT_OUT,
    NO_ROLES,
    NO_STEPS,
    Ablations,
    Choices,
    Edits,
    Hidden,
    ImageInput,
    LeftOut,
    PassRequest,
    RecordedSteps,
    RolesByLayer,
    read_input,
)
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.worker_events import Event, FillEnded, WorkerFailure
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec

REST_SECONDS = 2.0
"""After so long without work, memory that passes have freed goes back to the system."""


class _Superseded(Exception):
    """A newer image waits, or the worker is to end."""


class Worker:
    """Owns the thread. All methods may be called from the main thread and return at once.

    Attributes:
        requested: How many times models were to be opened or an image to be run: the number of the
            latest request.
        map_bytes: See `__init__`.
        frame_gate: Who shows frames in a headset closes it while one is made.
    """

    def __init__(
        self, threads: int | None = None, map_bytes: int = 0, unread_bytes: int = 0
    ) -> None:
        """Start the thread.

        Args:
            threads: Number of threads that torch may use; None for its own choice.
            map_bytes: Bytes of whole maps that may be made at once where it is not said which of
                them are wanted, see `run_image`; 0 for as many as there are.
            unread_bytes: Bytes of maps that a pass is ahead of who takes them, beside its largest
                layer; 0 for any number. Then it waits until the next events are asked for.
        """
        self._threads, self.map_bytes = threads, map_bytes
        self._fills: dict[int, frozenset[int]] = {}
        self._events = EventQueue(unread_bytes)
        self._wake = threading.Condition()
        self._specs: tuple[Sequence[ModelSpec], str] | None = None
        self._reloads: dict[int, tuple[ModelSpec, str]] = {}
        self._request = PassRequest()
        self.requested = 0
        self._jobs = JobQueue(self._events.put, _user_message)
        self._has_new_image = False
        self._runs_image = False
        self._interrupts = False
        self._is_closed = False
        self.frame_gate = FrameGate()
        self._models = OpenedModels(self._events.put, map_bytes, self.frame_gate)
        self._passes = ModelPasses(self._models, self._events)
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
            self._request = PassRequest(self._request.image, number=self.requested)
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
        hidden: Hidden = NO_HIDDEN,
        weight_room: float = 0.0,
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
            hidden: Layers of which only the portrait is seen, copied; see `ForwardPasses.run`.
            weight_room: Bytes that weights of all models may take which are packed while images
                stream, see `StreamPasses`.
        """
        edits = {slot: tuple(several) for slot, several in edits.items() if several}
        with self._wake:
            if edits != self._request.edits:
                self._jobs.cancel_all("stopped because weights were edited")
            self.requested += 1
            self._request = PassRequest(
                image,
                {slot: tuple(several) for slot, several in ablations.items()},
                {slot: tuple(several) for slot, several in choices.items()},
                {slot: dict(roles) for slot, roles in axes.items()},
                edits,
                self.requested,
                continues,
                dict(recorded),
                {slot: dict(levels) for slot, levels in left_out.items()},
                {slot: frozenset(nodes) for slot, nodes in hidden.items()},
                weight_room,
            )
            self._has_new_image = True
            self._interrupts = interrupt or self._interrupts
            self._wake.notify()

    @property
    def takes_image(self) -> bool:
        """Whether no image waits: another one would take the place of none."""
        return not self._has_new_image

    @property
    def packed_bytes(self) -> int:
        """Bytes that weights take which are packed while images stream."""
        return self._models.packed_bytes

    @property
    def is_running(self) -> bool:
        """Whether an image waits or is run; what came of those before is among the events."""
        return self._has_new_image or self._runs_image

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
        return self._events.take()

    def wait(self, seconds: float) -> list[Event]:
        """Return the same, after at least one thing has happened or so many seconds."""
        return self._events.wait(seconds)

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
        self._models.forget_packed_weights()
        allocator.release_free_memory()
        with self._wake:
            self._wake.wait_for(self._has_work)

    def _has_work(self) -> bool:
        has_image = self._has_new_image and self._models
        has_models_to_open = self._specs or self._reloads
        has_more = self._fills or self._jobs.has_work
        return bool(self._is_closed or has_models_to_open or has_image or has_more)

    def _open_all(self, specs: Sequence[ModelSpec], detail: str) -> None:
        self._models.tell_progress(0, "importing torch")
        import torch

        garbage_collector.wake()
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        self._models.clear()
        self._passes.forget()
        for slot, spec in enumerate(specs):
            self._emit_errors(slot, self._open, slot, spec, detail)
        self._has_new_image = bool(self._models)

    def _open(self, slot: int, spec: ModelSpec, detail: str) -> None:
        self._models.open(slot, spec, detail, self._request.recorded.get(slot))

    def _reload(self, slot: int, spec: ModelSpec, detail: str) -> None:
        self._open(slot, spec, detail)
        self._has_new_image = True

    def _run_newest_image(self) -> None:
        while self._models and not self._is_closed:
            with self._wake:
                if not self._has_new_image:
                    return
                request, self._runs_image = self._request, True
                self._has_new_image, self._interrupts = False, False
            with contextlib.suppress(_Superseded):
                self._emit_errors(None, self._run_all, request)
            self._runs_image = False
            if request.continues and self._jobs.has_work:
                return  # for a step: frames of a stream come without end

    def _run_all(self, request: PassRequest) -> None:
        dataset = self._models.dataset if isinstance(request.image, int) else None
        pixels = read_input(request.image, dataset)

        def check_stop() -> None:
            if (self._has_new_image and self._interrupts) or self._is_closed:
                raise _Superseded

        for slot in list(self._models):
            self._emit_errors(slot, self._passes.run, slot, pixels, request, check_stop)

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
        def check_stop() -> None:
            if self._is_busy or slot in self._fills:
                raise _Superseded

        self._passes.fill(slot, nodes, check_stop)

    def _check_graphs(self) -> None:
        """Check the edges of opened models while nothing else is to be done."""

        def check_stop() -> None:
            if self._is_busy or self._fills:
                raise _Superseded

        with contextlib.suppress(_Superseded):
            self._models.check_graphs(check_stop)

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
