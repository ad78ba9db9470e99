"""Feature visualization, beside torch-lucent and beside a plain loop.

    pip install torch-lucent
    python -m benchmarks.features

Each runs in a process of its own, with ResNet50 at 224×224: after a few steps that do not count, as
many steps as were asked for are timed. torch-lucent (https://github.com/greentfrapp/lucent) gets
the same objective, transforms, number of steps, parametrization and optimizer, and as many images
at once. The plain loop is a forward pass up to the layer and a backward pass to the images, and
nothing else. The activation is that of the untransformed image, rounded to 8 bits, in full
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
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Literal

import numpy as np
import torch

from benchmarks.timing import format_table
from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
MIDDLE, FIRST = "layer3.0.bn3", "layer1.0.bn3"
"""The layers whose channels are visualized."""
BATCH = 8
"""Images at once."""
WARM_UP_STEPS = 2
"""Steps that do not count."""


class LayerReached(Exception):
    """The layer's output is there, and the rest of the forward pass is not needed."""


class ChannelObjective:
    """A model up to one of its modules, and the mean activation of a channel for each image."""

    def __init__(self, model: torch.nn.Module, module: str) -> None:
        self._model, self._module = model, dict(model.named_modules())[module]

    def _stop(self, module: object, inputs: object, output: torch.Tensor) -> None:
        self._output = output
        raise LayerReached

    def __call__(self, images: torch.Tensor, channels: list[int]) -> torch.Tensor:
        """Return the mean activation of one channel in each image.

        Args:
            images: (N, 3, H, W) float32, normalized.
            channels: N channels of the module.

        Returns:
            (N,) float32.
        """
        hook = self._module.register_forward_hook(self._stop)
        with contextlib.suppress(LayerReached), hook:
            self._model(images)
        return self._output.mean((2, 3))[range(len(channels)), channels]


def settings(steps: int, precision: Literal["full", "fast"]) -> FeatureVisSettings:
    """Return the settings that torch-lucent has too."""
    return FeatureVisSettings(
        source="noise", parametrization="fourier", optimizer="adam", step_size=0.05, steps=steps,
        mean_pull=0.0, untransformed_steps=0, precision=precision,
    )  # fmt: skip


def run_vrnn(
    model: LoadedModel, layer: str, channels: list[int], steps: int,
    precision: Literal["full", "fast"],
) -> np.ndarray:  # fmt: skip
    """Visualize channels with vrnn.

    Returns:
        (N, H, W, 3) uint8 sRGB.
    """
    node = next(n.id for n in model.network.nodes if n.name == layer)
    progress = optimize(model, node, channels, settings(steps, precision))
    while True:
        try:
            next(progress)
        except StopIteration as end:
            return np.stack([feature.image for feature in end.value])


def run_lucent(
    model: torch.nn.Module, layer: str, channels: list[int], steps: int, batch_size: int
) -> np.ndarray:
    """Visualize channels with torch-lucent.

    Returns:
        (N, H, W, 3) uint8 sRGB.
    """
    allow_torchvision()
    from lucent.optvis import objectives, param, render

    batches = []
    generators = [torch.Generator().manual_seed(c) for c in channels]
    for start in range(0, len(channels), batch_size):
        batch = channels[start : start + batch_size]
        random = generators[start : start + batch_size]
        objective = sum(objectives.channel(layer.replace(".", "_"), c, batch=i)
                        for i, c in enumerate(batch))  # fmt: skip
        count = len(batch)
        images = render.render_vis(
            model, objective, lambda n=count: param.image(224, batch=n), thresholds=(steps,),
            transforms=[lambda x, s=random: transform_images(x, settings(steps, "full"), s)],
            progress=False, show_image=False,
        )  # fmt: skip
        batches.append((images[-1].clip(0, 1) * 255).round().astype(np.uint8))
    return np.concatenate(batches)


