"""Models by name from torchvision and timm, and from any importable factory."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from torch import nn

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.compute.user_traceback import explain_error
from vrnn.errors import VrnnError


def from_torchvision(name: str) -> ModelCandidate:
    """A torchvision model with random weights, and what its weights' description says of input."""
    allow_torchvision()
    from torchvision import models

    if name not in models.list_models():
        raise VrnnError(_unknown("torchvision", name, models.list_models()))
    options: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False  # SciPy's truncated normal takes half a minute
    if "segmentation" in models.get_model_builder(name).__module__:
        options["weights_backbone"] = None
    if "detection" in models.get_model_builder(name).__module__:
        options["weights_backbone"] = None
    model = models.get_model(name, **options)
    weights = [w for w in models.get_model_weights(name) if w.meta.get("categories")]
    best = weights[-1] if weights else None
    categories = tuple(best.meta["categories"]) if best is not None else ()
    detection = "detection" in models.get_model_builder(name).__module__
    return ModelCandidate(
        model, name, True, categories, None, None, _size(best),
        mean=(0.0,) * 3 if detection else IMAGENET_MEAN,
        std=(1.0,) * 3 if detection else IMAGENET_STD,
    )  # fmt: skip


def _size(weights: Any) -> tuple[int, int] | None:
    if weights is None:
        return None
    transform = weights.transforms()
    crop = getattr(transform, "crop_size", None)
    if crop:
        side = crop[0] if isinstance(crop, list | tuple) else crop
        return int(side), int(side)
    smallest = weights.meta.get("min_size")
    return None if smallest is None else (max(224, smallest[0]), max(224, smallest[1]))


def from_timm(name: str) -> ModelCandidate:
    """A timm model with random weights, and the input its configuration asks for."""
    if find_spec("timm") is None:
        raise VrnnError("timm is not installed; run: pip install timm")
    allow_torchvision()
    import timm
    from timm.data import ImageNetInfo, resolve_model_data_config

    known = timm.list_models()
    plain = name.split(".")[0]
    if plain not in known:
        raise VrnnError(_unknown("timm", name, known))
    model = timm.create_model(plain, pretrained=False)
    config = resolve_model_data_config(model)
    names: tuple[str, ...] = ()
    if getattr(model, "num_classes", 0) == 1000:
        info = ImageNetInfo()
        names = tuple(info.index_to_description(i).split(",")[0] for i in range(1000))
    height, width = config["input_size"][-2:]
    return ModelCandidate(
        model, name, True, names, None, None, (height, width), None, config["mean"], config["std"]
    )


def from_factory(text: str) -> ModelCandidate:
    """`package.module:factory`: a function or class without needed arguments, or a module."""
    place, _, name = text.rpartition(":")
    try:
        module = importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and place.startswith(error.name):
            raise VrnnError(
                f"there is no module '{place}' to import; a script is given as script.py or "
                "script.py:Name"
            ) from error
        raise VrnnError(f"cannot import '{place}': {explain_error(error)}") from error
    except Exception as error:
        raise VrnnError(f"cannot import '{place}': {explain_error(error)}") from error
    found = getattr(module, name, None)
    if found is None:
        raise VrnnError(_unknown(place, name, [n for n in vars(module) if not n.startswith("_")]))
    return ModelCandidate(instantiate(found, text), name)


def instantiate(found: Any, what: str) -> nn.Module:
    """A module from itself, or from a function or class that makes one. Raises VrnnError."""
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise VrnnError(
            f"'{what}' is {_kind(found)}, not an nn.Module or a function that makes one"
        )
    model = call_user_code(found, what)
    if not isinstance(model, nn.Module):
        raise VrnnError(f"'{what}' gave {_kind(model)}, not an nn.Module; return the model")
    return model


def call_user_code(function: Callable[..., Any], what: str) -> Any:
    """Call the user's function; an exception becomes a sentence with the user's own line."""
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise VrnnError(f"cannot build '{what}': {explain_error(error)}") from error


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__}"


def _unknown(place: str, name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, 5, 0.5)
    hint = f"close to it: {', '.join(close)}" if close else f"it has {len(known)} others"
    return f"{place} has no model '{name}'; {hint}"
