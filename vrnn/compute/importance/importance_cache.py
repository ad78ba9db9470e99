"""Importance and pruning curves found before, in the user's cache folder."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from contextlib import suppress

import numpy as np

from vrnn.compute.analysis.top_activation_cache import digest_dataset
from vrnn.compute.importance.importance_request import ImportanceRequest
from vrnn.compute.jobs import JobStep
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.importance import ChannelImportance, PruningCurve
from vrnn.storage.array_cache import ArrayCache
from vrnn.storage.paths import cache_dir

FORMAT = "importance 1"
"""To be changed with what is written or how it is found, so that older files are not read."""
MAX_BYTES = 1 << 28
"""Bytes of all files that are kept; the oldest are deleted."""


def cache_key(model: LoadedModel, dataset: ImageSet) -> Generator[JobStep, None, str]:
    """Make a name for what is found with a data set.

    It differs for other weights, another graph, other images, or other preprocessing. Yields
    between its steps.

    Args:
        model: The model.
        dataset: The images.
    """
    digest = hashlib.blake2b(f"{FORMAT} {model.source.class_names}".encode(), digest_size=16)
    for _ in digest_model(digest, model.network, model.source.model):
        yield JobStep("reading the model", 0, 1)
    for _ in digest_dataset(digest, model, dataset):
        yield JobStep("reading the data set", 0, len(dataset))
    return digest.hexdigest()


class ImportanceCache:
    """What is known of one data set and one model."""

    def __init__(self, key: str) -> None:
        """Look under a name, see `cache_key`."""
        self._key = key
        self._arrays = ArrayCache(cache_dir() / "importance", MAX_BYTES)

    def load(
        self, request: ImportanceRequest, sizes: Mapping[int, int], classes: int
    ) -> tuple[ChannelImportance | None, PruningCurve | None]:
        """Read what was found; None for what was not, or is damaged.

        Args:
            request: What is wanted.
            sizes: Channels of each node that can have an importance, by its id.
            classes: Number of classes.
        """
        importance = self._load_importance(request, sizes)
        if importance is None or not request.has_curve:
            return importance, None
        arrays = self._arrays.load(self._name(request, "curve"))
        if arrays is None or not _is_curve(arrays, importance, classes, request.points):
            return importance, None
        return importance, PruningCurve(
            request.ranking, request.class_index, arrays["order"], arrays["shares"],
            arrays["accuracy"], arrays["class_accuracy"],
        )  # fmt: skip

    def _load_importance(
        self, request: ImportanceRequest, sizes: Mapping[int, int]
    ) -> ChannelImportance | None:
        arrays = self._arrays.load(self._name(request, "channels"))
        if not arrays:
            return None
        channels = {int(node): values for node, values in arrays.items() if node.isdecimal()}
        for node, values in channels.items():
            is_valid = values.dtype == np.float32 and values.shape == (sizes.get(node, -1),)
            if not is_valid or not ((values >= 0) & (values <= 1)).all():
                return None
        return ChannelImportance(request.ranking, request.class_index, channels)

    def save_importance(self, request: ImportanceRequest, importance: ChannelImportance) -> None:
        """Write importance; where that is not possible it is found again the next time."""
        arrays = {str(node): values for node, values in importance.channels.items()}
        with suppress(VrnnError):
            self._arrays.save(self._name(request, "channels"), arrays)

    def save_curve(self, request: ImportanceRequest, curve: PruningCurve) -> None:
        """Write a curve; where that is not possible it is measured again the next time."""
        with suppress(VrnnError):
            self._arrays.save(
                self._name(request, "curve"),
                {
                    "order": curve.order, "shares": curve.shares, "accuracy": curve.accuracy,
                    "class_accuracy": curve.class_accuracy,
                },
            )  # fmt: skip

    def _name(self, request: ImportanceRequest, what: str) -> str:
        # Trained gammas are as they are by their settings, a curve by its points as well.
        parts: list[object] = [request.ranking, request.class_index, what, request.settings]
        if what == "curve":
            parts.append(request.points)
        text = hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
        return f"{self._key}-{text}"


def _is_curve(
    arrays: Mapping[str, np.ndarray], importance: ChannelImportance, classes: int, points: int
) -> bool:
    """Check shapes, dtypes, and whether the channels are those that have an importance."""
    try:
        order = arrays["order"]
        own = importance.order()
        return (
            order.dtype == np.int32
            and order.shape == own.shape
            and np.array_equal(np.unique(order, axis=0), np.unique(own, axis=0))
            and arrays["shares"].shape == arrays["accuracy"].shape == (points,)
            and arrays["class_accuracy"].shape == (points, classes)
            and bool(np.isfinite(arrays["accuracy"]).all())
        )
    except (KeyError, ValueError):
        return False
