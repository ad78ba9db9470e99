"""Which maps of a layer's panel the maps are that a call takes."""

from __future__ import annotations

import numpy as np

from vrnn.compute.connections.tapped_call import CallSource


def find_source_maps(maps: np.ndarray, source: CallSource | None) -> np.ndarray:
    """Find each input map among the maps of the layer that it comes from, by its values.

    What was split, sliced or reordered between the layers is found so. Where something else was
    done on the way, as a pad does, maps are in their order if they are as many.

    Args:
        maps: (I, …) float32, what went in.
        source: Where it comes from.

    Returns:
        (I,) int, -1 for what is not found.
    """
    if source is None or source.maps is None:
        return np.full(len(maps), -1)
    flat, theirs = maps.reshape(len(maps), -1), source.maps
    if flat.shape[1] != theirs.shape[1] or not flat.shape[1]:
        return np.arange(len(maps)) if len(maps) == len(theirs) else np.full(len(maps), -1)
    if flat.shape == theirs.shape and np.array_equal(flat, theirs, equal_nan=True):
        return np.arange(len(maps))
    number_of = {row.tobytes(): number for number, row in enumerate(theirs)}
    found = np.array([number_of.get(np.ascontiguousarray(row).tobytes(), -1) for row in flat])
    if (found < 0).all() and len(maps) == len(theirs):
        return np.arange(len(maps))
    return found
