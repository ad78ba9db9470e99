"""Which steps a recording gives up when it grows over its budget."""

from __future__ import annotations

from collections.abc import Sequence


def step_to_drop(steps: Sequence[int]) -> int | None:
    """Choose the step that is missed least: all of the first stay, then ever fewer.

    It is the one whose neighbors are closest together, measured by how far the training has come,
    so that what stays gets evenly spaced on a logarithmic scale.

    Args:
        steps: Those kept, rising.

    Returns:
        The step; None when there are only a first and a last one.
    """
    if len(steps) < 3:
        return None
    inner = range(1, len(steps) - 1)
    gaps = {i: (steps[i + 1] - steps[i - 1]) / max(steps[i], 1) for i in inner}
    return steps[min(inner, key=lambda i: (gaps[i], -i))]
