"""What the functions of this package take: models, images, and steps to their end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.media import Media
from vrnn.media.media_reader import read_media
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.log import log_to_stderr, logger
from vrnn.storage.plugins import load_plugins

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

T = TypeVar("T")


def specs(model: Any, source: dict[str, Any]) -> tuple[ModelSpec, ...]:
    """Return what to open.

    Args:
        model: One model or a list of them.
        source: Further fields of `ModelSpec`; paths may be given as text.
    """
    models = list(model) if isinstance(model, list | tuple) else [model]
    return tuple(ModelSpec(str(m) if isinstance(m, Path) else m, **source) for m in models)


def opened_model(model: Any, source: dict[str, Any], detail: str) -> LoadedModel:
    """Open one model, as `specs` takes it."""
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    return LoadedModel(open_source(specs(model, source)[0]), detail)


def to_media(opened: LoadedModel, image: Any) -> Media:
    """What goes in, of anything that an image may be given as."""
    media = without_pillow(image)
    if isinstance(media, Path):
        return read_media(media)
    if isinstance(media, int):
        if opened.source.dataset is None:
            raise VrnnError(f"{opened.source.title} has no data set; give an image")
        return opened.source.dataset.image(media)
    return media


def without_pillow(image: Any) -> np.ndarray | Path | int:
    """Return an image as (H, W, 3) uint8, a file, or the number of an image in a data set."""
    if isinstance(image, str):
        return Path(image)
    if isinstance(image, Path | int | np.ndarray):
        return image
    from vrnn.media.image_reader import to_rgb

    return to_rgb(image)


def finish(steps: Generator[object, None, T]) -> T:
    """Return what steps return at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def prepare() -> None:
    """Load plugins, and log where the program around does not."""
    if not logger.hasHandlers():  # else the program around has logging of its own
        log_to_stderr()
    load_plugins()
