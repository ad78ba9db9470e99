"""Inputs without evidence: black, gray, blurred, zero, or another image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from vrnn.compute.explain.prepared_input import ExplainedInput
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import ModelInputs, leaves_in
from vrnn.errors import VrnnError
from vrnn.explanations.settings import BASELINES
from vrnn.media.media_reader import read_media

BLUR_SHARE = 0.05
"""Radius of a blur, of the longer side of the image."""


def baseline_inputs(model: LoadedModel, given: ExplainedInput, kind: str) -> ModelInputs:
    """Return inputs like those of an image, without what is in it.

    Args:
        model: The model.
        given: What goes in.
        kind: One of BASELINES, or the path of an image file.

    Raises:
        VrnnError: There is no such baseline for this input.
    """
    if kind == "zero":
        return given.with_floats(torch.zeros_like)
    image = given.image
    if kind not in BASELINES:
        return _of_image(model, given, _read(Path(kind)))
    if image is None or not given.is_image:
        if kind in ("black", "gray"):
            return given.with_floats(torch.zeros_like)
        raise VrnnError(
            f"{model.source.title} takes no image that could be blurred; choose baseline = zero"
        )
    if kind == "blur":
        radius = BLUR_SHARE * max(image.shape[:2])
        blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
        return _of_image(model, given, np.asarray(blurred))
    return _of_image(model, given, np.full_like(image, 0 if kind == "black" else 128))


def _read(file: Path) -> np.ndarray:
    media = read_media(file)
    if not isinstance(media, np.ndarray):
        raise VrnnError(
            f"'{file}' holds no image; a baseline is {', '.join(BASELINES)} or an image"
        )
    return media


def _of_image(model: LoadedModel, given: ExplainedInput, image: np.ndarray) -> ModelInputs:
    """Inputs of another image, of the same shapes and types."""
    inputs = model.source.prepare(image).inputs
    for old, new in zip(leaves_in(given.inputs), leaves_in(inputs), strict=True):
        if isinstance(old, torch.Tensor) and old.shape != new.shape:
            raise VrnnError(
                f"the baseline becomes an input of {tuple(new.shape)}, not {tuple(old.shape)}; "
                "choose baseline = zero"
            )
    own = [leaf for leaf in leaves_in(inputs) if isinstance(leaf, torch.Tensor)]
    floats = iter(t for t in own if t.is_floating_point())
    return given.with_floats(lambda t: next(floats).to(t))
