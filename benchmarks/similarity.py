"""How long similarity takes in all layers of a network after a move of the pointer.

    python benchmarks/similarity.py

Layers of the shapes of a ResNet101 at 224, each operation one layer, are compared with a position
of theirs, and all their bytes, half floats as vrnn keeps them, are read once. Best of 15, one
thread, and by the first three measures with products known, as after a few moves.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from vrnn.network.derived_maps import from_array
from vrnn.network.similarity import (
    MEASURES,
    FeatureVectors,
    Measure,
    compare_positions,
    gather_vectors,
)

STAGES = ((56, 64, 256, 3), (28, 128, 512, 4), (14, 256, 1024, 23), (7, 512, 2048, 3))
"""Side, inner and outer channels, and number of blocks of each stage."""
GROUP_VALUES = 3 << 20


def layer_shapes() -> dict[tuple[int, int], int]:
    """Return (channels, side) of all layers, and how many have it."""
    shapes: dict[tuple[int, int], int] = {(3, 224): 1, (64, 112): 3, (64, 56): 1}
    for side, inner, outer, blocks in STAGES:
        for channels, count in ((inner, 6), (outer, 4)):
            shapes[channels, side] = shapes.get((channels, side), 0) + count * blocks
    return shapes


def best(work: Callable[[], object], times: int = 7) -> float:
    """Return the seconds of the fastest of some runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def best_of_both(
    work: Callable[[], object], other: Callable[[], object], times: int = 15
) -> tuple[float, float]:
    """Return the seconds of the fastest of some runs of each, made in turns."""
    pairs = [(best(work, 1), best(other, 1)) for _ in range(times)]
    return min(first for first, _ in pairs), min(second for _, second in pairs)


def groups(measure: Measure) -> list[FeatureVectors]:
    """Return random feature vectors of all layers, gathered as the program does."""
    rng = np.random.default_rng(0)
    found = []
    for (channels, side), count in layer_shapes().items():
        maps = from_array(np.maximum(rng.normal(size=(channels, side, side)), 0))
        most = max(1, GROUP_VALUES // (channels * side * side))
        for start in range(0, count, most):
            found.append(gather_vectors([maps] * min(most, count - start), measure))
    return found


def main() -> None:
    """Measure, and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    count = sum(c * s * s * n for (c, s), n in layer_shapes().items())
    block = np.random.default_rng(1).integers(0, 2**62, count // 4, np.uint64)
    print(f"{count / 1e6:.1f} M values, beside one read of their half floats")
    for measure in MEASURES:
        vectors = groups(measure)
        for one in vectors:
            one.add_products()
        times = [slowest(one, measure) for one in vectors]
        seconds, read = best_of_both(partial(move_all, vectors, measure), block.max)
        print(
            f"{measure:11} all layers {seconds * 1e3:7.1f} ms = {seconds / read:5.2f} reads "
            f"of {read * 1e3:.1f} ms; slowest group {max(times) * 1e3:5.1f} ms"
        )


def move(vectors: FeatureVectors, measure: Measure) -> np.ndarray:
    """Compare the layers of a group with a position of theirs."""
    positions = [np.array([7])] * len(vectors.values)
    return compare_positions(vectors, positions, measure)


def move_all(vectors: list[FeatureVectors], measure: Measure) -> None:
    """Compare the layers of all groups."""
    for one in vectors:
        move(one, measure)


def slowest(vectors: FeatureVectors, measure: Measure) -> float:
    """Return the seconds that a group takes."""
    return best(lambda: move(vectors, measure), 3)


if __name__ == "__main__":
    main()
