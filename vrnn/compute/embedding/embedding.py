"""A data set as a cloud: features collected, then placed, layer by layer along a chain."""

from __future__ import annotations

import time
import weakref
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from vrnn.compute.embedding.feature_cache import DatasetFeatures, cache_key, placement_name
from vrnn.compute.embedding.growth import Growth
from vrnn.compute.embedding.image_features import (
    FeatureCollector,
    ImageFeatures,
    chosen_images,
    find_nodes,
    further_layers,
)
from vrnn.compute.embedding.placing import (
    PlacedPoints,
    PlacingStep,
    check_count,
    finite_rows,
    placing_steps,
)
from vrnn.compute.embedding.pooled_features import Position
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.embedding_methods import METHOD_TEXT, EmbeddingMethod
from vrnn.network.image_cloud import ImageCloud

SEEN_SECONDS = 0.15
"""Seconds between two positions of a cloud that is being placed that are handed on."""


@dataclass(frozen=True)
class EmbeddingRequest:
    """What cloud is wanted.

    Attributes:
        chain: Layers, each placed from where the one before it is: so images drift. The last one is
            wanted.
        method: How images are placed.
        dimensions: 2 or 3.
        position: Where in the maps; None for their means.
        collects: Whether features of further layers are collected in the same passes.
    """

    chain: tuple[str, ...]
    method: EmbeddingMethod = "pca"
    dimensions: int = 2
    position: Position | None = None
    collects: bool = False

    @property
    def layer(self) -> str:
        """The layer that is wanted."""
        return self.chain[-1]

    @property
    def before(self) -> EmbeddingRequest | None:
        """What it is placed from; None for the first of a chain."""
        if len(self.chain) < 2:
            return None
        return EmbeddingRequest(self.chain[:-1], self.method, self.dimensions, self.position)


@dataclass(frozen=True, eq=False)
class EmbeddingStep:
    """How far it is.

    Attributes:
        text: What is done.
        done: How much of `total` is done.
        total: How much there is to do.
        cloud: What there is to be seen so far; None for nothing new.
    """

    text: str
    done: float
    total: int
    cloud: ImageCloud | None = None


@dataclass(frozen=True, eq=False)
class PlacedImages:
    """A complete cloud with what belongs to it.

    Attributes:
        cloud: Where the images are.
        table: (N, C) features of its images.
        pixels: (N, P) their pixels.
        placement: What says where others land; None as long as it was only read from a file.
    """

    cloud: ImageCloud
    table: np.ndarray
    pixels: np.ndarray
    placement: PlacedPoints | None


EmbeddingSteps = Generator[EmbeddingStep, None, PlacedImages]


