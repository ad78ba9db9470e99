"""Feature visualizations spread over several machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from vrnn.compute.features.optimizer import optimize
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.ray_cluster import RayCluster
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec


@lru_cache(maxsize=1)
def _open_model(spec: ModelSpec, detail: str) -> LoadedModel:
    return LoadedModel(open_source(spec), detail)


def _optimize_channels(
    spec: ModelSpec, detail: str, node: int, channels: Sequence[int], settings: FeatureVisSettings,
    image: np.ndarray | None,
) -> list[FeatureImage]:  # fmt: skip
    """Make the images of some channels, on whatever machine this runs."""
    steps = optimize(_open_model(spec, detail), node, channels, settings, image)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


def optimize_on_cluster(
    cluster: RayCluster, spec: ModelSpec, detail: str, node: int, blocks: Sequence[Sequence[int]],
    settings: FeatureVisSettings, image: np.ndarray | None,
) -> Iterator[tuple[FeatureImage, ...]]:  # fmt: skip
    """Yield images as they are made, in whatever order.

    Args:
        cluster: The machines.
        spec: The model.
        detail: Level of detail of its graph.
        node: Id of the node.
        blocks: Channels, those of each block for one machine.
        settings: How the images are made.
        image: (H, W, 3) uint8 to start from; None for the model's own sample.

    Raises:
        VrnnError: The images cannot be made, or a machine failed.
    """
    calls = [(spec, detail, node, block, settings, image) for block in blocks]
    for _, images in cluster.run(_optimize_channels, calls):
        yield tuple(images)
