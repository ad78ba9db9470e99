"""What a script says of its model's input and output, checked: one sentence for what is wrong."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from vrnn.compute.forked_process import own_process
from vrnn.compute.loading.factories import call_user_code
from vrnn.errors import VrnnError
from vrnn.network.axes import AXIS_LETTERS, AxisRole, parse_roles

MAX_SIDE = 16384
"""Pixels of the longer side of an input."""


class ScriptAttributes:
    """Reads the names at the top level of a script; what is missing is None."""

    def __init__(self, module: ModuleType, path: Path) -> None:
        """Remember the script.

        Args:
            module: The script after it ran.
            path: Its file.
        """
        self._module, self._path = module, path

    def _value(self, name: str) -> Any:
        with own_process():  # a script may have a function that makes what is asked for
            return getattr(self._module, name, None)

    def _wrong(self, name: str, what: str, value: Any) -> VrnnError:
        return VrnnError(f"'{self._path.name}': {name} should be {what}, not {_described(value)}")

    def axes(self) -> dict[str, tuple[AxisRole, ...]]:
        """Return what the axes of the inputs hold, by the name of the input; '' is the first one.

        Raises:
            VrnnError: It is neither a text nor a dict of texts, or names no roles.
        """
        value = self._value("axes")
        if value is None or callable(value) or not isinstance(value, str | dict):
            return {}  # such as matplotlib's axes
        texts = {"": value} if isinstance(value, str) else value
        axes = {}
        for name, text in texts.items():
            roles = parse_roles(text) if isinstance(text, str) else None
            if not isinstance(name, str) or roles is None:
                raise self._wrong(
                    "axes",
                    f"letters of {' '.join(AXIS_LETTERS)} such as 'N C H W', or such a text for "
                    "each input by its name",
                    value,
                )
            axes[name] = roles
        return axes

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """Return `mean` or `std`: finite numbers, deviations above 0.

        Args:
            name: Of the attribute.

        Raises:
            VrnnError: It is something else.
        """
        value = self._value(name)
        if value is None or callable(value):
            return None
        what = "one number for each channel" + (", above 0" if name == "std" else "")
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        try:
            array = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(name, what, value) from error
        if array.dtype.kind not in "iuf" or (array.ndim > 1 and array.size != max(array.shape)):
            raise self._wrong(name, what, value)
        values = tuple(float(v) for v in array.reshape(-1))
        is_positive = name != "std" or all(v > 0 for v in values)
        if not values or not is_positive or not all(math.isfinite(v) for v in values):
            raise self._wrong(name, what, value)
        return values

    def input_size(self) -> tuple[int, int] | None:
        """Return (height, width) in pixels.

        Raises:
            VrnnError: It is no size.
        """
        value = self._value("input_size")
        if value is None or callable(value):
            return None
        what = "(height, width) in pixels, such as (180, 250), or one number"
        try:
            sizes = [value, value] if np.ndim(value) == 0 else list(value)[-2:]
            whole = all(not isinstance(n, bool) and int(n) == n for n in sizes)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._wrong("input_size", what, value) from error
        if not whole or len(sizes) != 2 or not all(1 <= n <= MAX_SIDE for n in sizes):
            raise self._wrong("input_size", what, value)
        return int(sizes[0]), int(sizes[1])

    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes.

        Raises:
            VrnnError: They are no list.
        """
        value = self._value("class_names")
        if value is None or callable(value):
            return ()
        if isinstance(value, Mapping) and all(isinstance(k, int) for k in value):
            value = [value.get(i, f"class {i}") for i in range(max(value, default=-1) + 1)]
        if isinstance(value, bytes | Mapping) or not hasattr(value, "__iter__"):
            raise self._wrong("class_names", 'a list of names, such as ["cat", "dog"]', value)
        return tuple(str(name) for name in value)

    def function(self, name: str, what: str) -> Callable[[Any], Any] | None:
        """Return a function of the script.

        Args:
            name: Of the attribute.
            what: What it takes and returns, for the message.

        Raises:
            VrnnError: It cannot be called.
        """
        value = self._value(name)
        if value is not None and not callable(value):
            raise self._wrong(name, f"a function that takes {what}", value)
        function: Callable[[Any], Any] | None = value
        return function

    def tokenizer(self) -> Any:
        """Return what turns a text into token ids: a function, or an object with `encode`.

        Raises:
            VrnnError: It is neither.
        """
        value = self._value("tokenizer")
        is_text = isinstance(value, str)  # which has `encode` too
        if is_text or not (value is None or callable(value) or hasattr(value, "encode")):
            raise self._wrong("tokenizer", "a function from a text to token ids", value)
        return value

    def sample_rate(self) -> int | None:
        """Return the samples per second of the sounds that the model takes.

        Raises:
            VrnnError: It is no such number.
        """
        value = self._value("sample_rate")
        if value is None or callable(value):
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 1 <= value <= 10_000_000:
            raise self._wrong("sample_rate", "samples per second, such as 16000", value)
        return int(value)

    def example_input(self) -> Any:
        """Return an example of the model's arguments, or what makes one, called.

        Raises:
            VrnnError: The function that makes it fails, or it holds nothing.
        """
        value = self._value("example_input")
        if inspect.isfunction(value):
            value = call_user_code(value, f"{self._path.name}:example_input")
        is_empty = isinstance(value, list | tuple | Mapping) and not len(value)
        if is_empty:
            raise self._wrong(
                "example_input", "what forward takes, such as torch.rand(1, 3, 64, 64)", value
            )
        return value


def _described(value: Any) -> str:
    """A short text about a value."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {'×'.join(map(str, value.shape)) or '1'}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {'×'.join(map(str, value.shape)) or '1'}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
