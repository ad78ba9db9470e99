"""Importance for a class with its pruning curve, step by step, and kept for the next time."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from vrnn.compute.importance.class_evidence import class_gradients, class_relevance
from vrnn.compute.importance.class_terms import class_text, no_layer_error
from vrnn.compute.importance.gamma_training import train_gammas
from vrnn.compute.importance.importance_cache import ImportanceCache, cache_key
from vrnn.compute.importance.importance_request import ImportanceRequest
from vrnn.compute.importance.labeled_images import LabeledImages, read_labeled_images
from vrnn.compute.importance.prunable_layers import prunable_nodes
from vrnn.compute.importance.pruning import curve_steps
from vrnn.compute.importance.weights import channel_magnitudes
from vrnn.compute.jobs import JobStep, require_same_graph
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.importance import ChannelImportance, ImportanceResult, normalized
from vrnn.network.importance_measures import IMPORTANCE_MEASURES, RANKING_TEXT

T = TypeVar("T")
Counted = Generator[tuple[int, int], None, T]
"""Yields how much is done and how much there is."""


_IMAGES: weakref.WeakKeyDictionary[LoadedModel, tuple[str, LabeledImages]] = (
    weakref.WeakKeyDictionary()
)
"""The prepared images of each model, with what tells them from others."""


def importance_steps(
    model: LoadedModel, dataset: ImageSet, request: ImportanceRequest,
    check_stop: Callable[[], None] = lambda: None,
) -> Generator[JobStep, None, ImportanceResult]:  # fmt: skip
    """Find out how important each channel is, and what pruning by that costs.

    What was found before is taken from the user's cache folder.

    Args:
        model: The model.
        dataset: The images, with their classes.
        request: What is wanted.
        check_stop: Raises what is to end it; called now and then in long steps.

    Yields:
        How far it is.

    Raises:
        VrnnError: The model has no classes or no layers that can be ranked, there is no such class
            or no image of it, or numbers are not finite.
    """
    view = model.view
    steps = _steps(model, dataset, request, check_stop)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: ImportanceResult = end.value
            return result
        yield step
        require_same_graph(model, view)


def _steps(
    model: LoadedModel, dataset: ImageSet, request: ImportanceRequest,
    check_stop: Callable[[], None],
) -> Generator[JobStep, None, ImportanceResult]:  # fmt: skip
    key = yield from cache_key(model, dataset)
    images = yield from _labeled_images(model, dataset, key)
    request = _checked(model, images, request)
    cache = ImportanceCache(key)
    nodes = prunable_nodes(model.view)
    sizes = {node: layout.shape[0] for node, layout in nodes.items()}
    found = cache.load(request, sizes, images.classes)
    count = len(images.labels)
    own = int((images.labels == request.class_index).sum())
    text = RANKING_TEXT[request.ranking]
    if request.class_index is not None:
        text = f"{text} for {class_text(model, request.class_index)}"
    importance, curve = found
    if importance is None:
        counted = _measured(model, dataset, images, request, check_stop)
        channels = yield from _told(text, counted)
        if not channels:
            raise no_layer_error(model)
        scaled = {node: normalized(values) for node, values in channels.items()}
        importance = ChannelImportance(request.ranking, request.class_index, scaled)
        cache.save_importance(request, importance)
    if request.has_curve and curve is None:
        steps = curve_steps(
            model, images, importance, request.points, request.settings.seed, check_stop
        )
        curve = yield from _told(f"pruning by {text}", steps)
        cache.save_curve(request, curve)
    return ImportanceResult(
        importance, curve if request.has_curve else None, count, own, images.skipped
    )


def _told(text: str, steps: Counted[T]) -> Generator[JobStep, None, T]:
    """Run steps to their end, and return what they return."""
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        yield JobStep(text, done, total)


def _labeled_images(
    model: LoadedModel, dataset: ImageSet, key: str
) -> Generator[JobStep, None, LabeledImages]:
    known = _IMAGES.get(model)
    if known is not None and known[0] == key:
        return known[1]
    images = yield from _told("reading the data set", read_labeled_images(model, dataset))
    _IMAGES[model] = key, images
    return images


def _checked(
    model: LoadedModel, images: LabeledImages, request: ImportanceRequest
) -> ImportanceRequest:
    """The request, if it can be met; without a class where none matters."""
    if request.ranking not in IMPORTANCE_MEASURES:
        return replace(request, class_index=None)
    title = model.source.title
    if request.class_index is None:
        raise VrnnError(f"{RANKING_TEXT[request.ranking]} is for a class; choose one of {title}")
    if not 0 <= request.class_index < images.classes:
        raise VrnnError(
            f"{title} has classes 0 to {images.classes - 1}, no class {request.class_index}"
        )
    if not (images.labels == request.class_index).any():
        raise VrnnError(
            f"the data set has no image of '{class_text(model, request.class_index)}'; choose "
            "another class, or another data set with --data"
        )
    return request


def _measured(
    model: LoadedModel, dataset: ImageSet, images: LabeledImages, request: ImportanceRequest,
    check_stop: Callable[[], None],
) -> Counted[dict[int, np.ndarray]]:  # fmt: skip
    """The importance of each channel, of any scale, by node id."""
    nodes = prunable_nodes(model.view)
    if not nodes:
        raise no_layer_error(model)
    if request.ranking == "random":
        return {node: np.ones(layout.shape[0], np.float32) for node, layout in nodes.items()}
    if request.ranking == "magnitude":
        yield 0, 1
        return channel_magnitudes(model)
    assert request.class_index is not None
    if request.ranking == "relevance":
        return (yield from class_relevance(model, dataset, images, request.class_index, check_stop))
    if request.ranking == "gradient":
        return (yield from class_gradients(model, images, request.class_index, check_stop))
    return (
        yield from train_gammas(model, images, request.class_index, request.settings, check_stop)
    )


def classes_with_images(images: LabeledImages) -> list[int]:
    """Return the classes that the data set has images of, in their order."""
    return np.unique(images.labels).tolist()


def labeled_image_steps(
    model: LoadedModel, dataset: ImageSet
) -> Generator[JobStep, None, LabeledImages]:
    """Read the images that importance is found with.

    Args:
        model: The model.
        dataset: The images.

    Raises:
        VrnnError: The model has no classes, or no image has one of them.
    """
    key = yield from cache_key(model, dataset)
    return (yield from _labeled_images(model, dataset, key))
