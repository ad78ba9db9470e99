"""Which images of a data set give each channel of a layer the most relevance for their answer.

Relevance maximization (Achtibat et al. 2023, https://arxiv.org/abs/2206.03208): what activates a
channel most is not always what the network uses it for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import suppress

import numpy as np

from vrnn.compute.analysis import top_activation_cache
from vrnn.compute.analysis.dataset_job import Progress, report_progress
from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.analysis.top_activations import TopTable
from vrnn.compute.explain.explain import relevance_request
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.explain.relevance_pass import propagate
from vrnn.compute.explain.results import to_layer
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.explanations.results import LayerRelevance
from vrnn.explanations.settings import GRADIENT_METHODS, ExplanationSettings
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.storage.serialization import to_dict

MEASURE = "relevance"
"""Share of a channel in its layer: the sum of its relevance over that of all magnitudes."""


def relevant_image_steps(
    model: LoadedModel, dataset: ImageSet, node: int, k: int, settings: ExplanationSettings,
    check_stop: Callable[[], None] = lambda: None,
) -> Generator[Progress, None, TopImages]:  # fmt: skip
    """Explain each image of a data set, and keep the k that are most relevant to each channel.

    An image that cannot be read or explained is skipped and listed. What was found before is taken
    from the user's cache.

    Args:
        model: The model.
        dataset: The images.
        node: Id of the layer's node.
        k: Images for each channel.
        settings: How each is explained: by a composite; without a class its winning one.
        check_stop: Raises what is to end it.

    Yields:
        Between images, how many are done and how many there are.

    Returns:
        The images. Values are the channel's share of all relevance in the layer, from −1 to 1, and
        positions where it is largest.

    Raises:
        VrnnError: The method gives layers no relevance, or no image at all could be explained.
    """
    if settings.method in GRADIENT_METHODS:
        raise VrnnError(
            f"{settings.method} gives layers no relevance; choose a composite such as epsilon-plus"
        )
    total = len(dataset)
    steps = top_activation_cache.cache_key(model, dataset, node, k)
    images_key = yield from report_progress((0, total), steps)
    key = _key_with(settings, images_key)
    cached = top_activation_cache.load(key, MEASURE, total)
    if cached is not None:
        return cached
    table = TopTable(k)
    skipped: list[tuple[int, str]] = []
    for index in range(total):
        try:
            layer = _relevance(model, dataset, index, node, settings, check_stop)
        except JobCancelled:
            raise
        except Exception as error:  # whatever a data set, or a model, may raise
            skipped.append((index, skip_reason(error)))
        else:
            shares, positions = _shares(layer)
            table.add(np.array([index]), shares[None], positions[None])
        yield index + 1, total
    if not table.image_count:
        reason = skipped[0][1] if skipped else "it is empty"
        raise VrnnError(f"no image of the data set can be explained: {reason}")
    width = model.view.map_layouts[node].shape[2]
    found = table.result(node, MEASURE, width, tuple(skipped))
    with suppress(VrnnError):
        top_activation_cache.save(key, [found])
    return found


def _key_with(settings: ExplanationSettings, images_key: str) -> str:
    """The key of a result in the cache: of the images and layer, and of how they are explained."""
    how = json.dumps(to_dict(settings), sort_keys=True, default=str).encode()
    return hashlib.blake2b(images_key.encode() + how, digest_size=16).hexdigest()


def _shares(layer: LayerRelevance) -> tuple[np.ndarray, np.ndarray]:
    """(C,) float32 each channel's share of all relevance, and (C,) where in its map most is."""
    whole = float(np.abs(layer.channels).sum(dtype=np.float64)) or 1.0
    shares = (layer.channels / whole).astype(np.float32)
    return shares, layer.maps.reshape(len(layer.maps), -1).argmax(1)


def _relevance(
    model: LoadedModel, dataset: ImageSet, index: int, node: int, settings: ExplanationSettings,
    check_stop: Callable[[], None],
) -> LayerRelevance:  # fmt: skip
    """The relevance of the layer for one image."""
    found: list[LayerRelevance] = []
    given = prepare_input(model, dataset.image(index))
    request = relevance_request(model, given, settings, (node,))
    flow = propagate(
        model, given.inputs, request,
        lambda node, relevance: found.append(to_layer(model, node, relevance)), check_stop,
    )  # fmt: skip
    for own, values in flow.inputs.items():
        if own == node:
            found.append(to_layer(model, node, values))
    if not found:
        name = model.network.by_id[node].name
        raise VrnnError(f"{flow.target.text} does not depend on '{name}'; choose a layer before it")
    return found[-1]
