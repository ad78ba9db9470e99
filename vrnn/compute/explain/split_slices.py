"""The parts of a split as slices, which may be written to, as parts may not."""

from __future__ import annotations

from typing import Any

from vrnn.compute.explain.call_rules import LiveCall

_SPLITS = frozenset("chunk split split_with_sizes tensor_split hsplit vsplit unbind".split())


def as_slices(call: LiveCall, operation: str, result: Any) -> Any:
    """Return the parts of a split as slices; any other result as it is.

    Args:
        call: The call.
        operation: Its canonical name.
        result: What it returned.
    """
    if operation not in _SPLITS or not isinstance(result, list | tuple):
        return result
    x = call.live[0]
    names = ("dim",) if operation == "unbind" else ("sections", "dim")
    axis = dict(zip(names, call.args[1:], strict=False)).get("dim", call.kwargs.get("dim", 0))
    if operation == "hsplit":
        axis = 1 if x.dim() > 1 else 0
    if operation == "unbind":
        return type(result)(x.select(axis, i) for i in range(len(result)))
    parts, start = [], 0
    for part in result:
        parts.append(x.narrow(axis, start, part.shape[axis]))
        start += part.shape[axis]
    return type(result)(parts)
