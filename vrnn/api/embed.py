"""Images of a data set placed by the features of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vrnn.api.sources import opened_model, prepare
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import (
    DIMENSIONS,
    EMBEDDING_METHODS,
    Dimensions,
    EmbeddingMethod,
)

if TYPE_CHECKING:
    from vrnn.compute.embedding.embedded_images import EmbeddedImages


def embed(
    model: Any = "default",
    layer: str | Sequence[str] = "pixels",
    method: EmbeddingMethod = "pca",
    dimensions: Dimensions = 2,
    *,
    at: tuple[float, float] | None = None,
    detail: str = "layers",
    **source: Any,
) -> EmbeddedImages:
    """Place the images of a model's data set by the features of a layer.

        found = vrnn.embed("net.py", "layer4.1.add", "tsne", data="photos")
        found.positions, found.images.answers
        found.land(pixels).feature_neighbors
        found.save("cloud.npz")

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer, or `pixels`; several are placed each from where the one before has
            its images, so that these drift.
        method: `pca`, `tsne` (extra `embed`) or `umap` (extra `umap`).
        dimensions: Of the points, 2 or 3.
        at: Features at a position of the maps, as parts of their width and height; None for the
            means of the maps.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, a layer or the method is wrong, there is no data set, or its images
            cannot be placed.
    """
    from vrnn.compute.embedding.embedded_images import EmbeddedImages

    prepare()
    if method not in EMBEDDING_METHODS:
        raise VrnnError(f"no method '{method}': choose one of {', '.join(EMBEDDING_METHODS)}")
    if dimensions not in DIMENSIONS:
        raise VrnnError(f"images are placed in 2 or 3 dimensions, not in {dimensions}")
    if at is not None and not all(0 <= part <= 1 for part in at):
        raise VrnnError(f"a position is parts of width and height from 0 to 1, not {at}")
    opened = opened_model(model, source, detail)
    layers = (layer,) if isinstance(layer, str) else tuple(layer)
    return EmbeddedImages(opened, layers, method, dimensions, at)