class _Found:
    """What was found for a model so far, in memory.

    Attributes:
        key: See `cache_key`.
        features: Features by where in the maps.
        placed: Complete clouds.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.features: dict[Position | None, ImageFeatures] = {}
        self.placed: dict[EmbeddingRequest, PlacedImages] = {}


_FOUND: weakref.WeakKeyDictionary[LoadedModel, _Found] = weakref.WeakKeyDictionary()


def embedding_steps(
    model: LoadedModel, dataset: ImageSet, request: EmbeddingRequest, lands: bool = False
) -> EmbeddingSteps:
    """Run a data set through a model, and place its images by the features of a layer.

    An image that cannot be read or run is skipped and listed, and so is one whose features are not
    finite. What was found before is taken from memory, or from the user's cache folder.

    Args:
        model: The model.
        dataset: The images.
        request: What is wanted.
        lands: Whether it has to be known where other images land.

    Yields:
        How far it is, with the cloud as it grows.

    Raises:
        VrnnError: There is no such layer, there are too few images, or they cannot be placed.
    """
    find_nodes(model, request.chain)
    if not len(dataset):
        raise VrnnError("the data set is empty; choose another with --data")
    found = yield from _known(model, dataset)
    return (yield from _placed(model, dataset, request, found, lands))


def _known(
    model: LoadedModel, dataset: ImageSet
) -> Generator[EmbeddingStep, None, _Found]:  # fmt: skip
    steps = cache_key(model, dataset)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            key: str = end.value
            break
        yield EmbeddingStep("reading the data set", 0, len(dataset))
    found = _FOUND.get(model)
    if found is None or found.key != key:
        found = _FOUND[model] = _Found(key)
    return found


def _placed(
    model: LoadedModel, dataset: ImageSet, request: EmbeddingRequest, found: _Found, lands: bool
) -> EmbeddingSteps:
    known = found.placed.get(request)
    if known is not None and (known.placement is not None or not lands):
        return known
    before = None
    if request.before is not None:
        before = yield from _placed(model, dataset, request.before, found, False)
    features = yield from _collected(model, dataset, request, found)
    table = features.table(request.layer)
    finite = finite_rows(table, request.layer)
    images = features.images.take(finite)
    if not finite.all():
        reason = f"its features of '{request.layer}' are NaN or infinite"
        numbers = features.images.numbers[~finite].tolist()
        skipped = sorted((*images.skipped, *((number, reason) for number in numbers)))
        images = type(images)(
            images.numbers, images.labels, images.answers, images.total, tuple(skipped)
        )
    table, pixels = table[finite], features.pixels[finite]
    target = None if before is None else _target(before.cloud, images.numbers)

    def cloud(positions: np.ndarray, step: PlacingStep | None = None) -> ImageCloud:
        text = ""
        if step is not None:
            text = f"{step.text} {step.part:.0%}"
            if step.stands_in:
                text = f"{step.stands_in}, until {METHOD_TEXT[request.method]} is complete"
        return ImageCloud(images, request.layer, request.method, positions, text)

    cache = DatasetFeatures(found.key)
    start = np.zeros((0, request.dimensions)) if target is None else target
    name = placement_name(request.layer, request.position, request.method, images.numbers, start)
    positions = None
    if request.method != "pca" and not lands:
        check_count(len(table), request.method)
        positions = cache.load_positions(name, len(table), request.dimensions)
    if positions is not None:
        placed = PlacedImages(cloud(positions), table, pixels, None)
        found.placed[request] = placed
        return placed
    steps = placing_steps(table, request.layer, request.method, request.dimensions, target)
    seen_at, shown = 0.0, None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            placement: PlacedPoints = end.value
            break
        now, positions, seen = time.perf_counter(), step.positions, None
        if positions is not None and positions is not shown and now - seen_at > SEEN_SECONDS:
            seen_at, shown = now, positions
            seen = cloud(positions, step)
        told = f"{step.text} of {len(table):,} images at {request.layer}"
        yield EmbeddingStep(told, step.part, 1, seen)
    placed = PlacedImages(cloud(placement.positions), table, pixels, placement)
    found.placed[request] = placed
    if request.method != "pca":
        cache.save_positions(name, placement.positions)
    return placed


def _target(before: ImageCloud, numbers: np.ndarray) -> np.ndarray:
    """Where images are in the cloud before, (N, D); in its middle where they were not in it."""
    positions = np.zeros((len(numbers), before.dimensions), np.float32)
    _, here, there = np.intersect1d(numbers, before.images.numbers, return_indices=True)
    positions[here] = before.positions[there]
    return positions


def _collected(
    model: LoadedModel, dataset: ImageSet, request: EmbeddingRequest, found: _Found
) -> Generator[EmbeddingStep, None, ImageFeatures]:
    """The features of the layer that is wanted, and of others that were collected with it."""
    nodes = find_nodes(model, (request.layer,))
    known = found.features.get(request.position)
    if known is not None and nodes.keys() <= known.layers.keys():
        return known
    cache, numbers = DatasetFeatures(found.key), chosen_images(dataset)
    others: dict[str, int] = {}
    if request.collects:
        others = further_layers(model, len(numbers))
    for layers in dict.fromkeys([(*others, *nodes), (*nodes,)]):
        read = cache.load(dict.fromkeys(layers), request.position, numbers)
        if read is not None:
            _keep(found, request.position, read)
            return found.features[request.position]
    collector = FeatureCollector(model, dataset, {**others, **nodes}, request.position)
    growing = Growth(request.layer, request.dimensions)
    steps = collector.steps(numbers)
    view = model.view
    for done, total in steps:
        if model.view is not view:
            raise VrnnError(f"{model.source.title} took another path through its layers; try again")
        text = f"features of {total:,} images at {request.layer}"
        seen = growing.cloud(collector, done, total)
        yield EmbeddingStep(text, done, total, seen)
    features = collector.collected()
    cache.save(features, request.position)
    _keep(found, request.position, features)
    return found.features[request.position]


def _keep(found: _Found, position: Position | None, features: ImageFeatures) -> None:
    """Keep features beside those of other layers of the same images."""
    before = found.features.get(position)
    if before is not None and np.array_equal(before.images.numbers, features.images.numbers):
        layers = {**before.layers, **features.layers}
        features = ImageFeatures(features.images, features.pixels, layers)
    found.features[position] = features
