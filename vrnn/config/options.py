"""Options."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from vrnn.network.model_spec import ModelSpec


@dataclass(frozen=True)
class Shot:
    """One screenshot to write: of this image (None: the model's own sample) from this camera."""

    image: Path | None
    camera: str
    path: Path


@dataclass(frozen=True)
class Options:
    """Everything the command line says, checked for form; files are looked at when they are opened.

    command: `open` (window or screenshots), `graph`, `export`, `features` or
        `doctor`.
    weights: one for each model in order, None for a model without; may be shorter than models.
    live: a camera's number, a video file or a folder, whose frames are shown as they come.
    input_size: (height, width); size, window: (width, height); all in pixels.
    xr: `on`, `off`, or `auto`: in the headset when there is one; stereo: how both eyes are drawn.
    cameras: each `overview`, `front`, `top`, `layer:NAME` or five numbers (see `parse_camera`).
    """

    command: str = "open"
    models: tuple[str, ...] = ("default",)
    weights: tuple[Path | None, ...] = ()
    images: tuple[Path, ...] = ()
    data: Path | None = None
    live: str | None = None
    classes: Path | None = None
    input_size: tuple[int, int] | None = None
    device: str = "auto"
    detail: str = "layers"
    arrange: str = "terrace"
    scale: str = "map"
    screenshot: Path | None = None
    screenshot_dir: Path | None = None
    size: tuple[int, int] = (1920, 1080)
    cameras: tuple[str, ...] = ("overview",)
    transparent: bool = False
    kind: str = "flat"
    film: Path | None = None
    seconds: float = 3.0
    rate: float = 30.0
    layers: str = "*"
    out: Path | None = None
    what: tuple[str, ...] = ("sheet", "values", "histograms")
    channels: str = ""
    preset: str = "published"
    settings: tuple[str, ...] = ()
    ray: str = ""
    play: Path | None = None
    place: Path | None = None
    window: tuple[int, int] | None = None
    xr: str = "off"
    stereo: str = "auto"
    fullscreen: bool = False
    json: Path | None = None
    config: Path | None = None
    debug: bool = False
    timings: bool = False
    quiet: bool = False

    @property
    def is_batch(self) -> bool:
        """True when screenshots are written instead of opening a window."""
        return any(f is not None for f in (self.screenshot, self.screenshot_dir, self.film))

    def specs(self) -> tuple[ModelSpec, ...]:
        """The models to open, in order."""
        weights = self.weights + (None,) * (len(self.models) - len(self.weights))
        return tuple(
            ModelSpec(model, file, self.classes, self.data, self.input_size, self.device)
            for model, file in zip(self.models, weights, strict=True)
        )

    def pictures(self) -> tuple[Shot, ...]:
        """The screenshots to write, image by image, each with a file of its own.

        `--screenshot out.png` names a single picture; several become `out-<image>-<camera>.png`,
        with only the parts that differ. `--screenshot-dir` holds `<image>-<camera>.png`.
        """
        images: tuple[Path | None, ...] = self.images or (None,)
        pictures: list[Shot] = []
        for image in images:
            for number, camera in enumerate(self.cameras, 1):
                place = _file_part(camera, number)
                if self.screenshot is not None:
                    parts = [self.screenshot.stem]
                    parts += [image.stem] if image and len(images) > 1 else []
                    parts += [place] if len(self.cameras) > 1 else []
                    pictures.append(Shot(image, camera, self._sibling(parts)))
                if self.screenshot_dir is not None:
                    parts = [image.stem, place] if image else [place]
                    path = self.screenshot_dir / ("-".join(parts) + ".png")
                    pictures.append(Shot(image, camera, path))
        return _with_names_of_their_own(pictures)

    def _sibling(self, parts: list[str]) -> Path:
        assert self.screenshot is not None
        return self.screenshot.with_name("-".join(parts) + self.screenshot.suffix)


def parse_camera(camera: str) -> tuple[float, float, float, float, float] | None:
    """x, y, z in meters and yaw, pitch in radians of a camera given by numbers, else None.

    People write the two angles in degrees.
    """
    parts = camera.split(",")
    if len(parts) != 5:
        return None
    try:
        x, y, z, yaw, pitch = (float(part) for part in parts)
    except ValueError:
        return None
    if not all(math.isfinite(number) for number in (x, y, z, yaw, pitch)):
        return None
    return x, y, z, math.radians(yaw), math.radians(pitch)


def _file_part(camera: str, number: int) -> str:
    """A camera as part of a file's name: nothing that could lead into another folder."""
    if parse_camera(camera) is not None:
        return f"place{number}"
    return re.sub(r"[^\w.-]+", "-", camera)


def _with_names_of_their_own(pictures: list[Shot]) -> tuple[Shot, ...]:
    taken: set[Path] = set()
    result: list[Shot] = []
    for picture in pictures:
        path, number = picture.path, 2
        while path in taken:
            path = picture.path.with_stem(f"{picture.path.stem}-{number}")
            number += 1
        taken.add(path)
        result.append(Shot(picture.image, picture.camera, path))
    return tuple(result)
