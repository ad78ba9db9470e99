"""Plain data from and to frozen data classes: for files that people read and edit.

Nothing but numbers, text, lists and tables is read, and each value is checked against the field it
is for.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from vrnn.errors import VrnnError

T = TypeVar("T")
_NAMES = {Path: "a path", str: "text", int: "a whole number", float: "a number"}


def to_dict(value: Any) -> Any:
    """A data class as a table without the fields that are as they always are."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {}
        for field in fields(value):
            own = getattr(value, field.name)
            usual = field.default if field.default_factory is MISSING else field.default_factory()
            if own != usual:
                found[field.name] = to_dict(own)
        return found
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, frozenset):
        return [to_dict(v) for v in sorted(value)]
    if isinstance(value, tuple | list):
        return [to_dict(v) for v in value]
    return value


def from_dict(kind: type[T], table: Any, what: str, folder: Path) -> T:
    """A data class from a table. what: how a message calls it; folder: that paths are seen from.

    A class may say in `FORMER_NAMES` (old field name → its name now) and `FORMER_VALUES` (field →
    old value → its value now) what older files wrote.

    Raises VrnnError for a field that is unknown, missing, or of another kind.
    """
    if not isinstance(table, Mapping):
        raise VrnnError(f"{what} should be a table, not {table!r}")
    hints = get_type_hints(kind)
    former_names = getattr(kind, "FORMER_NAMES", {})
    former_values = getattr(kind, "FORMER_VALUES", {})
    hints = {key: hint for key, hint in hints.items() if get_origin(hint) is not ClassVar}
    given: dict[str, Any] = {}
    for written, value in table.items():
        key = former_names.get(written, written)
        if isinstance(value, str):
            value = former_values.get(key, {}).get(value, value)
        if key not in hints:
            known = ", ".join(hints) or "none"
            raise VrnnError(f"{what} has no '{key}'; known are {known}")
        given[key] = converted(value, hints[key], f"{what}.{key}", folder)
    try:
        return kind(**given)
    except TypeError as error:
        missing = [
            f.name for f in fields(kind)  # type: ignore[arg-type]
            if f.default is MISSING and f.default_factory is MISSING and f.name not in given
        ]  # fmt: skip
        raise VrnnError(f"{what} needs {', '.join(missing)}") from error


def converted(value: Any, hint: Any, what: str, folder: Path) -> Any:
    """A value as a field with this type has it. Raises VrnnError."""
    union = get_origin(hint) in (types.UnionType, typing.Union)
    options = get_args(hint) if union else (hint,)
    for option in options:
        origin = get_origin(option)
        if option is Path and isinstance(value, str):
            return folder / value
        if option is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if option in (bool, str, int) and type(value) is option:
            return value
        if is_dataclass(option) and isinstance(value, Mapping):
            return from_dict(typing.cast(type, option), value, what, folder)
        if origin is frozenset and isinstance(value, list):
            inner = get_args(option)[0]
            return frozenset(converted(v, inner, what, folder) for v in value)
        if origin is tuple and isinstance(value, list):
            kinds = [i for i in get_args(option) if i is not Ellipsis]
            if Ellipsis in get_args(option):
                kinds = kinds * len(value)
            if len(kinds) == len(value):
                return tuple(
                    converted(v, k, what, folder) for v, k in zip(value, kinds, strict=True)
                )
    wanted = " or ".join(
        _NAMES.get(o, "true or false" if o is bool else "a table" if is_dataclass(o) else "a list")
        for o in options
        if o is not type(None)
    )
    raise VrnnError(f"{what} should be {wanted}, not {value!r}")
