"""What `vrnn.embed` returns: clouds of a data set's images, in which other images land."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vrnn.compute.embedding.cloud_file import check_embedding_file, write_embedding
from vrnn.compute.embedding.embedding import EmbeddingRequest, PlacedImages, embedding_steps
from vrnn.compute.embedding.landing import land
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.media.image_reader import to_rgb
from vrnn.media.image_set import ImageSet
from vrnn.network.embedding_methods import EmbeddingMethod
from vrnn.network.image_cloud import CloudImages, ImageCloud, Landing

if TYPE_CHECKING:
    from vrnn.media.media import Media


class EmbeddedImages:
    """The images of a data set, placed by the features of some layers.

    Attributes:
        clouds: One of each layer, see `ImageCloud`.
    """

    def __init__(
        self, model: LoadedModel, layers: tuple[str, ...], method: EmbeddingMethod,
        dimensions: int, position: tuple[float, float] | None,
    ) -> None:  # fmt: skip
        """Run the data set of a model and place its images; see `EmbeddingRequest`.

        Raises:
            VrnnError: There is no data set or no such layer, or its images cannot be placed.
        """
        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} has no data set; give data=FOLDER")
        if not layers:
            raise VrnnError("a cloud needs a layer; give its name, or 'pixels'")
        self._model, self._dataset = model, dataset
        self._requests = [
            EmbeddingRequest(layers[:number], method, dimensions, position)
            for number in range(1, len(layers) + 1)
        ]
        self.clouds: tuple[ImageCloud, ...] = tuple(
            _run(model, dataset, request, False).cloud for request in self._requests
        )

    @property
    def images(self) -> CloudImages:
        """What is known of the images of the last cloud."""
        return self.clouds[-1].images

    @property
    def positions(self) -> np.ndarray:
        """Where the images of the last cloud are, (N, D) float32."""
        return self.clouds[-1].positions

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that the model answers."""
        return self._model.source.class_names

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes of the data set."""
        return self._dataset.names

    def land(self, image: Media | Image.Image, neighbors: int = 5) -> Landing:
        """Find where an image lands in the last cloud, and which images are most like it.

        Args:
            image: (H, W, 3) uint8, a Pillow image, or another medium that the model takes.
            neighbors: How many of these.

        Raises:
            VrnnError: The image cannot be run, or its features are not finite.
        """
        if isinstance(image, Image.Image):
            image = to_rgb(image)
        request = self._requests[-1]
        placed = _run(self._model, self._dataset, request, True)
        return land(self._model, placed, request, image, None, neighbors)

    def save(self, path: str | Path) -> None:
        """Write names, classes, predictions and coordinates to an .npz or .parquet file.

        Raises:
            VrnnError: It has another ending, or cannot be written.
        """
        check_embedding_file(Path(path))
        write_embedding(Path(path), self.clouds, self._dataset, self.class_names)


def _run(
    model: LoadedModel, dataset: ImageSet, request: EmbeddingRequest, lands: bool
) -> PlacedImages:
    steps = embedding_steps(model, dataset, request, lands)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            placed: PlacedImages = end.value
            return placed
