"""Feature images made before, in the user's cache folder: a folder for each layer and settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.compute.model_inputs import leaves_in
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.features.store import load, save
from vrnn.storage.atomic import make_folder
from vrnn.storage.paths import cache_dir
from vrnn.storage.serialization import to_dict

FORMAT = "features 1"
"""To be changed with how images are made, so that older ones are not shown."""
MAX_BYTES = 4 << 30
"""Bytes on disk that all images may take together."""


class FeatureCache:
    """The stored images of one layer, made with the same settings, weights, graph and input."""

    def __init__(
        self, model: LoadedModel, node: int, settings: FeatureVisSettings, image: np.ndarray | None
    ) -> None:
        """Find the folder.

        Args:
            model: The model.
            node: Id of the layer's node.
            settings: How the images are made.
            image: (H, W, 3) uint8 that the optimization starts from; None for the model's sample.
        """
        self._node = node
        digest = hashlib.blake2b(f"{FORMAT} {node}".encode(), digest_size=16)
        digest.update(json.dumps(to_dict(settings), sort_keys=True).encode())
        inputs, seen, _ = model.source.prepare(image)
        digest.update(
            repr([tuple(getattr(one, "shape", ())) for one in leaves_in(inputs)]).encode()
        )
        if settings.source == "image":
            digest.update(np.ascontiguousarray(seen).tobytes())
        for _ in digest_model(digest, model.network, model.source.model):
            pass
        self._folder = cache_dir() / "features" / digest.hexdigest()

    def path(self, channel: int, sample: int) -> Path:
        """Return the file of an image."""
        return self._folder / f"{channel:05}-{sample}.npz"

    def load_channel(self, channel: int, samples: int) -> list[FeatureImage]:
        """Return all samples of a channel, or none if one is missing or damaged."""
        images = [load(self.path(channel, k), self._node, channel, k) for k in range(samples)]
        return [image for image in images if image is not None] if all(images) else []

    def save(self, images: Iterable[FeatureImage]) -> None:
        """Store images.

        Raises:
            VrnnError: The folder is not writable.
        """
        make_folder(self._folder)
        for image in images:
            save(self.path(image.channel, image.sample), image)

    def evict(self) -> None:
        """Delete folders, those used longest ago, until the others take at most MAX_BYTES."""
        with suppress(OSError):
            folders = sorted(
                self._folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True
            )
            total = 0
            for index, folder in enumerate(folders):
                total += sum(path.stat().st_size for path in folder.iterdir())
                if index and total > MAX_BYTES:
                    for path in folder.iterdir():
                        path.unlink(missing_ok=True)
                    folder.rmdir()
