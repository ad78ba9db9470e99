"""Live images through ResNet50: updates a second beside the plain forward pass.

    python -m benchmarks.video

Each update captures every layer shown, converts its maps and uploads them, as fast as images come.
At the overview only what can be seen from there is converted; everything else in it is as in the
window, and in the last row a frame is drawn in software as well, when the window would.

The floor is the model alone with the same threads, in a process of its own, as torch runs it by
itself. Beside it is what the same passes reach in the worker's thread, while the main thread
copies as many bytes a pass as an update sends to the GPU, and draws the same frames: more is only
possible as weights are packed while images stream, which these passes do without.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import format_table
from vrnn.app.desktop import SWITCH_INTERVAL
from vrnn.app.frame_pacing import LiveFramePacer
from vrnn.compute import allocator
from vrnn.compute.jobs import CheckStop, Job, JobFailed, JobStep, JobSteps
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.script import from_script
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.look import feature_map_colors
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.workspace.workspace import Workspace

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"
ROUNDS, SECONDS = 5, 1.5
"""How often each is measured in turns, and for how long; medians count."""
WARM_UP = 8
"""Updates that do not count."""
SIZE = (1280, 720)


@dataclass(frozen=True)
class Case:
    """One way that live images are shown.

    Attributes:
        name: What the table calls it.
        detail: Level of detail of the graph.
        at_overview: Whether an eye is there; else all layers are converted whole.
        draws: Whether frames are drawn.
        target: Least part of the plain passes; None for no target.
    """

    name: str
    detail: str
    at_overview: bool = False
    draws: bool = False
    target: float | None = None


CASES = (
    Case("layers, whole", "layers", target=0.7),
    Case("all, whole", "all"),
    Case("layers, seen from the overview", "layers", True, target=0.85),
    Case("the same, and drawn", "layers", True, True),
)


@dataclass(frozen=True, eq=False)
class _PlainPasses(Job):
    """Runs the model until it is cancelled.

    Attributes:
        counts: Its first number counts the passes.
    """

    counts: list[int]

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Run the model, a pass a step."""
        run_pass = _plain_pass()
        while True:
            run_pass()
            self.counts[0] += 1
            yield JobStep("plain passes", self.counts[0], 0)


