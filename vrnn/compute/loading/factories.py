"""Models from any importable factory, and messages about names that nothing has."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from vrnn.compute.forked_process import own_process
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.loading.weight_origin import is_untrained, watching_weights
from vrnn.errors import VrnnError, is_ctrl_c


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
        raise VrnnError(unknown_name(module_name, name, public))
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
    needed = _arguments_without_defaults(value)
    if needed:
        raise VrnnError(
            f"'{what}' takes {', '.join(needed)}, and vrnn calls it without arguments; let it "
            "return an nn.Module, whose forward takes them if they are data, or choose one that "
            "is built, as with model = Net(…) in the script"
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


def _arguments_without_defaults(function: Callable[[], Any]) -> list[str]:
    """Names of the arguments that have to be given; [] where that is not known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def _describe_type(value: Any) -> str:
    return f"of type {type(value).__name__}"


def unknown_name(source: str, name: str, known: Sequence[str], kind: str = "model") -> str:
    """Return a sentence about a name that a source does not have, with similar ones.

    Args:
        source: What was looked through.
        name: What was looked for.
        known: What there is.
        kind: What is named so.
    """
    similar = difflib.get_close_matches(name, known, 5, 0.5)
    hint = f"similar names: {', '.join(similar)}" if similar else f"it has {len(known)} others"
    return f"{source} has no {kind} '{name}'; {hint}"
