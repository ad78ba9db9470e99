"""Images of a feature visualization that climb together, each with random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from vrnn.compute.features.objective_step import NO_GRADIENT, ObjectiveGradient, has_bfloat16_units
from vrnn.compute.features.objectives import objective_values, penalties
from vrnn.compute.features.parametrization import ImageParametrization
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_tensors
from vrnn.compute.passes.partial_forward import PartialForward
from vrnn.errors import VrnnError, error_text
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings

DEAD_GRAY = 24
"""Value, sRGB, of the image of a channel that nothing changes."""
SNAPSHOT_COUNT = 8
SNAPSHOT_SIDE = 48
"""Pixels of the longer side of a snapshot, at most."""
UNDIFFERENTIABLE = ("not implemented", "does not require grad", "not differentiable")
"""What torch's errors say of operations without a gradient."""


class ImageBatch:
    """Images that are optimized together.

    Attributes:
        targets: Channel and sample of each image.
    """

    def __init__(
        self,
        model: LoadedModel,
        node: int,
        targets: Sequence[tuple[int, int]],
        settings: FeatureVisSettings,
        inputs: ModelInputs,
        check_stop: Callable[[], None],
    ) -> None:
        """Begin with noise, or with the image of the settings.

        Args:
            model: The model.
            node: Id of the node.
            targets: Channel and sample of each image.
            settings: How the images are made.
            inputs: The model's, the one that takes an image among them.
            check_stop: Raises what is to end a step.
        """
        self._node, self.targets = node, list(targets)
        self._layout = model.view.map_layouts[node]
        self._settings, self._inputs = settings, inputs
        self._forward = PartialForward(model.source.model, model.view, node, check_stop)
        first = image_input(model, inputs)
        assert first is not None
        self._first = first
        self._device = first.device
        # Each image's random numbers are its own, whatever batch it is in.
        self._generators = [
            torch.Generator().manual_seed(_seed(settings, c, k)) for c, k in self.targets
        ]
        self._parametrization = ImageParametrization(
            first, settings, model.source, self._generators
        )
        self._channels = torch.tensor([c for c, _ in self.targets], device=self._device)
        self._curves: list[list[float]] = [[] for _ in self.targets]
        self._is_finite = torch.ones(len(self.targets), dtype=torch.bool)
        self._has_moved = torch.zeros(len(self.targets), dtype=torch.bool)
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
            for i, (channel, sample) in enumerate(self.targets)
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


def image_input(model: LoadedModel, inputs: ModelInputs) -> torch.Tensor | None:
    """Return the (N, C, H, W) input that takes an image; None where none does."""
    slot = model.source.image_slot
    if slot is None or slot.axes != "nchw":
        return None
    tensor: torch.Tensor = leaves_in(inputs)[slot.index]
    return tensor if tensor.is_floating_point() else None
