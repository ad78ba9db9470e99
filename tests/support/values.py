"""Any value of a declared type, for property tests: a field that is added later is in them too."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from vrnn.storage.limits import Range

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
Fixed = Mapping[tuple[type, str], st.SearchStrategy[Any]]
"""What some fields are drawn from, by class and name: not every text names something."""


def values_of(kind: Any, fixed: Fixed) -> st.SearchStrategy[Any]:
    """Return a strategy for a type as vrnn's data classes declare it.

    Args:
        kind: The type.
        fixed: Strategies for some fields.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limit = next(a for a in arguments[1:] if isinstance(a, Range))
        if arguments[0] is int:
            return st.integers(int(limit.low), int(limit.high))
        return st.floats(limit.low, limit.high, allow_nan=False)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(values_of(a, fixed) for a in arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0], fixed), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(values_of(a, fixed) for a in arguments))
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0], fixed), max_size=3)
    if origin is not None and issubclass(origin, Mapping):
        keys, values = (values_of(a, fixed) for a in arguments)
        return st.dictionaries(keys, values, max_size=3).map(MappingProxyType)
    if is_dataclass(kind) and isinstance(kind, type):
        return objects_of(kind, fixed)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(), bool: st.booleans(), int: st.integers(0, 9), str: names,
        float: st.floats(-1e3, 1e3), Path: names.map(lambda n: Path("/images") / n.strip("/. ")),
    }  # fmt: skip
    return plain[kind]


def objects_of(kind: type, fixed: Fixed) -> st.SearchStrategy[Any]:
    """Return a strategy for a data class: each field is often the default, and any value else."""
    hints = get_type_hints(kind, include_extras=True)
    arguments = {}
    for field in fields(kind):
        strategy = fixed.get((kind, field.name))
        if strategy is None:
            strategy = values_of(hints[field.name], fixed)
        if field.default is not MISSING:
            strategy = st.one_of(st.just(field.default), strategy)
        arguments[field.name] = strategy
    return st.builds(kind, **arguments)
