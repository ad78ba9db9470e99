"""Pictures for notebooks, and the window."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vrnn.api.sources import prepare, specs, without_pillow
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.style.color_mapping import ColorRange

if TYPE_CHECKING:
    from PIL.Image import Image


def screenshot(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    camera: str = "overview",
    size: tuple[int, int] = (1920, 1080),
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: ColorRange = "map",
    transparent: bool = False,
    **source: Any,
) -> Image:
    """Make a picture of a model with all its feature maps, without a screen.

    Args:
        model: An `nn.Module`, anything `vrnn --model` takes, or a list of them to place side by
            side.
        image: (H, W, 3) uint8, a Pillow image, a file, the number of an image in the model's data
            set, or None for the model's own sample.
        camera: `overview`, `front`, `top`, `input`, `layer:NAME` or `x,y,z,yaw,pitch` (meters,
            degrees).
        size: (width, height) pixels, up to 16384 each.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        arrange: Placement of the layers: `terrace`, `conveyor` or `by resolution`.
        scale: What the colors of a map span: its own range, its `layer`'s or its `network`'s.
        transparent: Whether the picture has no background.
        **source: `weights`, `classes`, `data` (paths), `input_size` (height, width), `device`,
            `text` (through the script's tokenizer).

    Returns:
        RGB or, if transparent, RGBA.

    Raises:
        VrnnError: The model, the image or the camera is wrong, or there is no OpenGL.
    """
    from vrnn.app.offscreen import OffscreenApp

    prepare()
    shown = None if image is None else without_pillow(image)
    with OffscreenApp(specs(model, source), load_config(), detail, arrange, scale, shown) as app:
        return app.picture(camera, size, transparent)


def show(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: ColorRange = "map",
    **source: Any,
) -> None:
    """Open a window on a model and return when it is closed.

    Args:
        model: As for `screenshot`.
        image: As for `screenshot`.
        detail: As for `screenshot`.
        arrange: As for `screenshot`.
        scale: As for `screenshot`.
        **source: As for `screenshot`.

    Raises:
        VrnnError: The model or the image is wrong, or no window can be opened.
    """
    from vrnn.app.desktop import DesktopApp

    prepare()
    options = Options(detail=detail, arrange=arrange, scale=scale)
    images = [] if image is None else [without_pillow(image)]
    with DesktopApp(options, load_config(), specs(model, source), images) as app:
        app.loop()


def render(*arguments: Any, **named: Any) -> Image:
    """Make a picture: the former name of `screenshot`."""
    warnings.warn("render is now vrnn.screenshot", DeprecationWarning, stacklevel=2)
    return screenshot(*arguments, **named)
