"""Feature visualization by gradient ascent on the input.

A generator yields after each step, so that whoever drives it can show, pause or end it there. The
model is left as it was: only the images get gradients, random numbers have a generator of their
own, and modes are put back.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from torch import nn

from vrnn.compute.features.image_batch import ImageBatch, image_input
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.compute.model_inputs import ModelInputs
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings

CPU_MEMORY = 1 << 30
"""Bytes that a batch of images may take for layers' values on a CPU; more go one after another."""
MAX_BATCH = {"cpu": 8, "cuda": 256}
"""Most images at once, by type of device, 8 for others: a CPU's cache holds no more."""
NO_MEMORY = (
    "not enough memory for a single image of this layer; pass a smaller --input-size, or choose "
    "a layer nearer to the input"
)


@dataclass(frozen=True)
class OptimizationControl:
    """How an optimization is watched, hurried and ended while it runs.

    Attributes:
        preview_interval: Seconds after which the images so far come along.
        max_step_seconds: After slower steps fewer images are made at once, which can change them
            by rounding.
        priority_channels: Returns the channels that are to come first; called for each batch.
        check_stop: Raises what is to end a step; called all through it.
    """

    preview_interval: float = inf
    max_step_seconds: float = inf
    priority_channels: Callable[[], Sequence[int]] = tuple
    check_stop: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class OptimizationProgress:
    """How far an optimization is.

    Attributes:
        done: Number of finished images; those being made count in part.
        total: Number of all images.
        step: Step of the batch that is being made.
        steps: Steps of each batch.
        images: The images so far, where they are to be shown.
        finished: Whether these are the final images.
        notice: A sentence that the user should read.
    """

    done: float
    total: int
    step: int
    steps: int
    images: tuple[FeatureImage, ...] = ()
    finished: bool = False
    notice: str = ""


def optimize(
    model: LoadedModel,
    node: int,
    channels: Sequence[int],
    settings: FeatureVisSettings,
    image: np.ndarray | None = None,
    control: OptimizationControl | None = None,
) -> Generator[OptimizationProgress, None, list[FeatureImage]]:
    """Make feature visualizations for some channels of a node, in batches that fit into memory.

    Args:
        model: The model.
        node: Id of the node.
        channels: The channels.
        settings: How the images are made.
        image: (H, W, 3) uint8 to start from; None for the model's own sample.
        control: How the optimization is watched and ended.

    Yields:
        How far it is, after each step.

    Returns:
        The images in the order of the channels, each channel's samples together; objectives of the
        whole layer have one channel, 0.

    Raises:
        VrnnError: The layer has no gradient or no such channel, or there is too little memory.
    """
    control = control or OptimizationControl()
    inputs, first_input = _check_arguments(model, node, channels, settings, image)
    samples = settings.samples_per_channel
    remaining = [0] if settings.is_whole_layer else list(channels)
    order = list(remaining)
    batch_size = _batch_size(model, node, first_input.device)
    made: dict[int, list[FeatureImage]] = {}
    total = len(remaining) * samples
    done = 0
    batch: ImageBatch | None = None
    while remaining:
        if batch is not None:
            batch = None  # the memory of one that failed is what the next one needs
            gc.collect()
        first = [c for c in control.priority_channels() if c in remaining]
        part = list(dict.fromkeys((*first, *remaining)))[: max(1, batch_size // samples)]
        targets = [(c, k) for c in part for k in range(samples)]
        try:
            batch = ImageBatch(model, node, targets, settings, inputs, control.check_stop)
            started = time.perf_counter()
            yield from _climb(batch, settings.steps, done, total, control)
            images = batch.images(final=True)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(part) == 1:
                raise VrnnError(NO_MEMORY) from error
            batch_size = len(targets) // 2
            notice = (
                f"too little memory for {len(targets)} images at once: continuing with {batch_size}"
            )
            yield OptimizationProgress(done, total, 0, settings.steps, notice=notice)
            continue
        if (time.perf_counter() - started) / settings.steps > control.max_step_seconds:
            batch_size = max(1, batch_size // 2)
        done += len(images)
        for one in images:
            made.setdefault(one.channel, []).append(one)
        remaining = [c for c in remaining if c not in made]
        steps = settings.steps
        yield OptimizationProgress(done, total, steps, steps, tuple(images), True)
    return [one for channel in order for one in made[channel]]


def _climb(
    batch: ImageBatch, steps: int, done: int, total: int, control: OptimizationControl
) -> Iterator[OptimizationProgress]:
    """Do all steps of a batch; tell how far it is after each, and show its images now and then.

    Args:
        batch: The images that are being made.
        steps: How many steps.
        done: Number of images that were finished before it.
        total: Number of all images.
        control: How often images are shown.
    """
    previewed = time.perf_counter()
    for step in range(1, steps + 1):
        batch.step(step)
        now = time.perf_counter()
        previews: tuple[FeatureImage, ...] = ()
        if now - previewed > control.preview_interval:
            previewed, previews = now, tuple(batch.images())
        part_done = done + len(batch.targets) * step / steps
        yield OptimizationProgress(part_done, total, step, steps, previews)


def _check_arguments(
    model: LoadedModel,
    node: int,
    channels: Sequence[int],
    settings: FeatureVisSettings,
    image: np.ndarray | None,
) -> tuple[ModelInputs, torch.Tensor]:
    """The model's inputs, and the image among them."""
    count = model.view.map_layouts[node].shape[0]
    wrong = [c for c in channels if not 0 <= c < count]
    if wrong:
        raise VrnnError(f"this layer has channels 0 to {count - 1}, no channel {wrong[0]}")
    inputs = model.source.prepare(image).inputs
    first = image_input(model, inputs)
    if first is None:
        raise VrnnError(
            f"{model.source.title} takes no image, so no image can be optimized for a layer; "
            "choose a model that takes images"
        )
    return inputs, first


def _batch_size(model: LoadedModel, node: int, device: torch.device) -> int:
    """Images at once, so that the values of the layers up to a node fit into free memory."""
    bytes_per_image = 0
    for one in model.network.nodes:
        bytes_per_image += 4 * int(np.prod(one.shape))
        if one.id == node:
            break
    weights = next(nn.Module.parameters(model.source.model), torch.empty(0)).device
    is_on_gpu = weights.type == "cuda"
    free = torch.cuda.mem_get_info(weights)[0] // 2 if is_on_gpu else CPU_MEMORY
    fitting = max(1, free // max(3 * bytes_per_image, 1))
    return max(1, min(MAX_BATCH.get(device.type, MAX_BATCH["cpu"]), fitting))
