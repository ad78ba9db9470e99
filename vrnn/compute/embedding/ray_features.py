"""Features of a data set collected on several machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from vrnn.compute.embedding.feature_cache import DatasetFeatures, cache_key
from vrnn.compute.embedding.image_features import (
    FeatureCollector,
    ImageFeatures,
    chosen_images,
    find_nodes,
)
from vrnn.compute.embedding.pooled_features import Position
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.ray_cluster import RayCluster
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.image_cloud import CloudImages
from vrnn.network.model_spec import ModelSpec

BLOCK_IMAGES = 1024
"""Images that one machine runs at a time."""

Part = tuple[ImageFeatures | None, tuple[tuple[int, str], ...]]
"""The features of a block, None where no image could be run; and what was skipped."""


@lru_cache(maxsize=1)
def _open_model(spec: ModelSpec, detail: str) -> LoadedModel:
    return LoadedModel(open_source(spec), detail)


def _collect_block(
    spec: ModelSpec, detail: str, layers: Sequence[str], position: Position | None,
    numbers: np.ndarray,
) -> Part:  # fmt: skip
    """Collect the features of some images, on whatever machine this runs."""
    model = _open_model(spec, detail)
    dataset = model.source.dataset
    if dataset is None or int(numbers.max()) >= len(dataset):
        raise VrnnError("a machine of the cluster does not have the data set in the same place")
    collector = FeatureCollector(model, dataset, find_nodes(model, layers), position)
    for _ in collector.steps(numbers):
        pass
    try:
        return collector.collected(), collector.skipped
    except VrnnError:  # none could be run
        return None, collector.skipped


def collect_on_cluster(
    cluster: RayCluster, spec: ModelSpec, model: LoadedModel, dataset: ImageSet,
    layers: Sequence[str], position: Position | None,
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Collect features into the cache of this machine, unless they are there.

    Args:
        cluster: The machines.
        spec: The model, which opens on each of them with the same data set.
        model: The model, opened here.
        dataset: Its images.
        layers: Names of the layers.
        position: Where in the maps; None for their means.

    Yields:
        How many images are done, and how many there are.

    Raises:
        VrnnError: There is no such layer, no image could be run, or a machine failed.
    """
    nodes, numbers = find_nodes(model, layers), chosen_images(dataset)
    key = _finished_key(model, dataset)
    cache = DatasetFeatures(key)
    if cache.load(nodes, position, numbers) is not None:
        return
    blocks = [numbers[i : i + BLOCK_IMAGES] for i in range(0, len(numbers), BLOCK_IMAGES)]
    calls = [(spec, model.detail, tuple(layers), position, block) for block in blocks]
    parts: dict[int, Part] = {}
    done = 0
    for number, part in cluster.run(_collect_block, calls):
        parts[number] = part
        done += len(blocks[number])
        yield done, len(numbers)
    skipped = tuple(one for number in sorted(parts) for one in parts[number][1])
    found = [parts[number][0] for number in sorted(parts)]
    run = [part for part in found if part is not None]
    if not run:
        reason = skipped[0][1] if skipped else "it is empty"
        raise VrnnError(f"no image of the data set can be run: {reason}")
    cache.save(_joined(run, skipped, len(dataset)), position)


def _finished_key(model: LoadedModel, dataset: ImageSet) -> str:
    steps = cache_key(model, dataset)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            key: str = end.value
            return key


def _joined(
    parts: Sequence[ImageFeatures], skipped: tuple[tuple[int, str], ...], total: int
) -> ImageFeatures:
    images = [part.images for part in parts]
    joined = CloudImages(
        np.concatenate([one.numbers for one in images]),
        np.concatenate([one.labels for one in images]),
        np.concatenate([one.answers for one in images]),
        total, skipped,
    )  # fmt: skip
    layers = {
        name: np.concatenate([part.layers[name] for part in parts]) for name in parts[0].layers
    }
    return ImageFeatures(joined, np.concatenate([part.pixels for part in parts]), layers)
