"""What `vrnn --model` opens to build a model anew, found from the model itself."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import torch
from torch import nn


def find_origin(model: nn.Module) -> str:
    """Return what `vrnn --model` opens to build a model of this kind; '' where it is not known.

    A class in a file of the user's own is named by it, unless running that file could train again.
    Models of timm and of torchvision are named as their libraries name them.

    Args:
        model: The model.
    """
    kind = type(model)
    package = kind.__module__.partition(".")[0]
    if package == "timm":
        pretrained = getattr(model, "pretrained_cfg", None)
        name = pretrained.get("architecture", "") if isinstance(pretrained, dict) else ""
        return f"timm:{name}@random" if name else ""
    if package == "torchvision":
        return _torchvision_name(model)
    try:
        file = inspect.getsourcefile(kind)
    except TypeError:  # made in a console
        return ""
    if file is None or package == "torch" or "site-packages" in file or "." in kind.__qualname__:
        return ""
    path = Path(file).resolve()
    return f"{path}:{kind.__name__}" if path.suffix == ".py" and _may_be_imported(path) else ""


def _torchvision_name(model: nn.Module) -> str:
    """The function of torchvision that builds a network with weights of the same shapes."""
    module = sys.modules[type(model).__module__]
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    for name in getattr(module, "__all__", ()):
        build = getattr(module, name)
        if not inspect.isfunction(build) or name.startswith("get_"):
            continue
        try:
            with torch.device("meta"):
                built = build(weights=None).state_dict()
        except Exception:  # one that needs more than torch, or other arguments
            continue
        if {n: t.shape for n, t in built.items()} == shapes:
            return f"torchvision:{name}@random"
    return ""


def _may_be_imported(script: Path) -> bool:
    """Whether a script trains only as the main program: at its top it neither loops nor calls."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    loops = (ast.For, ast.While, ast.With)
    return not any(
        isinstance(part, loops) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Call))
        for part in tree.body
    )
