"""One training of the study: a network, a strategy, and what is measured of the result."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from images import ImageTable
from lamb import Lamb
from measures import accuracy, fine_activations, fine_share
from networks import LAST_CONVOLUTION, TITLES, build_network, read_images, write_script
from safetensors.torch import save_file
from strategies import TrainingSet
from torch import nn
from torch.nn import functional as F

RATES = ((0.0, 1.0), (0.5, 0.1), (0.75, 0.01), (0.9, 0.001))
"""From which part of the epochs on the learning rate is which part of the first one."""
PICTURED = 16
"""Channels of the last convolution of which feature visualizations are made."""


@dataclass(frozen=True)
class Training:
    """What is trained, and how.

    Attributes:
        network: One of `networks.KINDS`.
        strategy: One of `strategies.STRATEGIES`.
        data: Folder of images; '' for the digits.
        size: (height, width) of images of a folder, pixels.
        trained: Digits to train on; None for all.
        width: Of the network.
        epochs: How often all images are shown.
        batch: Images of a step.
        rate: The first learning rate.
        noise: Deviation of the noise of the copies; images are 0…1.
        pictures: Steps of each feature visualization; 0 for none.
        seed: Of all random numbers.
    """

    network: str
    strategy: str
    data: str
    size: tuple[int, int] | None
    trained: int | None
    width: int
    epochs: int
    batch: int
    rate: float
    noise: float
    pictures: int
    seed: int = 0

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.network}_{self.strategy}"


def run_training(training: Training, out: Path, threads: int) -> dict:
    """Train, measure, and write weights, a script, and the measures into a folder.

    What an earlier run has made with the same settings is read.

    Returns:
        The measures, by name.
    """
    result, script = out / f"{training.name}.json", out / f"{training.name}.py"
    weights = out / f"{training.name}.safetensors"
    settings = json.loads(json.dumps(asdict(training)))
    if result.exists() and weights.exists():
        known = json.loads(result.read_text(encoding="utf-8"))
        if known["settings"] == settings:
            return known
    torch.set_num_threads(threads)
    torch.manual_seed(training.seed)
    table = read_images(training.data, training.size, training.trained)
    net = build_network(training.network, len(table.class_names), training.width, not training.data)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net.to(device, memory_format=torch.channels_last)
    images = TrainingSet(table, training.strategy, training.noise, training.seed)
    started = time.perf_counter()
    train(net, images, training, device)
    seconds = time.perf_counter() - started
    save_file({name: t.cpu().contiguous() for name, t in net.state_dict().items()}, weights)
    write_script(
        script, title=TITLES[training.network], strategy=training.strategy, file=str(weights),
        network=training.network, width=training.width, data=training.data, size=training.size,
        trained=training.trained,
    )  # fmt: skip
    measures = measure(net, images, table, training, device)
    if training.pictures:
        pictures = feature_pictures(script, training)
        np.savez_compressed(out / f"{training.name}-features.npz", pictures=pictures)
        shares = fine_share(torch.from_numpy(pictures).float().mean(-1))
        measures["fine_pictures"] = float(shares.nanmean())
    known = {"settings": settings, "seconds": seconds, **measures}
    result.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return known


def train(net: nn.Module, images: TrainingSet, training: Training, device: torch.device) -> None:
    """Train by Lamb, with a learning rate that falls in steps to a thousandth."""
    optimizer = Lamb(net.parameters(), training.rate)
    for epoch in range(training.epochs):
        parts = [part for begin, part in RATES if epoch >= begin * training.epochs]
        for group in optimizer.param_groups:
            group["lr"] = training.rate * parts[-1]
        net.train()
        for rows in torch.randperm(len(images)).split(training.batch):
            if len(rows) < 2:  # batch norm needs two
                continue
            shown = images.batch(rows).to(device).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(net(shown), images.labels[rows].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def measure(
    net: nn.Module, images: TrainingSet, table: ImageTable, training: Training, device: torch.device
) -> dict[str, float]:
    """Measure errors, and how fine the activations of the last convolution are."""
    everything = torch.arange(len(images))
    right = accuracy(net, lambda rows: images.batch(rows, plain=True), images.labels, device)
    test, labels = table.part(test=True)
    tested = accuracy(net, lambda rows: test[rows].float() / 255, labels, device)
    last = net.get_submodule(LAST_CONVOLUTION[training.network])
    given, averaged = fine_activations(net, last, test, device)
    return {
        "training_images": len(everything), "training_error": 1 - right, "test_accuracy": tested,
        "fine_convolution": given, "fine_activations": averaged,
    }  # fmt: skip


def feature_pictures(script: Path, training: Training) -> np.ndarray:
    """Make feature visualizations of channels of the last convolution, as published.

    Returns:
        (N, H, W, 3) uint8.
    """
    from vrnn.compute.features.optimizer import optimize
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source
    from vrnn.features.presets import with_overrides
    from vrnn.network.model_spec import ModelSpec

    model = LoadedModel(open_source(ModelSpec(str(script))), "layers")
    name = LAST_CONVOLUTION[training.network]
    node = next(node for node in model.network.nodes if node.name == name)
    settings = with_overrides("published", [f"steps={training.pictures}"])
    channels = range(min(PICTURED, node.shape[0]))
    going = optimize(model, node.id, channels, settings)
    while True:
        try:
            next(going)
        except StopIteration as end:
            return np.stack([found.pixels for found in end.value if not found.dead])
