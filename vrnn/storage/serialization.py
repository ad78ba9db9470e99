"""Conversion between frozen data classes and the plain data of files that people read and edit.

A data class describes its own file: the types of its fields are what a file may hold. Nothing but
numbers, text, lists and tables is read, and each value is checked against the field it is for.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from vrnn.errors import VrnnError
from vrnn.storage.input_file import check_path
from vrnn.storage.limits import Range

T = TypeVar("T")

_NAMES = {
    bool: ("true or false", "values true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    Path: ("a path", "paths"),
}
"""What a message calls a type, and several values of it."""
MAX_DIGITS = 4000
"""Of a whole number that is a key: Python reads no number of some thousands."""
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def describe_value(value: Any) -> str:
    """Return a value as a message shows it, shortened."""
    return _SHORT.repr(value)


def to_dict(value: Any) -> Any:
    """Convert a data class to a table without the fields that have their default value."""
    if is_dataclass(value) and not isinstance(value, type):
        table = {}
        for field in fields(value):
            own = getattr(value, field.name)
            default = field.default if field.default_factory is MISSING else field.default_factory()
            if own != default:
                table[field.name] = to_dict(own)
        return table
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_dict(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return [to_dict(item) for item in sorted(value)]
    if isinstance(value, tuple | list):
        return [to_dict(item) for item in value]
    return value


def from_dict(kind: type[T], table: Any, name: str, folder: Path) -> T:
    """Convert a table to a data class.

    Args:
        kind: The data class. It may declare what older files wrote: `FORMER_NAMES` (old field name
            → present name) and `FORMER_VALUES` (field → old text → present text).
        table: The plain data.
        name: What a message calls the table; '' for a whole file.
        folder: Where relative paths in the table start.

    Raises:
        VrnnError: A field is unknown, missing, or not of its type.
    """
    if not isinstance(table, Mapping):
        raise VrnnError(f"{name or 'the file'} should be a table, not {describe_value(table)}")
    data_class: Any = kind
    hints = _field_types(data_class)
    former_names = getattr(kind, "FORMER_NAMES", {})
    former_values = getattr(kind, "FORMER_VALUES", {})
    given: dict[str, Any] = {}
    for written, value in table.items():
        key = former_names.get(written, written)
        if key not in hints:
            known = ", ".join(hints) or "none"
            problem = f"{name} has no '{key}'" if name else f"there is no '{key}'"
            raise VrnnError(f"{problem}; known are {known}")
        if isinstance(value, str):
            value = former_values.get(key, {}).get(value, value)
        given[key] = _convert(value, hints[key], f"{name}.{key}" if name else key, folder)
    missing = [
        field.name
        for field in fields(data_class)
        if field.default is MISSING and field.default_factory is MISSING and field.name not in given
    ]
    if missing:
        raise VrnnError(f"{name or 'the file'} needs {', '.join(missing)}")
    return kind(**given)


def check_fields(value: Any, choices: bool = True) -> None:
    """Check the fields of a data class, and of those in it, against their types.

    Args:
        value: The data class.
        choices: Whether a `Literal` is checked, beside each `Range`.

    Raises:
        VrnnError: A value is outside.
    """
    kind: Any = type(value)
    for name, hint in _field_types(kind).items():
        own = getattr(value, name)
        if not _is_within(own, hint, choices):
            raise VrnnError(f"{name} should be {describe(hint)}, not {describe_value(own)}")


def _is_within(value: Any, hint: Any, choices: bool) -> bool:
    """Whether a value of a type is within the limits that the type declares."""
    if is_dataclass(value):
        check_fields(value, choices)
        return True
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        limits = [rule for rule in arguments[1:] if isinstance(rule, Range)]
        return all(rule.low <= value <= rule.high for rule in limits)
    if origin is Literal:
        return not choices or value in arguments
    options = [option for option in _options(hint) if option is not types.NoneType]
    if len(options) == 1 and options[0] is not hint:
        return value is None or _is_within(value, options[0], choices)
    if origin is tuple:
        kinds = _item_types(hint, value)
        return all(_is_within(v, k, choices) for v, k in zip(value, kinds, strict=False))
    return True


@cache
def _field_types(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def _convert(value: Any, hint: Any, name: str, folder: Path) -> Any:
    """Convert a value to the type of a field. Arguments and errors as for `from_dict`."""
    for option in _options(hint):
        if _fits(value, option):
            return _convert_fitting(value, option, name, folder)
    raise VrnnError(f"{name} should be {describe(hint)}, not {describe_value(value)}")


def _options(hint: Any) -> tuple[Any, ...]:
    is_union = get_origin(hint) in (types.UnionType, typing.Union)
    return get_args(hint) if is_union else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value may be converted to a type; inside tables it is not looked."""
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint in (bool, int, str, types.NoneType):
        return type(value) is hint
    if hint is Path:
        return isinstance(value, str)
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint) or (origin is Mapping and arguments[0] in (int, str)):
        return isinstance(value, Mapping)
    if origin is Literal:
        return value in arguments
    if origin is Annotated:
        limits = [rule for rule in arguments[1:] if isinstance(rule, Range)]
        return _fits(value, arguments[0]) and all(r.low <= value <= r.high for r in limits)
    if origin in (tuple, frozenset) and isinstance(value, list):
        kinds = _item_types(hint, value)
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    return False


