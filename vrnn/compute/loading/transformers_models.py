"""Models for images from the Hugging Face Hub, through Transformers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.downloads import NoWeightsError, random_weights_note
from vrnn.compute.loading.hub_access import hub_access
from vrnn.compute.loading.shipped_models import photographs, sample_photograph
from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.errors import VrnnError, error_text
from vrnn.media.image_reader import center_crop_resize
from vrnn.network.model_spec import split_weights_choice

KINDS = ("ForImageClassification", "ForSemanticSegmentation", "ForObjectDetection")
"""Ends of the names of classes that take an image."""


def from_transformers(text: str) -> ModelCandidate:
    """Build a model of the Hub, with its weights, labels and preprocessing.

    Code that comes with a model is never run.

    Args:
        text: Such as `microsoft/resnet-50`, `microsoft/resnet-50@main` with a revision, or
            `microsoft/resnet-50@random`.

    Raises:
        VrnnError: There is no Transformers, no such model, or it takes no image.
    """
    if find_spec("transformers") is None:
        raise VrnnError("transformers is not installed; run: pip install 'vrnn[hf]'")
    watch_torchvision()
    import transformers

    transformers.logging.set_verbosity_error()
    name, choice = split_weights_choice(text)
    revision = None if choice in ("", "random") else choice
    config = _read_config(name, revision)
    kind = _find_class(name, config)
    model: nn.Module | None = None
    notes: tuple[str, ...] = ()
    if choice != "random":
        try:
            with hub_access():
                model, report = kind.from_pretrained(
                    name, config=config, revision=revision, dtype=torch.float32,
                    output_loading_info=True,
                )  # fmt: skip
            notes = _missing_note(report)
        except (NoWeightsError, OSError, ValueError) as error:
            reason = error if isinstance(error, NoWeightsError) else NoWeightsError(_first(error))
            notes = (random_weights_note(name, reason),)
    is_random = model is None
    if model is None:
        model = kind(config)
    processing = _find_processing(name, revision)
    labels = getattr(config, "id2label", None) or {}
    return ModelCandidate(
        model, name.rpartition("/")[2], is_random,
        tuple(str(label).split(",")[0] for _, label in sorted(labels.items())),
        photographs(), processing.transform, processing.input_size, None,
        processing.mean, processing.std, notes=notes,
    )  # fmt: skip


def _read_config(name: str, revision: str | None) -> Any:
    from transformers import AutoConfig

    try:
        with hub_access():
            return AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    except NoWeightsError as error:
        raise VrnnError(f"'{name}' cannot be read from the Hugging Face Hub: {error}") from error
    except (OSError, ValueError, KeyError) as error:
        raise VrnnError(f"'{name}' is not a model of Transformers: {_first(error)}") from error


def _find_class(name: str, config: Any) -> Any:
    import transformers

    architectures = getattr(config, "architectures", None) or ()
    for architecture in architectures:
        if architecture.endswith(KINDS) and hasattr(transformers, architecture):
            return getattr(transformers, architecture)
    what = ", ".join(architectures) or f"of the type {config.model_type}"
    raise VrnnError(
        f"'{name}' is {what}; hf: opens models for image classification, segmentation and "
        "detection, others are built in a script with from_pretrained"
    )


def _missing_note(report: Any) -> tuple[str, ...]:
    """What is said of weights that the checkpoint does not have, as of a new head."""
    missing = sorted(report.get("missing_keys", ()))
    if not missing:
        return ()
    more = ", …" if len(missing) > 4 else ""
    return (f"{len(missing)} weights missing there are random ({', '.join(missing[:4])}{more})",)


@dataclass(frozen=True)
class _Processing:
    """How an image becomes an input.

    Attributes:
        transform: Takes a Pillow image and returns a (C, H, W) tensor; None for vrnn's own.
        input_size: (height, width), pixels; None where it is not known.
        mean: By channel.
        std: By channel.
    """

    transform: Callable[[Image.Image], torch.Tensor] | None
    input_size: tuple[int, int] | None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def _find_processing(name: str, revision: str | None) -> _Processing:
    """The preprocessing that a model comes with; what it is usually where there is none."""
    from transformers import AutoImageProcessor

    try:
        with hub_access():
            processor = AutoImageProcessor.from_pretrained(name, revision=revision)
    except (VrnnError, OSError, ValueError, ImportError):
        return _Processing(None, None)

    def process(image: Image.Image) -> torch.Tensor:
        values: torch.Tensor = processor(images=image, return_tensors="pt")["pixel_values"][0]
        return values

    photograph = sample_photograph()
    height, width = process(Image.fromarray(photograph)).shape[-2:]

    def transform(image: Image.Image) -> torch.Tensor:
        # Where the size follows the image's shape, all images get one, as the graph has one.
        cropped = center_crop_resize(np.asarray(image.convert("RGB")), *photograph.shape[:2])
        return process(Image.fromarray(cropped))

    square = process(Image.fromarray(center_crop_resize(photograph, 256, 256)))
    is_fixed = square.shape[-2:] == (height, width)
    if not getattr(processor, "do_normalize", True):
        mean, std = (0.0,) * 3, (1.0,) * 3
    else:
        mean, std = tuple(processor.image_mean), tuple(processor.image_std)
    return _Processing(process if is_fixed else transform, (height, width), mean, std)


def _first(error: Exception) -> str:
    """The first sentence of a long message."""
    return error_text(error).split(". ")[0][:200]
