"""Kinds of layers that a reader tells apart at a glance, by the operation that ends a layer."""

from __future__ import annotations

from typing import Literal, get_args

LayerKind = Literal["convolution", "norm", "attention", "merge", "pool", "linear"]
LAYER_KINDS: tuple[LayerKind, ...] = get_args(LayerKind)
"""`merge`: where ways meet, by addition, multiplication or concatenation."""
KIND_TEXT: dict[LayerKind, str] = {
    "convolution": "convolution", "norm": "norm", "attention": "attention",
    "merge": "add, multiply, concatenate", "pool": "pooling", "linear": "linear",
}  # fmt: skip
"""What people read for each kind."""
_NAMES: dict[str, LayerKind] = {
    "add": "merge", "sub": "merge", "mul": "merge", "div": "merge", "cat": "merge",
    "linear": "linear", "bilinear": "linear", "matmul": "attention", "softmax": "attention",
    "local_response_norm": "norm", "normalize": "norm",
}  # fmt: skip


def layer_kind(operation: str) -> LayerKind | None:
    """Return the kind of a layer; None for others, such as an input or an activation alone.

    Args:
        operation: Of its node, such as `conv2d`.
    """
    name = operation.strip("_")
    if name in _NAMES:
        return _NAMES[name]
    if "conv" in name:
        return "convolution"
    if "attention" in name:
        return "attention"
    if "pool" in name:
        return "pool"
    return "norm" if name.endswith("_norm") else None
