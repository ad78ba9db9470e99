"""Where an image lands in a cloud, and which images of the data set are most like it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import torch

from vrnn.compute.embedding.embedding import EmbeddingRequest, PlacedImages
from vrnn.compute.embedding.image_features import find_nodes
from vrnn.compute.embedding.neighbors import nearest_rows
from vrnn.compute.embedding.pooled_features import pixel_features, pooled_features
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.errors import VrnnError
from vrnn.media.media import Media
from vrnn.network.image_cloud import UNKNOWN, Landing


class _Captured(Exception):
    """The layer has its tensor."""


def image_features(
    model: LoadedModel, media: Media | None, request: EmbeddingRequest
) -> tuple[np.ndarray, np.ndarray]:
    """Return features of one image at the layer of a cloud, and its pixels.

    Args:
        model: The model.
        media: The image; None for the model's own sample.
        request: Whose layer counts.

    Returns:
        (C,) float32, or bytes for the pixels as a layer; (P,) uint8.

    Raises:
        VrnnError: The image cannot be run, or its features are not finite.
    """
    inputs, seen, _ = model.source.prepare(media)
    pixels = pixel_features(seen)
    node = find_nodes(model, (request.layer,)).get(request.layer)
    if node is None:
        return pixels, pixels
    layout, vectors = model.view.map_layouts[node], []

    def on_output(found: int, tensor: torch.Tensor) -> None:
        if found == node:
            vectors.append(pooled_features(tensor, layout, request.position)[0])
            raise _Captured

    with suppress(_Captured):
        model.replay.run(inputs, on_output)
    if not vectors:
        raise GraphChanged("the layer did not run")
    if not np.isfinite(vectors[0]).all():
        raise VrnnError(f"the features of this image at '{request.layer}' are NaN or infinite")
    return vectors[0], pixels


def land(
    model: LoadedModel, placed: PlacedImages, request: EmbeddingRequest, media: Media | None,
    number: int | None, count: int,
) -> Landing:  # fmt: skip
    """Find where an image lands, and its nearest neighbors in the features and in the pixels.

    Args:
        model: The model.
        placed: The cloud; it knows where others land unless the image is one of its own.
        request: Of the cloud.
        media: The image, if it is not one of the data set; None for the model's own sample.
        number: Its number in the data set; None for another image.
        count: How many neighbors are wanted.

    Raises:
        VrnnError: The image cannot be run, or its features are not finite.
    """
    numbers = placed.cloud.images.numbers
    row = None
    if number is not None:
        rows = np.flatnonzero(numbers == number)
        row = int(rows[0]) if len(rows) else None
    if row is not None:
        features, pixels = placed.table[row], placed.pixels[row]
        position = placed.cloud.positions[row]
    else:
        features, pixels = image_features(model, media, request)
        if placed.placement is None:
            raise VrnnError("the cloud was read from a file; place it again to see where it lands")
        position = placed.placement.land(features[None])[0]
    near, distances = nearest_rows(placed.table, features, count, row)
    alike, differences = nearest_rows(placed.pixels, pixels, count, row)
    size = np.float32(np.sqrt(len(pixels)))
    return Landing(
        UNKNOWN if row is None or number is None else number, position.astype(np.float32),
        numbers[near], distances, numbers[alike], differences / size,
    )  # fmt: skip
