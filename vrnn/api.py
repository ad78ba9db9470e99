"""vrnn from Python: pictures for notebooks, and the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.network.model_spec import ModelSpec

if TYPE_CHECKING:
    from PIL.Image import Image


def render(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    camera: str = "overview",
    size: tuple[int, int] = (1920, 1080),
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: str = "map",
    transparent: bool = False,
    **source: Any,
) -> Image:
    """A picture of a model with all its feature maps, made without a screen.

    model: an `nn.Module`, anything `vrnn --model` takes, or a list of them to stand side by side.
    image: (H, W, 3) uint8, a Pillow image, a file, the number of an image in the model's data set,
        or None for the model's own sample.
    camera: `overview`, `front`, `top`, `layer:NAME` or `x,y,z,yaw,pitch` (meters, degrees).
    size: (width, height) pixels, up to 16384 each.
    source: `weights`, `classes`, `data` (paths), `input_size` (height, width), `device`.
    Returns a Pillow image, RGB or, if transparent, RGBA. Raises VrnnError.
    """
    from vrnn.app.offscreen import OffscreenApp

    seen = None if image is None else _plain(image)
    with OffscreenApp(specs(model, source), load_config(), detail, arrange, scale, seen) as studio:
        return studio.picture(camera, size, transparent)


def show(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: str = "map",
    **source: Any,
) -> None:
    """Open a window on a model and return when it is closed. Arguments as for `render`."""
    from vrnn.app.desktop import DesktopApp

    options = Options(detail=detail, arrange=arrange, scale=scale)
    images = [] if image is None else [_plain(image)]
    with DesktopApp(options, load_config(), specs(model, source), images) as app:
        app.loop()


def specs(model: Any, source: dict[str, Any]) -> tuple[ModelSpec, ...]:
    """What to open; paths may be given as text."""
    models = list(model) if isinstance(model, list | tuple) else [model]
    given: dict[str, Any] = {
        key: Path(value) if key in ("weights", "classes", "data") and value is not None else value
        for key, value in source.items()
    }
    return tuple(ModelSpec(_text(one), **given) for one in models)


def _text(model: Any) -> Any:
    return str(model) if isinstance(model, Path) else model


def _plain(image: Any) -> np.ndarray | Path | int:
    if isinstance(image, str):
        return Path(image)
    if isinstance(image, Path | int):
        return image
    if isinstance(image, np.ndarray):
        return image
    return np.asarray(image.convert("RGB"))
