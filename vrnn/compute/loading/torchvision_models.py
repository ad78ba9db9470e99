"""Models of torchvision by name, with their published weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from torch import nn

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.downloads import (
    NoWeightsError,
    load_published,
    random_weights_note,
    shows_progress,
)
from vrnn.compute.loading.factories import unknown_name
from vrnn.compute.loading.shipped_models import photographs
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.errors import VrnnError
from vrnn.network.model_spec import split_weights_choice


def from_torchvision(text: str) -> ModelCandidate:
    """Build a torchvision model, with trained weights where these can be had.

    Class names and input size are those of its published weights.

    Args:
        text: Such as `resnet50`, `resnet50@IMAGENET1K_V1` or `resnet50@random`.

    Raises:
        VrnnError: There is no torchvision, or no such model or weights.
    """
    allow_torchvision()
    from torchvision import models

    name, choice = split_weights_choice(text)
    if name not in models.list_models():
        raise VrnnError(unknown_name("torchvision", name, models.list_models()))
    published = list(models.get_model_weights(name))
    wanted = _choose(name, choice, published)
    model: nn.Module | None = None
    notes: tuple[str, ...] = ()
    if wanted is not None:
        try:
            model = _build_trained(name, wanted)
        except NoWeightsError as error:
            notes = (random_weights_note(name, error),)
    is_random = model is None
    family = models.get_model_builder(name).__module__
    named = [w for w in published if w.meta.get("categories")]
    best = wanted if wanted in named else named[-1] if named else None
    mean, std = _normalization(best or (published[-1] if published else None), family)
    takes_photos = "video" not in family and "optical_flow" not in family
    return ModelCandidate(
        _build_random(name, family) if model is None else model, name, is_random,
        tuple(best.meta["categories"]) if best is not None else (),
        photographs() if takes_photos else None, None, _input_size(best),
        mean=mean, std=std, notes=notes,
    )  # fmt: skip


def _choose(name: str, choice: str, published: Sequence[Any]) -> Any:
    """The weights to load, a member of torchvision's enumeration; None for random ones."""
    if choice == "random" or (not choice and not published):
        return None
    if not choice or choice == "DEFAULT":
        return type(published[0]).DEFAULT
    for weights in published:
        if weights.name == choice:
            return weights
    names = [weights.name for weights in published]
    raise VrnnError(unknown_name(f"torchvision's {name}", choice, names, "weights"))


def _build_trained(name: str, weights: Any) -> nn.Module:
    from torchvision import models

    # A quantized network is built of floats, with the weights that it was quantized from.
    weights = weights.meta.get("unquantized") or weights
    with patch("torchvision.models._api.load_state_dict_from_url", load_published):
        model: nn.Module = models.get_model(name, weights=weights, progress=shows_progress())
    return model


def _build_random(name: str, family: str) -> nn.Module:
    from torchvision import models

    options: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False  # SciPy's truncated normal takes half a minute
    if "segmentation" in family or "detection" in family:
        options["weights_backbone"] = None
    model: nn.Module = models.get_model(name, **options)
    return model


def _normalization(weights: Any, family: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation by which published weights take values 0…1."""
    if "detection" in family:  # it normalizes its images itself
        return (0.0,) * 3, (1.0,) * 3
    if "optical_flow" in family:  # -1…1, as their transform does without telling so
        return (0.5,) * 3, (0.5,) * 3
    preset = None if weights is None else weights.transforms()
    mean, std = (getattr(preset, name, None) for name in ("mean", "std"))
    return tuple(mean or IMAGENET_MEAN), tuple(std or IMAGENET_STD)


def _input_size(weights: Any) -> tuple[int, int] | None:
    """(height, width) in pixels that published weights are for."""
    if weights is None:
        return None
    transform = weights.transforms()
    crop = getattr(transform, "crop_size", None)
    if crop:
        side = crop[0] if isinstance(crop, list | tuple) else crop
        return int(side), int(side)
    smallest = weights.meta.get("min_size")
    return None if smallest is None else (max(224, smallest[0]), max(224, smallest[1]))
