"""What the axes of a tensor mean, and how a layer is presented because of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

AxisRole = Literal[
    "batch",
    "channel",
    "height",
    "width",
    "depth",
    "time",
    "token",
    "head",
    "query",
    "key",
    "node",
    "other",
]
AXIS_ROLES: tuple[AxisRole, ...] = get_args(AxisRole)
"""`time` has samples or frames; `token` is of a sequence that no grid is known of; `query` and
`key` are the two sides of attention weights, `node` is of a graph, `other` is none of these."""
Certainty = Literal["given", "derived", "measured", "assumed"]
"""Where a role is from: the user or the script, the operations that made the tensor, a second trace
with other sizes, or a guess from the size alone."""
Presentation = Literal["image", "volume", "sequence", "curve", "vector", "nodes", "attention"]
"""How maps are read: `image`: rows and columns; `volume`: the same, one slice of it; `sequence`:
tokens in a line; `curve`: a signal over time; `vector`: one value a channel; `nodes`: one value a
node of a graph; `attention`: queries by keys."""
CHOICE_ROLES: frozenset[AxisRole] = frozenset({"batch", "depth", "time", "other"})
"""Axes of which one index can be shown at a time."""
SAMPLE_ROLES: frozenset[AxisRole] = frozenset({"batch", "other"})
"""Roles of a first axis that counts samples: of one of length 1 often nothing is known."""

AXIS_LETTERS: Mapping[str, AxisRole] = MappingProxyType(
    {
        "N": "batch", "B": "batch", "C": "channel", "H": "height", "W": "width", "D": "depth",
        "T": "time", "L": "token", "V": "node",
    }
)  # fmt: skip
"""Letters for roles, as in `N C H W`."""


@dataclass(frozen=True)
class Axis:
    """One axis of a tensor.

    Attributes:
        role: What it holds.
        size: Its length.
        certainty: Where the role is from.
    """

    role: AxisRole
    size: int
    certainty: Certainty = "derived"


@dataclass(frozen=True)
class AxisChoice:
    """Which index of an axis is shown, in all layers of a network that have such an axis.

    Attributes:
        role: Of the axis.
        index: The index, counted in the longest axis with this role in the network; in a shorter
            one the index at the same fraction of its length. None shows all of them side by side.
    """

    role: AxisRole
    index: int | None = 0


CHOICE_NAMES: Mapping[AxisRole, str] = MappingProxyType(
    {"batch": "sample", "depth": "slice", "time": "frame", "other": "index"}
)
"""What one index of an axis that can be chosen is called."""
CHOICE_PLURALS: Mapping[AxisRole, str] = MappingProxyType(
    {"batch": "samples", "depth": "slices", "time": "frames", "other": "indices"}
)
"""What several of them are called."""


def places_text(role: AxisRole, count: int) -> str:
    """Return how many places there are along an axis, in words: `34 nodes`, `16 steps`.

    Args:
        role: What the axis holds.
        count: Its length.
    """
    names = {"time": "step", "other": "place", "width": "column", "height": "row"}
    one = names.get(role, role)
    several = {"query": "queries"}.get(role, f"{one}s")
    return f"{count} {one if count == 1 else several}"


def default_index(role: AxisRole, size: int) -> int:
    """Return which index of an axis is shown where none is chosen: the first, of slices the middle.

    Args:
        role: Of the axis.
        size: Its length.
    """
    return size // 2 if role == "depth" else 0


def local_index(index: int, size: int, longest: int) -> int:
    """Return the index in an axis that is meant by an index in the longest one with its role.

    Args:
        index: The index in the longest axis, see `AxisChoice`.
        size: Of the axis.
        longest: Of the longest axis.
    """
    return min(size - 1, max(0, index * size // max(longest, 1)))


def axes_text(axes: Sequence[Axis]) -> str:
    """Return the axes as a person reads them: `sample 2 · channel 64 · height 56 · width 56`."""
    words = [f"{'sample' if a.role == 'batch' else a.role} {a.size}" for a in axes]
    return " · ".join(words)


def is_unsure(axes: Sequence[Axis]) -> bool:
    """Return whether a role of an axis longer than 1 is a guess."""
    return any(axis.certainty == "assumed" and axis.size > 1 for axis in axes)


def parse_roles(text: str) -> tuple[AxisRole, ...] | None:
    """Return the roles that a text such as `N T C H W` or `batch token channel` names.

    Args:
        text: Letters or roles with spaces between them.

    Returns:
        The roles; None if a word is neither.
    """
    words = text.replace(",", " ").split()
    by_word: dict[str, AxisRole] = {**AXIS_LETTERS, **{role: role for role in AXIS_ROLES}}
    if not words or any(word not in by_word for word in words):
        return None
    return tuple(by_word[word] for word in words)
