"""Relevance of every layer beside a plain pass forward and back, beside zennit and captum.

    pip install zennit captum
    python -m benchmarks.explain          # `frames` for the frames alone

All in one run, on ResNet50 at 224×224 with random weights: seconds side by side in turn, memory
each in a process of its own, and the frames of a world while explanations are made without pause.
The plain pass has gradients of the weights too, as in training. Deleting pixels is measured on the
trained network for photographs: how much the winning logit falls without the 10 % of the pixels
that matter most, beside 10 % at random.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    os.environ["LP_NUM_THREADS"] = "0"  # drawing stays in the thread that asks for it

import numpy as np
import torch

from benchmarks.timing import format_table, time_medians
from benchmarks.under_load import FRAMES, WARM_UP_FRAMES, LoadBenchmark
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.faithfulness import flip_pixels
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.explanations.results import FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.media.image_reader import read_image
from vrnn.network.model_spec import ModelSpec

SIDE, CLASS, STEPS = 224, 3, 32
REPEATS = 7
PHOTOS = Path(__file__).parent.parent / "vrnn" / "default" / "photos"


class Subject:
    """ResNet50, what is asked of it, and all ways to answer."""

    def __init__(self) -> None:
        """Build and trace the network."""
        allow_torchvision()
        torch.manual_seed(0)
        self.net = import_module("torchvision.models").resnet50(weights=None).eval()
        self.x = torch.randn(1, 3, SIDE, SIDE)
        spec = ModelSpec(self.net, input_size=(SIDE, SIDE))
        self.model = LoadedModel(open_source(spec), "layers")

    def plain(self) -> None:
        """One pass forward and back."""
        x = self.x.clone().requires_grad_()
        self.net.zero_grad(set_to_none=True)
        self.net(x)[0, CLASS].backward()

    def relevance(self) -> None:
        """Epsilon-plus, with the relevance of every layer kept."""
        explain(self.model, self.x, ExplanationSettings(target=Target(channel=CLASS)))

    def zennit(self) -> None:
        """The same composite, of the input alone."""
        composite = import_module("zennit.composites").EpsilonPlus(
            canonizers=[import_module("zennit.torchvision").ResNetCanonizer()]
        )
        with import_module("zennit.attribution").Gradient(self.net, composite) as attribute:
            attribute(self.x.clone(), torch.eye(1000)[[CLASS]])

    def integrated(self) -> None:
        """Integrated gradients."""
        settings = ExplanationSettings(
            "integrated-gradients", Target(channel=CLASS), steps=STEPS, baseline="zero"
        )
        explain(self.model, self.x, settings)

    def captum(self) -> None:
        """Integrated gradients by captum, in batches of its choice."""
        attribution = import_module("captum.attr").IntegratedGradients(self.net)
        attribution.attribute(self.x, target=CLASS, n_steps=STEPS)


def peak_memory(task: str) -> int:
    """Return the bytes that a task takes beyond those of the open model, at its peak."""
    command = [sys.executable, "-m", "benchmarks.explain", task]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout.splitlines()[-1]))


def print_peak(task: str) -> None:
    """Run a task twice and print the bytes that its second run took at most."""
    subject = Subject()
    run: Callable[[], None] = getattr(subject, task)
    run()
    subject.net.zero_grad(set_to_none=True)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    run()
    print(json.dumps(_status("VmHWM") - before))


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def time_frames() -> tuple[float, float]:
    """Return the 99th percentile of frames while explanations are made, beside idle ones.

    The thread that draws has a core of its own. The second number leaves out the time in which that
    core was with other programs, which only a busy machine has.
    """
    from vrnn.compute.analysis.explanation_job import ExplanationJob
    from vrnn.compute.jobs import JobDone

    bench = LoadBenchmark()
    bench.time_frames(False)
    idle = _draw_frames(bench)
    bench.worker.start(ExplanationJob(0))
    take = bench.worker.events

    def events() -> Any:
        found = take()
        if any(isinstance(e, JobDone) and isinstance(e.job, ExplanationJob) for e in found):
            bench.worker.start(ExplanationJob(0))
        return found

    bench.worker.events = events  # type: ignore[method-assign]
    busy = _draw_frames(bench)
    bench.worker.events = take  # type: ignore[method-assign]
    bench.worker.close()
    bench.workspace.close()
    wall, own = np.percentile(busy, 99, 0) / np.percentile(idle, 99, 0)
    return float(wall), float(own)


def _draw_frames(bench: LoadBenchmark) -> np.ndarray:
    """Draw frames: (N, 2) seconds of each, and the same less those that it waited for its core."""
    schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    rows = []
    for _ in range(FRAMES):
        waited = int(schedule.read_text().split()[1])
        started = time.perf_counter()
        bench.draw_frame()
        seconds = time.perf_counter() - started
        waited = int(schedule.read_text().split()[1]) - waited
        rows.append((seconds, seconds - waited / 1e9))
    return np.array(rows[WARM_UP_FRAMES:])


def faithfulness(count: int = 12) -> float:
    """Return how much more deleting what matters lowers the logit than deleting at random."""
    model = LoadedModel(open_source(ModelSpec("imagenet")), "layers")
    fallen, at_random = [], []
    for file in sorted(PHOTOS.glob("*.jpg"))[:count]:
        image = read_image(file)
        settings = ExplanationSettings(baseline="blur")
        found = explain(model, image, settings, nodes=())
        *_, curves = flip_pixels(model, image, found, settings, points=4)
        assert isinstance(curves, FlippingCurves)
        at = int(np.abs(curves.shares - 0.1).argmin())
        fallen.append(curves.deletion[0] - curves.deletion[at])
        at_random.append(curves.random[0] - curves.random[at])
    return float(np.mean(fallen) / np.mean(at_random))


def main() -> int:
    """Print the table, or run one task for its memory."""
    if sys.argv[1:] == ["frames"]:
        print("99 % of frames, by idle ones: {:.2f}, without other programs: {:.2f}".format(
            *time_frames()
        ))  # fmt: skip
        return 0
    if len(sys.argv) > 1:
        print_peak(sys.argv[1])
        return 0
    subject = Subject()
    tasks = {name: getattr(subject, name) for name in ("plain", "relevance", "zennit")}
    seconds = time_medians(tasks, REPEATS)
    slow = time_medians({"integrated": subject.integrated, "captum": subject.captum}, 2)
    frames, own_frames = time_frames()
    memory = {name: peak_memory(name) for name in ("plain", "relevance")}
    rows = [
        ("ResNet50, 224×224", "ratio", "target"),
        ("epsilon-plus, all layers, by a plain pass",
         f"{seconds['relevance'] / seconds['plain']:.2f}", "≤ 2.5"),
        ("zennit by epsilon-plus", f"{seconds['zennit'] / seconds['relevance']:.2f}", "≥ 1.5"),
        ("memory, by a plain pass", f"{memory['relevance'] / memory['plain']:.2f}", "≤ 1.5"),
        ("99 % of frames, by idle ones", f"{frames:.2f}", "≤ 1.5"),
        ("the same without waiting for other programs", f"{own_frames:.2f}", "≤ 1.5"),
        (f"captum by integrated gradients, {STEPS} steps",
         f"{slow['captum'] / slow['integrated']:.2f}", "≥ 1"),
        ("10 % that matter most, by 10 % at random", f"{faithfulness():.1f}", "≥ 3"),
    ]  # fmt: skip
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