class LiveImages:
    """A workspace that images stream through."""

    def __init__(self, case: Case) -> None:
        """Open the model.

        Args:
            case: How images are shown.
        """
        self.case = case
        self._context = offscreen_context()
        self._renderer = Renderer(self._context)
        self._target = RenderTarget(self._context, SIZE)
        self._finish = ctypes.CDLL("libGL.so.1").glFinish
        self._worker = Worker()
        specs = [ModelSpec(str(MODEL))]
        self._worker.open(specs, case.detail)
        config = load_config()
        self._upload_bytes = config.render.upload_mb_a_frame * 2**20
        self.workspace = Workspace(
            self._worker, self._renderer, specs, case.detail, State(), 0.0,
            feature_map_colors(config),
        )  # fmt: skip
        feed = self.workspace.feed
        while not feed.displayed_sequence or self.workspace.jobs.statuses:
            if feed.handle_events(self._worker.wait(0.2)):
                self.workspace.on_network_loaded()
            self.workspace.content.upload()
            self.workspace.jobs.update()
        self._camera: Camera | None = None
        if case.at_overview:
            world = self.workspace.world
            self._camera = camera_by_name(world, "overview", SIZE[0] / SIZE[1], np.pi / 3)
            self.workspace.content.tick(self._camera.position)
        rng = np.random.default_rng(0)
        self._images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(8)]
        self._pacer = LiveFramePacer()
        self.frames = 0

    def run(self, seconds: float, least: int = 0) -> float:
        """Stream images and return the updates a second.

        Args:
            seconds: How long.
            least: Updates at least.
        """
        count = shown = 0
        started = time.perf_counter()
        while count < least or time.perf_counter() - started < seconds:
            events = self._worker.wait(0.2)
            count += sum(isinstance(event, ForwardComplete) for event in events)
            if self._worker.takes_image:
                self.workspace.show_live_frame(self._images[shown % len(self._images)])
                shown += 1
            self.workspace.feed.handle_events(events)
            self._upload()
            if self.case.draws and self._pacer.is_due(time.perf_counter(), bool(events)):
                self.draw()
        return count / (time.perf_counter() - started)

    def _upload(self) -> None:
        content = self.workspace.content
        if self._camera is None:
            content.upload()
            return
        clip = self._camera.clip_from_world(SIZE[0] / SIZE[1])
        content.upload(self._upload_bytes, clip)
        content.tick(self._camera.position)

    def draw(self) -> None:
        """Draw a frame, and wait until it is there."""
        assert self._camera is not None
        began = time.perf_counter()
        near, fog = near_and_fog(self.workspace.world, self._camera)
        view = View(self._camera, SIZE, fog, near)
        self._renderer.draw(self._target, view, self.workspace.world.draw_list())
        self._finish()
        self._pacer.record_frame(began, time.perf_counter())
        self.frames += 1

    def close(self) -> None:
        """Release everything."""
        self._worker.close()
        self.workspace.close()
        self._renderer.release()
        self._context.release()

    def sent_bytes(self) -> int:
        """Return how many bytes of maps an update sends to the GPU."""
        return sum(maps.nbytes for maps in self.workspace.world.networks[0].all_maps.values())

    def bound(self, seconds: float) -> float:
        """Return plain passes a second of the worker while this thread copies and draws.

        They run in the worker's thread: a second thread that calls torch has threads of its own,
        and with more of them than cores OpenMP's no longer wait awake.
        """
        source = np.ones(self.sent_bytes() // 2, np.float16)
        copy = np.empty_like(source)
        counts = [0]
        number = self._worker.start(_PlainPasses(0, counts))
        while counts[0] < WARM_UP:
            time.sleep(0.01)
        began, first = time.perf_counter(), counts[0]
        seen = first
        while time.perf_counter() - began < seconds:
            if counts[0] == seen:
                time.sleep(0.002)
                continue
            for _ in range(counts[0] - seen):
                np.copyto(copy, source)
            seen = counts[0]
            if self.case.draws and self._pacer.is_due(time.perf_counter(), True):
                self.draw()
        found = (counts[0] - first) / (time.perf_counter() - began)
        self._worker.cancel(number)
        while not any(isinstance(event, JobFailed) for event in self._worker.wait(0.2)):
            pass
        return found


def measure(case: Case) -> list[float]:
    """Return updates and plain passes a second, and what updates and the bound are beside these.

    Each is the median of some rounds. Live images run in a process of their own.
    """
    command = [sys.executable, "-m", "benchmarks.video", str(CASES.index(case))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def measure_here(case: Case) -> list[float]:
    """As `measure`, in this process."""
    allocator.share_one_arena()
    sys.setswitchinterval(SWITCH_INTERVAL)
    live = LiveImages(case)
    rounds = []
    for _ in range(ROUNDS):
        live.run(0.0, WARM_UP)  # the worker has rested, and let go of what streams need
        updates, passes, bound = live.run(SECONDS), _count_plain_passes(), live.bound(SECONDS)
        rounds.append((updates, passes, updates / passes, bound / passes))
    live.close()
    return np.median(rounds, 0).tolist()


def _count_plain_passes() -> float:
    """Return the passes a second of the model alone, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.video", "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _plain_pass() -> Callable[[], object]:
    model = from_script(MODEL).model.eval()
    x = torch.randn(1, 3, 224, 224)

    def run_pass() -> object:
        with torch.no_grad():
            return model(x)

    return run_pass


def run_model() -> None:
    """Run the model alone, and print the passes a second."""
    run_pass = _plain_pass()
    for _ in range(5):
        run_pass()
    started, passes = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        run_pass()
        passes += 1
    print(passes / (time.perf_counter() - started))


def main(words: list[str]) -> int:
    """Print the table, or be the process of a part of it."""
    if words == ["plain"]:
        run_model()
        return 0
    if words:
        print(*measure_here(CASES[int(words[0])]))
        return 0
    rows = [("ResNet50, 224×224", "updates/s", "plain passes/s", "ratio", "at most", "target")]
    for case in CASES:
        updates, passes, ratio, bound = measure(case)
        target = "" if case.target is None else f"{case.target:.2f}"
        rows.append((
            case.name, f"{updates:.1f}", f"{passes:.1f}", f"{ratio:.2f}", f"{bound:.2f}",
            target,
        ))  # fmt: skip
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
