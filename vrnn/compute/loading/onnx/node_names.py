"""Module paths for the nodes of an ONNX graph, from what exporters keep of a model's names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

_SCOPES = "pkg.torch.onnx.name_scopes"
"""Metadata in which torch's exporter names the modules that a node ran in."""
_WEIGHT = re.compile(r"(?:.*[./])?(weight|bias|w_\d+|kernel|gamma|running_mean|scale|b_\d+)$", re.I)


def module_paths(nodes: Sequence[Any], constants: Collection[str]) -> list[str]:
    """Return a path for each node, all different, none of which begins another one.

    A node is named, in this order, by the modules that torch's exporter notes beside it, by a name
    with slashes (`/layer1/layer1.0/conv1/Conv`), by its weight (`layer1.0.conv1.weight`), or by a
    name of its own. Nodes that would share a name get that of their operation as well.

    Args:
        nodes: Nodes of an ONNX graph, in order.
        constants: Names of the weights.
    """
    scopes = [_scope(node, constants) for node in nodes]
    kinds: dict[str, set[str]] = {}
    parents = set()
    for node, scope in zip(nodes, scopes, strict=True):
        kinds.setdefault(scope, set()).add(node.op_type)
        parents |= {scope[:i] for i, letter in enumerate(scope) if letter == "."}
    wanted = []
    for node, scope in zip(nodes, scopes, strict=True):
        kind = node.op_type.lower()
        is_module = scope and len(kinds[scope]) == 1 and scope not in parents
        wanted.append(scope if is_module else f"{scope}.{kind}" if scope else kind)
    return _distinct(wanted)


def _distinct(wanted: Sequence[str]) -> list[str]:
    """The paths with numbers where several are alike, so that none is or begins another one."""
    counts = Counter(wanted)
    parents = {path[:i] for path in counts for i, letter in enumerate(path) if letter == "."}
    taken = set(counts) | parents
    numbers: Counter[str] = Counter()
    paths = []
    for path in wanted:
        numbers[path] += 1
        name = path
        if numbers[path] > 1 or path in parents:
            number = numbers[path] - (path not in parents)
            name = f"{path}_{number}"
            while name in taken:
                number += 1
                name = f"{path}_{number}"
            taken.add(name)
        paths.append(name)
    return paths


def _scope(node: Any, constants: Collection[str]) -> str:
    """The path of the module that a node was, or ran in; '' if nothing tells."""
    metadata = {entry.key: entry.value for entry in node.metadata_props}
    weights = [name for name in node.input if name in constants and _WEIGHT.match(name)]
    by_weight = ""
    if weights and node.op_type in _WITH_WEIGHTS:
        by_weight = _clean(re.sub(r"[./][^./]*$", "", weights[0]))
    if _SCOPES in metadata:
        scope = _of_scopes(metadata[_SCOPES])
        # A norm that was merged into a convolution has left it its own scope.
        return by_weight if by_weight and "/" not in weights[0] else scope
    name = node.name or ""
    if "/" in name.strip("/"):
        parts = name.strip("/").split("/")
        return _join(parts[:-1])
    if by_weight:
        return by_weight
    if name and not _is_mere_number(name, node.op_type):
        return _clean(name)
    return ""


_WITH_WEIGHTS = frozenset(
    "Conv ConvTranspose Gemm MatMul BatchNormalization LayerNormalization InstanceNormalization "
    "GroupNormalization Gather LSTM GRU RNN PRelu QLinearConv ConvInteger".split()
)


def _of_scopes(text: str) -> str:
    """The innermost module in a list such as `['', 'layer1', 'layer1.0', 'relu_1']`."""
    try:
        scopes = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    return _clean(str(scopes[-2])) if isinstance(scopes, list) and len(scopes) > 1 else ""


def _join(parts: Sequence[str]) -> str:
    """One path of the names in a scope, each of which may repeat those around it."""
    path = ""
    for part in parts:
        part = _clean(part)
        if not part or part == path:
            continue
        # torch writes layer1/layer1.0/conv1: the second names the first as well.
        last = path.rpartition(".")[2]
        if path and part.startswith(f"{path}."):
            path = part
        elif last and part.startswith(f"{last}."):
            path = f"{path}.{part.removeprefix(f'{last}.')}"
        else:
            path = f"{path}.{part}" if path else part
    return path


def _is_mere_number(name: str, op_type: str) -> bool:
    """Whether a name says nothing but the operation and a number: `Conv_12`, `p2o.Conv.3`."""
    rest = re.sub(r"\d+|[\W_]|node|p2o|n\d+", "", name.lower().replace(op_type.lower(), ""))
    return len(rest) < 2


def _clean(name: str) -> str:
    """A name as a module path can have it: letters, digits and `_`, between dots."""
    parts = (re.sub(r"\W", "_", part) for part in re.split(r"[./]", name))
    return ".".join(part for part in parts if part)
