"""Features and clouds found before, in the user's cache folder, by model, weights and data."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress

import numpy as np

from vrnn.compute.analysis.top_activation_cache import digest_dataset
from vrnn.compute.embedding.image_features import ImageFeatures
from vrnn.compute.embedding.pooled_features import PIXEL_SIDE, Position
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.embedding_methods import EmbeddingMethod
from vrnn.network.image_cloud import CloudImages
from vrnn.storage.array_cache import ArrayCache
from vrnn.storage.paths import cache_dir

FORMAT = "image features 1"
"""To be changed with what is written, so that older files are not read."""
MAX_BYTES = 4 << 30
"""Bytes of all files that are kept; the oldest are deleted."""


def cache_key(model: LoadedModel, dataset: ImageSet) -> Generator[None, None, str]:
    """Make a name for the features of a data set.

    It differs for other weights, another graph, other images, or other preprocessing. Yields
    between its steps.
    """
    digest = hashlib.blake2b(FORMAT.encode(), digest_size=16)
    yield from digest_model(digest, model.network, model.source.model)
    yield from digest_dataset(digest, model, dataset)
    return digest.hexdigest()


class DatasetFeatures:
    """What is known of one data set and one model."""

    def __init__(self, key: str) -> None:
        """Look under a name, see `cache_key`."""
        self._key = key
        self._arrays = ArrayCache(cache_dir() / "image-features", MAX_BYTES)

    def load(
        self, layers: Iterable[str], position: Position | None, numbers: np.ndarray
    ) -> ImageFeatures | None:
        """Read the features of some layers.

        Args:
            layers: Their names.
            position: Where in their maps; None for their means.
            numbers: (N,) of the images that are asked for.

        Returns:
            The features; None unless there are those of all layers and images.
        """
        common = self._arrays.load(f"{self._key}-images")
        if common is None or not _is_valid(common, numbers):
            return None
        count = len(common["numbers"])
        tables: dict[str, np.ndarray] = {}
        for layer in layers:
            found = self._arrays.load(self._name(layer, position))
            table = None if found is None else found.get("features")
            if table is None or table.dtype != np.float32 or table.shape[:1] != (count,):
                return None
            tables[layer] = table
        skipped = zip(common["skipped"].tolist(), common["reasons"].tolist(), strict=True)
        images = CloudImages(
            common["numbers"], common["labels"], common["answers"], int(common["total"]),
            tuple((int(number), str(reason)) for number, reason in skipped),
        )  # fmt: skip
        return ImageFeatures(images, common["pixels"], tables)

    def save(self, features: ImageFeatures, position: Position | None) -> None:
        """Write features; where that is not possible they are computed again the next time."""
        images = features.images
        with suppress(VrnnError):
            self._arrays.save(
                f"{self._key}-images",
                {
                    "numbers": images.numbers, "labels": images.labels, "answers": images.answers,
                    "total": np.array(images.total), "pixels": features.pixels,
                    "skipped": np.array([number for number, _ in images.skipped], np.int64),
                    "reasons": np.array([reason for _, reason in images.skipped], np.str_),
                },
            )  # fmt: skip
            for layer, table in features.layers.items():
                self._arrays.save(self._name(layer, position), {"features": table})

    def load_positions(self, name: str, count: int, dimensions: int) -> np.ndarray | None:
        """Read positions (count, dimensions) under a name of `placement_name`; None for none."""
        found = self._arrays.load(f"{self._key}-{name}")
        positions = None if found is None else found.get("positions")
        if positions is None or positions.shape != (count, dimensions):
            return None
        return positions if np.isfinite(positions).all() else None

    def save_positions(self, name: str, positions: np.ndarray) -> None:
        """Write positions (N, D); where that is not possible they are found again."""
        with suppress(VrnnError):
            self._arrays.save(f"{self._key}-{name}", {"positions": positions})

    def _name(self, layer: str, position: Position | None) -> str:
        return f"{self._key}-{_digest(layer, position)}"


def placement_name(
    layer: str, position: Position | None, method: EmbeddingMethod, images: np.ndarray,
    start: np.ndarray,
) -> str:  # fmt: skip
    """Return a name for positions.

    Args:
        layer: The layer.
        position: Where in its maps.
        method: How images are placed.
        images: (N,) numbers of the images.
        start: (N, D) what was begun with.
    """
    begun = hashlib.blake2b(np.round(start, 4).tobytes() + images.tobytes(), digest_size=8)
    return f"{_digest(layer, position)}-{method}-{begun.hexdigest()}"


def _digest(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _is_valid(arrays: Mapping[str, np.ndarray], numbers: np.ndarray) -> bool:
    """Check shapes and dtypes, and whether these are the images that are asked for."""
    try:
        count = len(arrays["numbers"])
        both = np.sort(np.concatenate([arrays["numbers"], arrays["skipped"]]))
        return (
            count > 0
            and arrays["numbers"].dtype == np.int64
            and arrays["labels"].shape == arrays["answers"].shape == (count,)
            and arrays["labels"].dtype == arrays["answers"].dtype == np.int32
            and arrays["pixels"].shape == (count, PIXEL_SIDE**2 * 3)
            and arrays["pixels"].dtype == np.uint8
            and arrays["skipped"].shape == arrays["reasons"].shape
            and np.array_equal(both, numbers)
        )
    except (KeyError, ValueError):
        return False
