"""What can be seen at all, found for all rectangles at once."""

from __future__ import annotations

import numpy as np

CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)


def in_view(records: np.ndarray, clip_from_world: np.ndarray) -> np.ndarray:
    """(N,) bool: whether any part of each rectangle can be inside the picture.

    records: with fields `origin`, `right`, `down`, (N, 3) each. A rectangle is out when all four
    corners are beyond the same side of the view.
    """
    if not len(records):
        return np.zeros(0, bool)
    corners = (
        records["origin"][:, None]
        + CORNERS[None, :, :1] * records["right"][:, None]
        + CORNERS[None, :, 1:] * records["down"][:, None]
    )
    clip = corners @ clip_from_world[:, :3].T + clip_from_world[:, 3]
    w = clip[..., 3:]
    beyond = np.concatenate([clip[..., :3] > w, clip[..., :3] < -w], axis=-1)
    return np.logical_not(np.any(np.all(beyond, axis=1), axis=1))


def near_first(records: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """The records in the order of their middle's distance: what hides others is drawn first."""
    middle = records["origin"] + 0.5 * (records["right"] + records["down"])
    return records[np.argsort(((middle - eye) ** 2).sum(1), kind="stable")]
