"""Top activations found before, in the user's cache folder: compressed numpy arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import Digest, digest_model, tensor_bytes
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.paths import cache_dir

FORMAT = "top images 1"
"""To be changed with what is written, so that older files are not read."""
SAMPLE_COUNT = 16
"""Images of a data set that are read to tell it from another."""
MAX_FILES = 500
"""Files that are kept; the oldest are deleted."""


def cache_key(
    model: LoadedModel, dataset: ImageSet, node: int, k: int
) -> Generator[None, None, str]:
    """Make a name for the top activations of a node.

    It differs for other weights, another graph, other images, or other preprocessing. Yields
    between its steps, as models and data sets can be large.

    Args:
        model: The model.
        dataset: The images.
        node: Id of the node.
        k: Images for each channel.

    Returns:
        The name, a part of a file name.
    """
    digest = hashlib.blake2b(f"{FORMAT} {node} {k}".encode(), digest_size=16)
    yield from digest_model(digest, model.network, model.source.model)
    yield from digest_dataset(digest, model, dataset)
    return digest.hexdigest()


def digest_dataset(
    digest: Digest, model: LoadedModel, dataset: ImageSet
) -> Generator[None, None, None]:
    """Add a data set to a digest: how many images, their classes, files and a few images.

    Of files it takes name, size and age; the images are as the network sees them. Yields between
    its steps.

    Args:
        digest: The digest to add to.
        model: The model, whose preprocessing counts.
        dataset: The images.
    """
    digest.update(f"{len(dataset)} {dataset.names}".encode())
    for index, path in enumerate(dataset.files):
        with suppress(OSError):
            stat = Path(path).stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
        if index % 1000 == 999:
            yield
    samples = np.linspace(0, max(len(dataset) - 1, 0), SAMPLE_COUNT)
    for index in sorted({int(n) for n in samples}):
        try:
            inputs, seen, _ = model.source.prepare(dataset.image(index))
        except Exception:  # an image that cannot be read is one that is skipped later
            digest.update(b"none")
            continue
        digest.update(repr(seen.shape).encode() + np.ascontiguousarray(seen).tobytes())
        for tensor in tensors_in(inputs):
            digest.update(tensor_bytes(tensor))
        yield


def _path(key: str, measure: str) -> Path:
    return cache_dir() / "top-images" / f"{key}-{measure}.npz"


def save(key: str, top_images: Iterable[TopImages]) -> None:
    """Write top activations to the cache.

    Args:
        key: See `cache_key`.
        top_images: Those by each measure.

    Raises:
        VrnnError: The folder is not writable.
    """
    for top in top_images:
        path = _path(key, top.measure)
        make_folder(path.parent)

        def write(file: BinaryIO, top: TopImages = top) -> None:
            np.savez_compressed(
                file,
                node=np.int64(top.node),
                seen=np.int64(top.image_count),
                images=top.images,
                values=top.values,
                places=top.positions,
                skipped=np.array([index for index, _ in top.skipped], np.int64),
                reasons=np.array([reason for _, reason in top.skipped], np.str_),
            )

        write_atomically(path, write)
    delete_oldest(path.parent)


def delete_oldest(folder: Path) -> None:
    """Keep the newest MAX_FILES files of a folder of the cache."""
    with suppress(OSError):
        files = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        for path in files[:-MAX_FILES]:
            path.unlink(missing_ok=True)


def load(key: str, measure: str, image_count: int) -> TopImages | None:
    """Read top activations from the cache.

    Args:
        key: See `cache_key`.
        measure: `max` or `mean`.
        image_count: Number of images in the data set.

    Returns:
        What was written; None if there is no file or it is damaged.
    """
    try:
        with _path(key, measure).open("rb") as file, np.load(file, allow_pickle=False) as data:
            skipped = tuple(
                (int(index), str(reason))
                for index, reason in zip(data["skipped"], data["reasons"], strict=True)
            )
            top = TopImages(
                int(data["node"]), measure, data["images"], data["values"], data["places"],
                int(data["seen"]), skipped,
            )  # fmt: skip
    except Exception:  # a damaged file fails in as many ways as there are bytes in it
        return None
    return top if _is_valid(top, image_count) else None


def _is_valid(top: TopImages, image_count: int) -> bool:
    """Check shapes, dtypes and ranges."""
    shape = top.images.shape
    dtypes = (top.images.dtype, top.values.dtype, top.positions.dtype)
    return (
        len(shape) == 2
        and top.values.shape == shape
        and top.positions.shape == (*shape, 2)
        and dtypes == (np.int32, np.float32, np.int32)
        and top.images.size > 0
        and int(top.images.min()) >= 0
        and int(top.images.max()) < image_count
        and int(top.positions.min()) >= 0
        and top.image_count + len(top.skipped) == image_count
    )