def run_plain(model: torch.nn.Module, module: str, channels: list[int], steps: int) -> None:
    """Run the forward and backward passes, and nothing else."""
    objective = ChannelObjective(model, module)
    for start in range(0, len(channels), BATCH):
        batch = channels[start : start + BATCH]
        for _ in range(steps):
            images = torch.randn(len(batch), 3, 224, 224, requires_grad=True)
            torch.autograd.grad(objective(images, batch).sum(), images)


def mean_activation(
    model: torch.nn.Module, module: str, images: np.ndarray, channels: list[int]
) -> float:
    """Return the mean over images of the activation of each one's channel.

    Args:
        model: The network.
        module: The layer.
        images: (N, H, W, 3) uint8 sRGB.
        channels: The N channels.
    """
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalized = (torch.from_numpy(images).float() / 255 - mean) / std
    objective, activations = ChannelObjective(model, module), []
    with torch.no_grad():
        for start in range(0, len(channels), BATCH):
            part = slice(start, start + BATCH)
            batch = normalized[part].permute(0, 3, 1, 2)
            activations += objective(batch, channels[part]).tolist()
    return float(np.mean(activations))


def measure(method: str, layer: str, count: int, steps: int) -> dict[str, float]:
    """Measure one method, in this process.

    Args:
        method: `plain`, `lucent`, `lucent batch`, `full` or `fast`.
        layer: The layer's name.
        count: Channels to visualize.
        steps: Steps for each.

    Returns:
        `seconds` for each image, `memory` in MiB and, but for `plain`, the mean `activation`.
    """
    source = open_source(ModelSpec(MODEL))
    model = source.model.eval()
    loaded = LoadedModel(source, "all")
    channels = list(range(count))
    methods: dict[str, Callable[[list[int], int], np.ndarray | None]] = {
        "plain": lambda c, s: run_plain(model, layer, c, s),
        "lucent": lambda c, s: run_lucent(model, layer, c, s, 1),
        "lucent batch": lambda c, s: run_lucent(model, layer, c, s, BATCH),
        "full": lambda c, s: run_vrnn(loaded, layer, c, s, "full"),
        "fast": lambda c, s: run_vrnn(loaded, layer, c, s, "fast"),
    }
    before = getrusage(RUSAGE_SELF).ru_maxrss
    methods[method](channels[:BATCH], WARM_UP_STEPS)
    memory = getrusage(RUSAGE_SELF).ru_maxrss - before
    started = time.perf_counter()
    images = methods[method](channels, steps)
    result = {"seconds": (time.perf_counter() - started) / count, "memory": memory / 1024}
    if images is not None:
        result["activation"] = mean_activation(model, layer, images, channels)
    return result


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        method, layer = args.one
        print(json.dumps(measure(method, layer, args.channels, args.steps)))
        return 0
    methods = ["plain", "full", "fast"]
    if importlib.util.find_spec("lucent") is None:
        print("torch-lucent is not installed, and left out: pip install torch-lucent")
    else:
        methods[1:1] = ["lucent", "lucent batch"]
    rows = [("layer", "method", "s per image", "of plain", "images/s of lucent", "MB", "of plain",
             "activation")]  # fmt: skip
    for layer in (MIDDLE, FIRST):
        results = {}
        for method in methods:
            command = [sys.executable, "-m", "benchmarks.features", "--one", method, layer]
            command += ["--channels", str(args.channels), "--steps", str(args.steps)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[method] = json.loads(done.stdout.splitlines()[-1])
        floor = results["plain"]
        best = min((results[m]["seconds"] for m in methods if "lucent" in m), default=0.0)
        for method, numbers in results.items():
            rows.append((
                layer, method, f"{numbers['seconds']:.2f}",
                f"{numbers['seconds'] / floor['seconds']:.2f}",
                f"{best / numbers['seconds']:.1f}" if best else "", f"{numbers['memory']:.0f}",
                f"{numbers['memory'] / floor['memory']:.2f}" if floor["memory"] else "",
                f"{numbers['activation']:.3f}" if "activation" in numbers else "",
            ))  # fmt: skip
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
