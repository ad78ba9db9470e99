"""What watching costs a training, how fast scrubbing is, and how large a recording gets.

python -m benchmarks.training [--figures cost64 cost224 scrub size]

1. Steps of ResNet18 at batch 32 and two sizes of images, watched every 10 and every 100 steps,
   beside unwatched ones: both follow from what one snapshot costs, which is measured together with
   steps that are not touched by any. With a display, a window is open and follows.
2. Scrubbing among 500 recorded steps: loading a step and a pass, beside a pass alone; and until
   all maps of the step are on the GPU and drawn, as in a window, also with weights in their place.
3. The recording of a training of the digits' network with the usual settings.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.timing import format_milliseconds, format_table
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.training import GoToStep
from vrnn.commands.training_values import ShowLayerValues
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.training.recording_writer import RecordingWriter
from vrnn.compute.training.watch import watch_model
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.recordings.manifest import Manifest
from vrnn.recordings.recorded_step import recorded_step
from vrnn.recordings.step_files import recorded_steps, step_file, total_bytes
from vrnn.recordings.step_series import open_series

BATCH = 32
MAX_RATIOS = {10: 1.10, 100: 1.02}
FIGURES = ("cost64", "cost224", "scrub", "size")
COST_RUNS = {64: (20, 16, 100), 224: (6, 7, 12)}
"""By the size of images, pixels: steps between two snapshots, how many of these cycles are timed,
and steps before that do not count."""
MAX_SCRUB_SECONDS = 0.05
"""Beyond a plain pass."""
MAX_BYTES = 20 << 20
SCRUBBED_STEPS, JUMPS = 500, 20
PICTURE = (1280, 720)
"""(width, height), pixels."""
DIGITS_STEPS = 1000
NAME = "torchvision:resnet18@random"


def resnet(size: int) -> LoadedModel:
    """Open ResNet18 on images of a size, pixels."""
    return LoadedModel(open_source(ModelSpec(NAME, input_size=(size, size))), "layers")


def step_seconds(model: nn.Module, images: torch.Tensor, steps: int) -> list[float]:
    """Train for some steps; returns the seconds of each."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    labels, seconds = torch.zeros(len(images), dtype=torch.long), []
    model.train()
    for _ in range(steps):
        started = time.perf_counter()
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    return seconds


def cost_rows(size: int) -> tuple[list[list[str]], bool]:
    """Find what a snapshot costs, and what a watched step takes beside an unwatched one with that.

    A snapshot makes the steps after it longer, for about a second and a half. So many steps later
    they are as if unwatched: what the others take more than these is what it costs. Steps that are
    slower for another reason count less in this than in the mean of long blocks.
    """
    images, (period, cycles, warm) = torch.randn(BATCH, 3, size, size), COST_RUNS[size]
    model = resnet(size).source.model
    with tempfile.TemporaryDirectory() as folder:
        watcher = watch_model(
            model, images[:1], every=period, folder=Path(folder) / "run", source=NAME
        )
        step_seconds(model, images, warm)  # the window starts meanwhile, once
        behind = -watcher.step % period
        step_seconds(model, images, behind)
        seconds = np.array(step_seconds(model, images, period * cycles))
        watcher.close()
    # The snapshot is a part of the step before the first one of a cycle.
    phases = np.median(np.roll(seconds, 1)[period:].reshape(-1, period), axis=0)
    plain = float(np.median(phases[period // 2 :]))
    cost = float((phases - plain).sum())
    rows, good = [], True
    for every, most in MAX_RATIOS.items():
        ratio = 1.0 + cost / (every * plain)
        rows.append(
            [
                f"training step at {size}x{size}, watched every {every}",
                format_milliseconds(ratio * plain),
                format_milliseconds(plain),
                f"{ratio:.3f}",
                f"{most:.2f}",
            ]
        )
        good &= ratio <= most
    return rows, good


def scrub_rows(size: int) -> tuple[list[list[str]], bool]:
    """Time random jumps among recorded steps beside plain passes, without and with drawing."""
    model = resnet(size)
    state = {name: tensor.clone() for name, tensor in model.source.model.state_dict().items()}
    jumps, drawn, kernels, plain = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        writer = RecordingWriter(Path(folder), Manifest("ResNet"), budget=1 << 40)
        writer.write(0, state)
        first = step_file(Path(folder), 0)
        for step in range(1, SCRUBBED_STEPS):  # the same weights: the disk need not hold 22 GB
            step_file(Path(folder), step).hardlink_to(first)
        series = open_series(Path(folder))
        with OffscreenApp([ModelSpec(NAME, input_size=(size, size))], load_config()) as app:
            app.open_training(Path(folder), 0)
            app.picture("overview", PICTURE)
            for place in range(1, JUMPS + 1):
                step = series.steps[place * 7919 % SCRUBBED_STEPS]
                started = time.perf_counter()
                with torch.no_grad():
                    model.source.model(*model.inputs)
                plain.append(time.perf_counter() - started)
                started = time.perf_counter()
                model.show_step(recorded_step(series, step))
                with torch.no_grad():
                    model.source.model(*model.inputs)
                jumps.append(time.perf_counter() - started)
                started = time.perf_counter()
                app.do(GoToStep(step))
                drawn.append(time.perf_counter() - started)
            app.do(ShowLayerValues("weights"))
            for place in range(1, JUMPS + 1):
                started = time.perf_counter()
                app.do(GoToStep(series.steps[place * 7919 % SCRUBBED_STEPS + 1]))
                kernels.append(time.perf_counter() - started)
    own, rows, good = statistics.median(plain), [], True
    for what, seconds in (
        ("a pass", jumps), ("maps on the GPU", drawn), ("weights too", kernels),
    ):  # fmt: skip
        jump = statistics.median(seconds)
        good &= jump <= own + MAX_SCRUB_SECONDS
        rows.append(
            [
                f"scrubbing among {SCRUBBED_STEPS} steps, {what}",
                format_milliseconds(jump),
                format_milliseconds(own),
                f"{jump / own:.2f}",
                f"pass + {MAX_SCRUB_SECONDS * 1e3:.0f} ms",
            ]
        )
    return rows, good


def size_rows() -> tuple[list[list[str]], bool]:
    """Record a training of the digits' network with the usual settings."""
    model = LoadedModel(open_source(ModelSpec("digits")), "layers")
    images = torch.cat([next(iter(model.inputs))] * 4)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        with watch_model(model.source.model, images[:1], folder=folder, window=False):
            step_seconds(model.source.model, images, DIGITS_STEPS)
        steps = recorded_steps(folder)
        size = total_bytes(folder.iterdir())
    row = [
        f"recording of {DIGITS_STEPS} steps of digits",
        f"{size / 2**20:.1f} MB",
        f"{len(steps)} kept",
        f"{size / MAX_BYTES:.2f}",
        f"{MAX_BYTES >> 20} MB",
    ]
    return [row], size <= MAX_BYTES


def main() -> int:
    """Print the table; 1 where a figure is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=FIGURES)
    arguments = parser.parse_args()
    rows, good = [["what", "is", "beside", "ratio", "at most"]], True
    for figure in arguments.figures:
        if figure == "scrub":
            found, is_good = scrub_rows(224)
        elif figure == "size":
            found, is_good = size_rows()
        else:
            found, is_good = cost_rows(int(figure.removeprefix("cost")))
        rows, good = [*rows, *found], good and is_good
    print(format_table(rows))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
