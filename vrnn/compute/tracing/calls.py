"""What a mode that watches torch's functions does not see by itself.

A `TorchFunctionMode` sees each call from Python. It does not see the inside of what was compiled by
`torch.jit`, nor the results of custom autograd functions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.autograd import Function
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class CustomFunction:
    """The end of a call of a custom autograd function, as a function that gives its result."""

    def __init__(self, kind: type, result: Any) -> None:
        """Hold the result.

        Args:
            kind: The subclass of `torch.autograd.Function` whose `apply` was called.
            result: What it returned.
        """
        self.__name__ = kind.__name__
        self.kind = kind
        self._result = result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result."""
        return self._result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CustomFunction) and other.kind is self.kind

    def __hash__(self) -> int:
        return hash(self.kind)


class _DispatchRelay(TorchDispatchMode):
    """Calls each operator from Python again, where modes that watch functions see it.

    Inside a function that such a mode has seen itself none is active, and nothing is seen twice.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


@contextmanager
def watch_calls(mode: TorchFunctionMode, inside_scripts: bool) -> Iterator[None]:
    """Let a mode see each call of this thread, those of custom autograd functions behind theirs.

    What such a function does inside is seen as well, as far as it calls torch.

    Args:
        mode: What watches.
        inside_scripts: Whether operators called by compiled code are seen too. It costs some
            microseconds an operation.
    """
    original = Function.__dict__["apply"]
    thread = threading.get_ident()

    def apply(kind: type, *args: Any, **kwargs: Any) -> Any:
        result = original.__get__(None, kind)(*args, **kwargs)
        if threading.get_ident() != thread or mode not in _active_modes():
            return result
        with torch._C.DisableTorchFunction():
            return mode.__torch_function__(CustomFunction(kind, result), (), args, kwargs)

    with ExitStack() as stack:
        Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
        stack.callback(setattr, Function, "apply", original)
        if inside_scripts:
            stack.enter_context(_DispatchRelay())
        stack.enter_context(mode)
        yield


def _active_modes() -> list[Any]:
    return torch.overrides._get_current_function_mode_stack()
