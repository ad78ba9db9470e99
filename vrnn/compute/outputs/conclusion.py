"""What an output is taken for, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vrnn.compute.outputs.evidence import OutputEvidence
from vrnn.network.predictions import OutputKind

SIGMOIDS = ("sigmoid", "hardsigmoid")
SOFTMAXES = ("softmax", "log_softmax")


class Conclusion(NamedTuple):
    """What an output is taken for.

    Attributes:
        kind: What it is.
        evidence: Why.
        is_sure: Whether that leaves no doubt.
    """

    kind: OutputKind
    evidence: str
    is_sure: bool = True


Rule = Callable[[OutputEvidence], Conclusion | None]


def has_class_names(e: OutputEvidence) -> bool:
    """Return whether there is a class name for each number, or for each map."""
    return len(e.model.class_names) == e.count
