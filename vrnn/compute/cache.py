"""What took long to find, kept in the user's cache folder for the next time."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.paths import cache_dir

FORMAT = "top images 1"
"""Grows with each change of what is written, so that older files are not read."""
SAMPLES = 16
"""Images of a data set that are looked at to tell it from another."""
MOST_FILES = 500


def top_images_key(
    model: LoadedModel, dataset: ImageSet, node: int, k: int
) -> Generator[None, None, str]:
    """A name for the best k images of a node: another for other weights, another graph, other
    images, another way to prepare them. Yields between its steps."""
    digest = hashlib.blake2b(f"{FORMAT} {node} {k}".encode(), digest_size=16)
    yield from model_into(digest, model)
    yield from _data_into(digest, model, dataset)
    return digest.hexdigest()


def model_into(digest: Any, model: LoadedModel) -> Generator[None, None, None]:
    """Its graph and every weight. Yields between its steps."""
    network = model.network
    for part in (*network.nodes, *network.edges):
        digest.update(repr(part).encode())
    net = model.source.model
    for name, tensor in (*net.named_parameters(), *net.named_buffers()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(_bytes(tensor))
        yield


def _bytes(tensor: torch.Tensor) -> bytes:
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    flat = tensor.cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


def _data_into(digest: Any, model: LoadedModel, dataset: ImageSet) -> Generator[None, None, None]:
    """How many images, their classes, name, size and age of each file, and a few as the network
    sees them."""
    digest.update(f"{len(dataset)} {dataset.names}".encode())
    for number, path in enumerate(dataset.files):
        with suppress(OSError):
            about = Path(path).stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}".encode())
        if number % 1000 == 999:
            yield
    for number in sorted({int(n) for n in np.linspace(0, max(len(dataset) - 1, 0), SAMPLES)}):
        try:
            inputs, seen = model.source.prepare(dataset.image(number))
        except Exception:  # an image that cannot be read is one that is left out later
            digest.update(b"none")
            continue
        digest.update(repr(seen.shape).encode() + np.ascontiguousarray(seen).tobytes())
        for tensor in inputs:
            if isinstance(tensor, torch.Tensor):
                digest.update(_bytes(tensor))
        yield


def _path(key: str, measure: str) -> Path:
    return cache_dir() / "top-images" / f"{key}-{measure}.npz"


def save_top_images(key: str, found: Iterable[TopImages]) -> None:
    """Keep them. Raises VrnnError where the folder cannot be written to."""
    for top in found:
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
                skipped=np.array([number for number, _ in top.skipped], np.int64),
                reasons=np.array([reason for _, reason in top.skipped], np.str_),
            )

        write_atomically(path, write)
    _forget_oldest(path.parent)


def _forget_oldest(folder: Path) -> None:
    with suppress(OSError):
        files = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        for path in files[:-MOST_FILES]:
            path.unlink(missing_ok=True)


def evict(folder: Path, most_bytes: int) -> None:
    """Take folders in it away, those used longest ago, until the others are small enough."""
    with suppress(OSError):
        folders = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for number, each in enumerate(folders):
            total += sum(path.stat().st_size for path in each.iterdir())
            if number and total > most_bytes:
                for path in each.iterdir():
                    path.unlink(missing_ok=True)
                each.rmdir()


def load_top_images(key: str, measure: str, count: int) -> TopImages | None:
    """What was kept, None where there is nothing or it is broken. count: size of the data set."""
    try:
        with _path(key, measure).open("rb") as file, np.load(file, allow_pickle=False) as data:
            skipped = tuple(
                (int(number), str(reason))
                for number, reason in zip(data["skipped"], data["reasons"], strict=True)
            )
            top = TopImages(
                int(data["node"]), measure, data["images"], data["values"], data["places"],
                int(data["seen"]), skipped,
            )  # fmt: skip
    except Exception:  # a damaged file fails in as many ways as there are bytes in it
        return None
    return top if _sound(top, count) else None


def _sound(top: TopImages, count: int) -> bool:
    shape = top.images.shape
    kinds = (top.images.dtype, top.values.dtype, top.positions.dtype)
    return (
        len(shape) == 2
        and top.values.shape == shape
        and top.positions.shape == (*shape, 2)
        and kinds == (np.int32, np.float32, np.int32)
        and top.images.size > 0
        and int(top.images.min()) >= 0
        and int(top.images.max()) < count
        and int(top.positions.min()) >= 0
        and top.image_count + len(top.skipped) == count
    )
