"""Models by name from torchvision and timm, and from any importable factory."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

from vrnn.compute.forked_process import own_process
from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.torchvision_compat import allow_torchvision, watch_torchvision
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.loading.weight_origin import is_untrained, watching_weights
from vrnn.errors import VrnnError, is_ctrl_c


def from_torchvision(name: str) -> ModelCandidate:
    """Build a torchvision model with random weights.

    Class names and input size are those of its published weights.

    Args:
        name: Such as `resnet50`.

    Raises:
        VrnnError: There is no torchvision, or no such model.
    """
    allow_torchvision()
    from torchvision import models

    if name not in models.list_models():
        raise VrnnError(_unknown_name("torchvision", name, models.list_models()))
    family = models.get_model_builder(name).__module__
    options: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False  # SciPy's truncated normal takes half a minute
    if "segmentation" in family or "detection" in family:
        options["weights_backbone"] = None
    model = models.get_model(name, **options)
    weights = [w for w in models.get_model_weights(name) if w.meta.get("categories")]
    best = weights[-1] if weights else None
    categories = tuple(best.meta["categories"]) if best is not None else ()
    normalizes_itself = "detection" in family
    return ModelCandidate(
        model, name, True, categories, None, None, _input_size(best),
        mean=(0.0,) * 3 if normalizes_itself else IMAGENET_MEAN,
        std=(1.0,) * 3 if normalizes_itself else IMAGENET_STD,
    )  # fmt: skip


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


def from_timm(name: str) -> ModelCandidate:
    """Build a timm model with random weights and the input size of its configuration.

    Args:
        name: Such as `vit_small_patch16_224`; a suffix behind a dot, which names weights, is
            ignored.

    Raises:
        VrnnError: There is no timm, or no such model.
    """
    if find_spec("timm") is None:
        raise VrnnError("timm is not installed; run: pip install timm")
    allow_torchvision()
    import timm
    from timm.data import ImageNetInfo, resolve_model_data_config

    known = timm.list_models()
    architecture = name.split(".")[0]
    if architecture not in known:
        raise VrnnError(_unknown_name("timm", name, known))
    model = timm.create_model(architecture, pretrained=False)
    config = resolve_model_data_config(model)
    class_names: tuple[str, ...] = ()
    if getattr(model, "num_classes", 0) == 1000:
        info = ImageNetInfo()
        class_names = tuple(info.index_to_description(i).split(",")[0] for i in range(1000))
    height, width = config["input_size"][-2:]
    return ModelCandidate(
        model, name, True, class_names, None, None, (height, width), None, config["mean"],
        config["std"],
    )  # fmt: skip


def from_factory(text: str) -> ModelCandidate:
    """Import a model, or what makes one without arguments.

    Args:
        text: `package.module:factory`, the name of a function, a class or an nn.Module.

    Raises:
        VrnnError: It cannot be imported, or makes no nn.Module.
    """
    with watching_weights() as events:
        model = instantiate(_import(text), text)
    return ModelCandidate(model, text.rpartition(":")[2], is_untrained(model, events))


def _import(text: str) -> Any:
    """What `package.module:name` names; raises VrnnError where there is no such thing."""
    module_name, _, name = text.rpartition(":")
    if _is_standard(module_name):
        raise VrnnError(_no_model_of_python(text))
    _add_present_folder(module_name)
    watch_torchvision()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and module_name.startswith(error.name):
            raise VrnnError(
                f"there is no module '{module_name}' to import; a script is given as script.py or "
                "script.py:Name"
            ) from error
        raise VrnnError(f"cannot import '{module_name}': {explain_error(error)}") from error
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        raise VrnnError(f"cannot import '{module_name}': {explain_error(error)}") from error
    value = getattr(module, name, None)
    if value is None:
        public = [n for n in vars(module) if not n.startswith("_")]
        raise VrnnError(_unknown_name(module_name, name, public))
    if inspect.isroutine(value) and _is_standard(getattr(value, "__module__", None) or ""):
        raise VrnnError(_no_model_of_python(text))
    return value


def _add_present_folder(module_name: str) -> None:
    """Find modules in the folder that the user stands in, as `python -m` does."""
    top = module_name.split(".")[0]
    here = Path.cwd()
    is_here = (here / f"{top}.py").is_file() or (here / top).is_dir()
    if is_here and str(here) not in sys.path:
        sys.path.insert(0, str(here))


def _is_standard(module_name: str) -> bool:
    """Whether a module is one of Python's own, none of which makes a model."""
    return module_name.partition(".")[0] in {*sys.stdlib_module_names, "posix", "nt"}


def _no_model_of_python(text: str) -> str:
    return f"'{text}' is of Python's own library, which has no models; it was not run"


def instantiate(value: Any, what: str) -> nn.Module:
    """Return a module, given itself or a function or class that makes it.

    Args:
        value: An nn.Module, or what makes one without arguments.
        what: What messages call it.

    Raises:
        VrnnError: It makes no nn.Module, or fails.
    """
    if isinstance(value, nn.Module):
        return value
    if not callable(value) or _inner_models(value):
        raise VrnnError(
            f"'{what}' is {_describe_type(value)}, not an nn.Module or a function that makes one"
            + _inner_advice(value, "write model = the wrapper's")
        )
    model = call_user_code(value, what)
    if not isinstance(model, nn.Module):
        raise VrnnError(
            f"'{what}' gave {_describe_type(model)}, not an nn.Module"
            + (_inner_advice(model, "return its") or "; return the model")
        )
    return model


def _inner_models(value: Any) -> list[str]:
    """Names under which an object that is no model holds one, as wrappers do."""
    if inspect.isclass(value) or inspect.isroutine(value):
        return []
    held = getattr(value, "__dict__", {})
    return [name for name, part in held.items() if isinstance(part, nn.Module)]


def _inner_advice(value: Any, what: str) -> str:
    names = _inner_models(value)
    best = "model" if "model" in names else (names or [""])[0]
    return f"; it holds one: {what} .{best}" if names else ""


def call_user_code(function: Callable[..., Any], what: str) -> Any:
    """Call the user's function without arguments.

    Args:
        function: The function.
        what: What messages call it.

    Raises:
        VrnnError: It failed; the message names the user's own line.
    """
    try:
        with own_process():
            return function()
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        raise VrnnError(f"cannot build '{what}': {explain_error(error)}") from error


def _describe_type(value: Any) -> str:
    return f"of type {type(value).__name__}"


def _unknown_name(source: str, name: str, known: Sequence[str]) -> str:
    similar = difflib.get_close_matches(name, known, 5, 0.5)
    hint = f"similar names: {', '.join(similar)}" if similar else f"it has {len(known)} others"
    return f"{source} has no model '{name}'; {hint}"
