"""The modules of a model by path, those in plain lists too, and which of them runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CellType, ModuleType
from typing import Any

import torch
from torch import nn

from vrnn.compute.tracing.tensors import list_tensors


def named_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield each module of a model once, with its path.

    In place of `Module.named_modules`, which a model may hide behind an attribute of that name, and
    which does not find the modules in plain lists and dicts. Registered ones come first.
    """
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", model)]
    unregistered: list[tuple[str, Any]] = []
    while waiting or unregistered:
        path, module = waiting.pop() if waiting else unregistered.pop(0)
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module
        prefix = f"{path}." if path else ""
        children = [(prefix + name, m) for name, m in module._modules.items() if m is not None]
        waiting += reversed(children)
        for name, value in vars(module).items():
            if isinstance(value, _CONTAINERS) and value and not name.startswith("_"):
                unregistered += _modules_in(prefix + name, value)


def modules_of(model: nn.Module) -> list[nn.Module]:
    """Return the modules that `named_modules` yields, in any order; in half of its time."""
    found: dict[int, nn.Module] = {}
    waiting = [model]
    while waiting:
        module = waiting.pop()
        if id(module) in found:
            continue
        found[id(module)] = module
        waiting += [child for child in module._modules.values() if child is not None]
        for name, value in vars(module).items():
            if isinstance(value, _CONTAINERS) and value and not name.startswith("_"):
                items = value.values() if isinstance(value, dict) else value
                waiting += [item for item in items if isinstance(item, nn.Module)]
    return list(found.values())


_CONTAINERS = (list, tuple, dict)
_OWN_ATTRIBUTES = frozenset(vars(nn.Module())) - {"_buffers"}


def kept_values(module: nn.Module) -> list[Any]:
    """Return the buffers of a module and what else it holds beside submodules and parameters."""
    return [v for k, v in vars(module).items() if k not in _OWN_ATTRIBUTES]


def _modules_in(path: str, value: Any) -> Iterator[tuple[str, nn.Module]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, nn.Module):
            yield f"{path}.{key}", item


def named_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield each parameter of these modules once, with its path."""
    return parameters_of(named_modules(model))


def parameters_of(
    modules: Iterable[tuple[str, nn.Module]],
) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield each parameter of some modules once, with its path.

    Args:
        modules: What `named_modules` yields.
    """
    seen: set[int] = set()
    for path, module in modules:
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield f"{path}.{name}" if path else name, parameter


def tensors_held(modules: Iterable[tuple[str, nn.Module]]) -> dict[int, torch.Tensor]:
    """Tensors that the modules hold as buffers or plain attributes, by `id`."""
    held: dict[int, torch.Tensor] = {}
    for _, module in modules:
        held.update((id(t), t) for t in list_tensors(kept_values(module), 3))
        if isinstance(module, torch.jit.ScriptModule):
            held.update((id(b), b) for b in module.buffers(recurse=False))
    return held


def tensors_of_scripts(modules: Iterable[tuple[str, nn.Module]]) -> dict[int, torch.Tensor]:
    """Tensors that functions of the modules find outside of them, by `id`.

    Those in the global names of the files that the modules and other loaded code are from, in
    their classes, and in the closures and default arguments of `forward`.
    """
    spaces: list[Iterable[Any]] = [
        vars(loaded).values() for loaded in sys.modules.copy().values() if _is_user_code(loaded)
    ]
    for kind in {type(module) for _, module in modules}:
        forward = getattr(kind, "forward", None)
        spaces += [vars(base).values() for base in kind.__mro__ if base.__module__ != _TORCH]
        spaces.append(getattr(forward, "__globals__", {}).values())
        spaces.append(getattr(forward, "__defaults__", None) or ())
        cells = getattr(forward, "__closure__", None) or ()
        spaces.append([cell.cell_contents for cell in cells if cell != CellType()])
    return {id(t): t for space in spaces for t in _plain_tensors(list(space))}


_TORCH = nn.Module.__module__
MAX_ITEMS = 64
"""Items of lists and dicts among global names that are looked at."""


def _is_user_code(loaded: Any) -> bool:
    """Whether a module is no part of torch, NumPy or Python, which hold no model's constants."""
    name = getattr(loaded, "__name__", "").partition(".")[0]
    is_library = name in ("torch", "numpy", "vrnn") or name in sys.stdlib_module_names
    return isinstance(loaded, ModuleType) and not is_library


def _plain_tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif type(value) in _CONTAINERS and len(value) <= MAX_ITEMS:
            items = value.values() if isinstance(value, dict) else value
            yield from (item for item in items if isinstance(item, torch.Tensor))


class ModuleStack:
    """Which module runs.

    Attributes:
        paths: Path of each module, by `id`.
        leaves: Paths of the modules without children.
        types: Class name of each module, by path.
        modules: Path and module, of each.
    """

    def __init__(self, model: nn.Module) -> None:
        self.modules = list(named_modules(model))
        self.paths: Mapping[int, str] = {id(m): path for path, m in self.modules}
        self.leaves = {
            path for path, m in self.modules
            if set(m._modules.keys()) <= {"parametrizations"}
        }  # fmt: skip
        self.types = {path: type(m).__name__ for path, m in self.modules}
        self._stack: list[tuple[str, int]] = [("", 0)]
        self._calls: dict[str, int] = {}

    @property
    def current(self) -> tuple[str, int]:
        """Path of the innermost module that runs, and the number of its call."""
        return self._stack[-1]

    def enter(self, module: nn.Module) -> None:
        """Note that a module begins to run."""
        path = self.paths.get(id(module))
        if path is not None:
            call = self._calls.get(path, 0)
            self._calls[path] = call + 1
            self._stack.append((path, call))

    def leave(self, module: nn.Module) -> None:
        """Note that a module has ended, and with it all that it had begun."""
        path = self.paths.get(id(module))
        for depth in range(len(self._stack) - 1, 0, -1):
            if self._stack[depth][0] == path:
                del self._stack[depth:]
                return