def _is_number(key: str) -> bool:
    return key.isdecimal() and len(key) <= MAX_DIGITS


def _item_types(hint: Any, items: Sequence[Any]) -> tuple[Any, ...]:
    """Return the type of each item of a list."""
    arguments = get_args(hint)
    if get_origin(hint) is frozenset or Ellipsis in arguments:
        return arguments[:1] * len(items)
    return arguments


def _convert_fitting(value: Any, hint: Any, name: str, folder: Path) -> Any:
    if hint is float:
        return float(value)
    if hint is Path:
        return check_path(str(folder / check_path(value)))
    if is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, name, folder)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _convert_fitting(value, arguments[0], name, folder)
    if origin is Mapping:
        wrong = next((key for key in value if not _is_number(key)), None)
        if arguments[0] is int and wrong is not None:
            raise VrnnError(
                f"{name} should have whole numbers as keys, not {describe_value(wrong)}"
            )
        return {
            arguments[0](key): _convert(item, arguments[1], f"{name}.{key}", folder)
            for key, item in value.items()
        }
    if origin in (tuple, frozenset):
        return origin(
            _convert(item, kind, f"{name}[{number}]", folder)
            for number, (item, kind) in enumerate(zip(value, _item_types(hint, value), strict=True))
        )
    return value


def describe(hint: Any, several: bool = False) -> str:
    """Return what a message calls the values of a type, such as `a list of 3 numbers`.

    Args:
        hint: The type of a field.
        several: Whether to speak of several values: `whole numbers`.
    """
    options = [option for option in _options(hint) if option is not types.NoneType]
    names = [n for o in options if get_origin(o) is Literal for n in get_args(o) if n != ""]
    kinds = [_describe(o, several) for o in options if get_origin(o) is not Literal]
    return " or ".join([f"one of {', '.join(map(str, names))}"] * bool(names) + kinds)


def _describe(hint: Any, several: bool) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _NAMES:
        return _NAMES[hint][several]
    if origin is Annotated:
        limits = [str(rule) for rule in arguments[1:] if isinstance(rule, Range)]
        return " ".join([describe(arguments[0], several), *limits])
    if origin in (tuple, frozenset):
        start = "lists of " if several else "a list of "
        if origin is frozenset or Ellipsis in arguments:
            return start + describe(arguments[0], True)
        if len(set(arguments)) == 1:
            return f"{start}{len(arguments)} {describe(arguments[0], True)}"
        return start + " and ".join(map(describe, arguments))
    return "tables" if several else "a table"
