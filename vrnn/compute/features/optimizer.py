"""Feature visualization by gradient ascent on the input.

A generator yields after each step, so that whoever drives it can show, pause or end it there. The
model is left as it was: only the images get gradients, random numbers have a generator of their
own, and modes are put back.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from torch import nn

from vrnn.compute.features.objective_step import NO_GRADIENT, ObjectiveGradient, has_bfloat16_units
from vrnn.compute.features.objectives import objective_values, penalties
from vrnn.compute.features.parametrization import ImageParametrization
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import explain_error, is_out_of_memory
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_tensors
from vrnn.compute.passes.partial_forward import PartialForward
from vrnn.errors import VrnnError, error_text
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings

DEAD_GRAY = 24
"""Value, sRGB, of the image of a channel that nothing changes."""
CPU_MEMORY = 1 << 30
"""Bytes that a batch of images may take for layers' values on a CPU; more go one after another."""
MAX_BATCH = {"cpu": 8, "cuda": 256}
"""Most images at once, by type of device, 8 for others: a CPU's cache holds no more."""
SNAPSHOT_COUNT = 8
SNAPSHOT_SIDE = 48
"""Pixels of the longer side of a snapshot, at most."""
UNDIFFERENTIABLE = ("not implemented", "does not require grad", "not differentiable")
"""What torch's errors say of operations without a gradient."""
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
    batch: _FeatureBatch | None = None
    while remaining:
        if batch is not None:
            batch = None  # the memory of one that failed is what the next one needs
            gc.collect()
        first = [c for c in control.priority_channels() if c in remaining]
        part = list(dict.fromkeys((*first, *remaining)))[: max(1, batch_size // samples)]
        targets = [(c, k) for c in part for k in range(samples)]
        try:
            batch = _FeatureBatch(model, node, targets, settings, inputs, control.check_stop)
            previewed = started = time.perf_counter()
            for step in range(1, settings.steps + 1):
                batch.step(step)
                now = time.perf_counter()
                previews: tuple[FeatureImage, ...] = ()
                if now - previewed > control.preview_interval:
                    previewed, previews = now, tuple(batch.images())
                part_done = done + len(targets) * step / settings.steps
                yield OptimizationProgress(part_done, total, step, settings.steps, previews)
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
    first = _image_in(model, inputs)
    if first is None:
        raise VrnnError(
            f"{model.source.title} takes no image, so no image can be optimized for a layer; "
            "choose a model that takes images"
        )
    return inputs, first


def _image_in(model: LoadedModel, inputs: ModelInputs) -> torch.Tensor | None:
    """The (N, C, H, W) input that takes an image."""
    slot = model.source.image_slot
    if slot is None or slot.axes != "nchw":
        return None
    tensor: torch.Tensor = leaves_in(inputs)[slot.index]
    return tensor if tensor.is_floating_point() else None


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


class _FeatureBatch:
    """Images that are optimized together."""

    def __init__(
        self,
        model: LoadedModel,
        node: int,
        targets: Sequence[tuple[int, int]],
        settings: FeatureVisSettings,
        inputs: ModelInputs,
        check_stop: Callable[[], None],
    ) -> None:
        """targets: channel and sample of each image; inputs: the model's."""
        self._node, self._targets = node, list(targets)
        self._layout = model.view.map_layouts[node]
        self._settings, self._inputs = settings, inputs
        self._forward = PartialForward(model.source.model, model.view, node, check_stop)
        first = _image_in(model, inputs)
        assert first is not None
        self._first = first
        self._device = first.device
        # Each image's random numbers are its own, whatever batch it is in.
        self._generators = [
            torch.Generator().manual_seed(_seed(settings, c, k)) for c, k in self._targets
        ]
        self._parametrization = ImageParametrization(
            first, settings, model.source, self._generators
        )
        self._channels = torch.tensor([c for c, _ in self._targets], device=self._device)
        self._curves: list[list[float]] = [[] for _ in self._targets]
        self._is_finite = torch.ones(len(self._targets), dtype=torch.bool)
        self._has_moved = torch.zeros(len(self._targets), dtype=torch.bool)
        use_bfloat16 = settings.precision == "fast" and has_bfloat16_units(self._device)
        self._gradient = ObjectiveGradient(self._objective, use_bfloat16)
        self._snapshots: list[np.ndarray] = []
        self._snapshot_steps = snapshot_steps(settings.steps)

    def step(self, number: int) -> None:
        """Do one step of all images that are still finite.

        Raises:
            VrnnError: The layer has no gradient.
        """
        settings = self._settings
        images = self._parametrization.images()
        if number - 1 in self._snapshot_steps:
            self._snapshots.append(self._snapshot(images))
        is_final_phase = number > settings.steps - settings.untransformed_steps
        transformed = (
            images if is_final_phase else transform_images(images, settings, self._generators)
        )
        try:
            objectives, image_gradient = self._gradient(transformed.detach())
        except (NotImplementedError, RuntimeError) as error:
            raise _translate_error(error) from error
        penalty = penalties(images, settings)
        outputs, gradients = [transformed], [image_gradient]
        if penalty is not None:
            outputs.append(-penalty)
            gradients.append(torch.ones_like(penalty))
        gradient = torch.autograd.grad(outputs, self._parametrization.values, gradients)[0]
        is_finite = torch.isfinite(gradient).flatten(1).all(1) & torch.isfinite(objectives)
        good = self._is_finite & is_finite.cpu()
        self._is_finite = good
        self._has_moved |= good & (gradient.flatten(1).abs().amax(1) > 0).cpu()
        for curve, value, ok in zip(self._curves, objectives.tolist(), good.tolist(), strict=True):
            curve.append(value if ok else float("nan"))
        self._parametrization.ascend(gradient, good.to(self._device))
        if not is_final_phase:
            self._parametrization.pull_to_mean(settings.mean_pull, good.to(self._device))

    def _objective(self, images: torch.Tensor) -> torch.Tensor:
        """(N,) what each image maximizes."""
        tensor = self._forward(self._with_images(images))
        return objective_values(tensor, self._layout, self._channels, self._settings)

    def _with_images(self, images: torch.Tensor) -> ModelInputs:
        """The model's inputs with these images for the one that takes them, the others repeated."""

        def replace(one: torch.Tensor) -> torch.Tensor:
            if one is self._first:
                return images
            return one.expand(len(images), *one.shape[1:]) if one.dim() and len(one) == 1 else one

        inputs: ModelInputs = map_tensors(self._inputs, replace)
        return inputs

    def _snapshot(self, images: torch.Tensor) -> np.ndarray:
        """(N, h, w, 3) uint8: the images at this moment, small."""
        images = images.detach()
        factor = -(-max(images.shape[2:]) // SNAPSHOT_SIDE)
        if factor > 1:
            images = torch.nn.functional.avg_pool2d(images, factor, ceil_mode=True)
        return self._parametrization.to_uint8(images)[0]

    def images(self, final: bool = False) -> list[FeatureImage]:
        """Return the images as they are now.

        Args:
            final: Whether to compute the objective on the untransformed images.
        """
        images = self._parametrization.images().detach()
        activations = [curve[-1] if curve else 0.0 for curve in self._curves]
        if final:
            with torch.no_grad():
                activations = self._objective(images).tolist()
            self._snapshots.append(self._snapshot(images))
        pixels, as_inputs = self._parametrization.to_uint8(images)
        dead = ~self._has_moved.numpy()
        if final:
            dead |= [len(c) > 1 and all(v == c[0] for v in c) for c in self._curves]
        pixels[dead] = DEAD_GRAY  # noise would look like a result
        snapshots = (
            list(zip(*self._snapshots, strict=True))
            if self._snapshots
            else [(one,) for one in pixels]
        )
        return [
            FeatureImage(
                self._node, channel, sample, pixels[i], as_inputs[i], activations[i],
                np.array(self._curves[i], np.float32), bool(dead[i]),
                not bool(self._is_finite[i]), np.stack(snapshots[i]),
            )
            for i, (channel, sample) in enumerate(self._targets)
        ]  # fmt: skip


def snapshot_steps(steps: int) -> frozenset[int]:
    """Return the steps after which snapshots are taken: more of them early, when most happens."""
    last = SNAPSHOT_COUNT - 1
    return frozenset(round(steps * (i / last) ** 2) for i in range(last))


def _translate_error(error: Exception) -> Exception:
    """A VrnnError if it is the layer that has no gradient, else the error itself."""
    text = error_text(error)
    if isinstance(error, NotImplementedError) or any(words in text for words in UNDIFFERENTIABLE):
        return VrnnError(f"{NO_GRADIENT} ({explain_error(error)})")
    return error


def _seed(settings: FeatureVisSettings, channel: int, sample: int) -> int:
    return (settings.seed * 1_000_003 + channel * 1009 + sample) % (2**63 - 1)
