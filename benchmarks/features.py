"""Pictures of what channels look for, beside torch-lucent and beside a plain loop.

    pip install torch-lucent
    python -m benchmarks.features

Each runs in a process of its own, with ResNet50 at 224×224: first all pass their first steps, then
as many steps as were asked for are measured. torch-lucent (https://github.com/greentfrapp/lucent)
gets the same objective, transformations, number of steps, parametrization and optimizer, and as
many pictures at once. The plain loop is a forward pass up to the layer and back to the pictures,
and nothing else. The activation is that of the untransformed picture, rounded to 8 bits, in full
precision.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
import torch

from benchmarks.timing import table
from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
MIDDLE, FIRST = "layer3.0.bn3", "layer1.0.bn3"
BATCH = 8


class Reached(Exception):
    """The layer's result is there."""


class Cut:
    """A model up to one of its modules, and the mean of one channel of it for each picture."""

    def __init__(self, model: torch.nn.Module, module: str) -> None:
        self._model, self._module = model, dict(model.named_modules())[module]

    def _end(self, module: object, inputs: object, result: torch.Tensor) -> None:
        self._result = result
        raise Reached

    def __call__(self, pictures: torch.Tensor, channels: list[int]) -> torch.Tensor:
        """(N,) of pictures (N, 3, H, W)."""
        hook = self._module.register_forward_hook(self._end)
        with contextlib.suppress(Reached), hook:
            self._model(pictures)
        return self._result.mean((2, 3))[range(len(channels)), channels]


def settings(steps: int, precision: str) -> FeatureVisSettings:
    """Those that torch-lucent has too."""
    return FeatureVisSettings(
        source="noise", parametrization="fourier", optimizer="adam", step_size=0.05, steps=steps,
        mean_pull=0.0, untransformed_steps=0, precision=precision,
    )  # fmt: skip


def ours(opened: LoadedModel, layer: str, channels: list[int], steps: int, precision: str) -> Any:
    """(N, H, W, 3) uint8."""
    node = next(n.id for n in opened.network.nodes if n.name == layer)
    run = optimize(opened, node, channels, settings(steps, precision))
    while True:
        try:
            next(run)
        except StopIteration as end:
            return np.stack([feature.image for feature in end.value])


def lucents(model: torch.nn.Module, layer: str, channels: list[int], steps: int, batch: int) -> Any:
    """(N, H, W, 3) uint8."""
    allow_torchvision()
    from lucent.optvis import objectives, param, render

    made = []
    random = [torch.Generator().manual_seed(c) for c in channels]
    for start in range(0, len(channels), batch):
        part, seeds = channels[start : start + batch], random[start : start + batch]
        goal = sum(objectives.channel(layer.replace(".", "_"), c, batch=i)
                   for i, c in enumerate(part))  # fmt: skip
        count = len(part)
        images = render.render_vis(
            model, goal, lambda n=count: param.image(224, batch=n), thresholds=(steps,),
            transforms=[lambda x, s=seeds: transform_images(x, settings(steps, "full"), s)],
            progress=False, show_image=False,
        )  # fmt: skip
        made.append((images[-1].clip(0, 1) * 255).round().astype(np.uint8))
    return np.concatenate(made)


def plain(model: torch.nn.Module, module: str, channels: list[int], steps: int) -> None:
    """Forward and back, and nothing else."""
    cut = Cut(model, module)
    for start in range(0, len(channels), BATCH):
        part = channels[start : start + BATCH]
        for _ in range(steps):
            pictures = torch.randn(len(part), 3, 224, 224, requires_grad=True)
            torch.autograd.grad(cut(pictures, part).sum(), pictures)


def activation(model: torch.nn.Module, module: str, images: Any, channels: list[int]) -> float:
    """Mean over channels."""
    source_mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pictures = (torch.from_numpy(images).float() / 255 - source_mean) / std
    cut, found = Cut(model, module), []
    with torch.no_grad():
        for start in range(0, len(channels), BATCH):
            part = slice(start, start + BATCH)
            found += cut(pictures[part].permute(0, 3, 1, 2), channels[part]).tolist()
    return float(np.mean(found))


def one(which: str, layer: str, channels: int, steps: int) -> dict[str, float]:
    """Measure one way, in this process."""
    source = open_source(ModelSpec(MODEL))
    model = source.model.eval()
    opened = LoadedModel(source, "all")
    wanted = list(range(channels))
    runs = {
        "plain": lambda c, s: plain(model, layer, c, s),
        "lucent": lambda c, s: lucents(model, layer, c, s, 1),
        "lucent batch": lambda c, s: lucents(model, layer, c, s, BATCH),
        "full": lambda c, s: ours(opened, layer, c, s, "full"),
        "fast": lambda c, s: ours(opened, layer, c, s, "fast"),
    }
    before = getrusage(RUSAGE_SELF).ru_maxrss
    runs[which](wanted[:BATCH], 2)
    memory = getrusage(RUSAGE_SELF).ru_maxrss - before
    started = time.perf_counter()
    images = runs[which](wanted, steps)
    result = {"seconds": (time.perf_counter() - started) / channels, "memory": memory / 1024}
    if images is not None:
        result["activation"] = activation(model, layer, images, wanted)
    return result


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(*args.one, args.channels, args.steps)))
        return 0
    ways = ["plain", "full", "fast"]
    if importlib.util.find_spec("lucent") is None:
        print("torch-lucent is left out: pip install torch-lucent")
    else:
        ways[1:1] = ["lucent", "lucent batch"]
    rows = [("layer", "way", "s a picture", "of plain", "pictures/s of lucent", "MB", "of plain",
             "activation")]  # fmt: skip
    for layer in (MIDDLE, FIRST):
        found = {}
        for way in ways:
            words = [sys.executable, "-m", "benchmarks.features", "--one", way, layer]
            words += ["--channels", str(args.channels), "--steps", str(args.steps)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            found[way] = json.loads(done.stdout.splitlines()[-1])
        floor = found["plain"]
        best = min((found[w]["seconds"] for w in ways if "lucent" in w), default=0.0)
        for way, numbers in found.items():
            rows.append((
                layer, way, f"{numbers['seconds']:.2f}",
                f"{numbers['seconds'] / floor['seconds']:.2f}",
                f"{best / numbers['seconds']:.1f}" if best else "", f"{numbers['memory']:.0f}",
                f"{numbers['memory'] / floor['memory']:.2f}",
                f"{numbers['activation']:.3f}" if "activation" in numbers else "",
            ))  # fmt: skip
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
