"""Importance of all ten classes of the digits' network beside ten plain training runs.

python -m benchmarks.importance

Both run the same images as often in batches of the same size, on the same network: what trains
gammas in one pass by Adam, and what trains all weights of a copy by Adam.
"""

from __future__ import annotations

import copy
import sys
import time

import numpy as np
import torch

from benchmarks.timing import format_table
from vrnn.api.sources import finish
from vrnn.compute.importance.gamma_settings import GammaSettings
from vrnn.compute.importance.gamma_training import train_gammas
from vrnn.compute.importance.labeled_images import LabeledImages, read_labeled_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec

MAX_RATIO = 1.3


def train_plainly(model: LoadedModel, images: LabeledImages, settings: GammaSettings) -> None:
    """Train all weights of a copy of the network, as often and in batches of the same size."""
    net = copy.deepcopy(model.source.model).train()
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    labels = torch.from_numpy(images.labels)
    generator = np.random.default_rng(settings.seed)
    size = settings.batch_size(len(labels))
    for _ in range(settings.epochs):
        order = generator.permutation(len(labels))
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            (inputs,) = images.joined(chosen)
            loss = torch.nn.functional.cross_entropy(net(inputs), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()


def main() -> int:
    """Time both in turn, class by class, and print a table; 1 where the ratio is too high."""
    model = LoadedModel(open_source(ModelSpec("digits")), "layers")
    dataset = model.source.dataset
    assert dataset is not None
    images = finish(read_labeled_images(model, dataset))
    settings = GammaSettings()
    short = GammaSettings(epochs=1)
    finish(train_gammas(model, images, 0, short))
    train_plainly(model, images, short)
    rows = [("class", "importance", "training", "ratio")]
    totals = np.zeros(2)
    for class_index in range(images.classes):
        started = time.perf_counter()
        finish(train_gammas(model, images, class_index, settings))
        between = time.perf_counter()
        train_plainly(model, images, settings)
        seconds = np.array([between - started, time.perf_counter() - between])
        totals += seconds
        rows.append(_row(str(class_index), seconds))
    rows.append(_row("all", totals))
    print(format_table(rows))
    ratio = float(totals[0] / totals[1])
    count, size = len(images.labels), settings.batch_size(len(images.labels))
    print(f"{count} images, {settings.epochs} epochs, batches of {size}; at most {MAX_RATIO}")
    return int(ratio > MAX_RATIO)


def _row(name: str, seconds: np.ndarray) -> tuple[str, str, str, str]:
    ours, plain = seconds.tolist()
    return name, f"{ours:.2f} s", f"{plain:.2f} s", f"{ours / plain:.2f}"


if __name__ == "__main__":
    sys.exit(main())
