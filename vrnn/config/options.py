"""What a command line asks for, as plain data; files are looked at when they are opened."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from vrnn.config.choices import (
    LAYER_FILES,
    HeadsetUse,
    ImageKind,
    LayerFile,
    StereoChoice,
)
from vrnn.errors import VrnnError
from vrnn.media.bit_depths import Precision
from vrnn.network.embedding_methods import Dimensions, EmbeddingMethod
from vrnn.network.importance_measures import ImportanceMeasure
from vrnn.network.model_spec import ModelSpec
from vrnn.recordings.manifest import EXAMPLE, read_manifest
from vrnn.style.color_mapping import ColorRange
from vrnn.style.theme_names import Theme


@dataclass(frozen=True)
class ModelOptions:
    """Which models to open, and how: of every subcommand that opens one.

    Attributes:
        models: See `ModelSpec`.
        weights: One for each model in order, None for a model without, `random` for a library's
            model without its trained weights; may be shorter than models.
        data: Folder of images, classes by subfolder.
        classes: Text file, one class name a line.
        input_size: (height, width) in pixels; None for the model's own.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, …
        detail: One of DETAILS.
        text: A text that goes in, through the scripts' tokenizers.
    """

    models: tuple[str, ...] = ("default",)
    weights: tuple[Path | Literal["random"] | None, ...] = ()
    data: Path | None = None
    classes: Path | None = None
    input_size: tuple[int, int] | None = None
    device: str = "auto"
    detail: str = "layers"
    text: str | None = None

    def __post_init__(self) -> None:
        """Raise VrnnError when there are more weights than models."""
        if len(self.weights) > len(self.models):
            raise VrnnError(
                f"--weights is given {len(self.weights)} times for {len(self.models)} model(s); "
                "give at most one for each --model, in the same order"
            )

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the models to open, in order."""
        weights = self.weights + (None,) * (len(self.models) - len(self.weights))
        rest = self.classes, self.data, self.input_size, self.device, self.text
        return tuple(
            ModelSpec(model, cast(Path | None, choice), *rest)  # which makes None of `random`
            for model, choice in zip(self.models, weights, strict=True)
        )


@dataclass(frozen=True)
class Shot:
    """One screenshot to write.

    Attributes:
        image: What goes into the networks; None: the model's own sample.
        camera: Where it is taken from.
        path: The file.
    """

    image: Path | None
    camera: str
    path: Path


@dataclass(frozen=True)
class BatchOptions:
    """What to write instead of opening a window.

    Attributes:
        images: What goes into the networks; in a window they can be stepped through.
        screenshot: A PNG.
        screenshot_dir: A folder for a PNG of each image and camera.
        size: (width, height) of pictures, pixels.
        cameras: Each `overview`, `front`, `top`, `input`, `layer:NAME` or five numbers (see
            `parse_camera`).
        transparent: Whether pictures have no background.
        kind: What pictures show.
        video: A video file, or a folder for its frames.
        seconds: Of a video, from one camera to the next.
        rate: Of a video, frames per second.
        play: A script of commands.
        trust: Whether scripts that a session names may run, also those never opened before.
    """

    images: tuple[Path, ...] = ()
    screenshot: Path | None = None
    screenshot_dir: Path | None = None
    size: tuple[int, int] = (1920, 1080)
    cameras: tuple[str, ...] = ("overview",)
    transparent: bool = False
    kind: ImageKind = "flat"
    video: Path | None = None
    seconds: float = 3.0
    rate: float = 30.0
    play: Path | None = None
    trust: bool = False

    @property
    def is_batch(self) -> bool:
        """Whether pictures are written instead of opening a window."""
        return any(f is not None for f in (self.screenshot, self.screenshot_dir, self.video))

    def shots(self) -> tuple[Shot, ...]:
        """Return the screenshots to write, image by image, each with a file of its own.

        `--screenshot out.png` names a single picture; several become `out-<image>-<camera>.png`,
        with only the parts that differ. `--screenshot-dir` holds `<image>-<camera>.png`.
        """
        images: tuple[Path | None, ...] = self.images or (None,)
        shots: list[Shot] = []
        for image in images:
            for number, camera in enumerate(self.cameras, 1):
                view = _file_part(camera, number)
                if self.screenshot is not None:
                    parts = [self.screenshot.stem]
                    parts += [image.stem] if image and len(images) > 1 else []
                    parts += [view] if len(self.cameras) > 1 else []
                    name = "-".join(parts) + self.screenshot.suffix
                    shots.append(Shot(image, camera, self.screenshot.with_name(name)))
                if self.screenshot_dir is not None:
                    parts = [image.stem, view] if image else [view]
                    path = self.screenshot_dir / ("-".join(parts) + ".png")
                    shots.append(Shot(image, camera, path))
        return _with_unique_paths(shots)


@dataclass(frozen=True)
class Options(BatchOptions, ModelOptions):
    """What `vrnn` without a subcommand is asked for: a window, a headset, or a batch of files.

    Attributes:
        live: A camera's number, a video file or a folder, whose frames are shown as they come.
        arrange: Placement of the layers.
        scale: What the colors of a map span.
        session: A session file.
        theme: Of all colors; None for the settings'.
        window: (width, height) of the window, screen coordinates; None for the settings'.
        xr: Whether to start in the headset.
        stereo: How both eyes are drawn.
        fullscreen: Whether the window fills the screen.
        presentation: Whether it begins in presentation mode.
        config: A settings file.
        timings: Whether to print how long each step of starting takes.
        quiet: Whether to print errors only.
        recording: A recording of the first model's training, or a folder of its checkpoints.
        step: The step of it that is shown; None for the newest, as steps come.
    """

    live: str | None = None
    arrange: str = "terrace"
    scale: ColorRange = "map"
    session: Path | None = None
    theme: Theme | None = None
    window: tuple[int, int] | None = None
    xr: HeadsetUse = "off"
    stereo: StereoChoice = "auto"
    fullscreen: bool = False
    presentation: bool = False
    config: Path | None = None
    timings: bool = False
    quiet: bool = False
    recording: Path | None = None
    step: int | None = None

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the models to open, in order; the first one runs on the recording's example."""
        found = super().specs()
        example = None if self.recording is None else self.recording / EXAMPLE
        if example is None or not example.is_file():
            return found
        return replace(found[0], example=example), *found[1:]


def recorded_model(folder: Path) -> str:
    """Return what `--model` opens to show a recording.

    Raises:
        VrnnError: That is not known.
    """
    manifest = read_manifest(folder)
    if manifest is None or not manifest.source:
        what = "checkpoints do" if manifest is None else f"the recording of {manifest.model} does"
        raise VrnnError(
            f"'{folder}': {what} not say how its model is built; add --model, such as "
            "--model net.py:Net or --model torchvision:resnet18"
        )
    return manifest.source


@dataclass(frozen=True, kw_only=True)
class GraphOptions(ModelOptions):
    """Where the graph goes.

    Attributes:
        json: A file for the graph of the only model.
        quiet: Whether to print no table.
    """

    json: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ModelOptions):
    """What to export.

    Attributes:
        images: What goes into the networks; only the first is used.
        layers: A pattern that names of layers fit, such as `layer1.*`.
        out: The folder that files of layers are written to; None for none.
        formats: What is written of each layer.
        ifealid: Bits of a value in an IFeaLiD data set of each layer; None for none.
        save_weights: Where all weights are written, in place of layers; None for layers.
        play: A file with commands that edit kernels before weights are written; None for none.
        quiet: Whether to print errors only.
    """

    images: tuple[Path, ...] = ()
    layers: str = "*"
    out: Path | None = None
    formats: tuple[LayerFile, ...] = LAYER_FILES
    ifealid: Precision | None = None
    save_weights: Path | None = None
    play: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class FeatureOptions(ModelOptions):
    """What to visualize, and how.

    Attributes:
        layers: A pattern that names of layers fit, such as `layer3.*`.
        out: The folder that files are written to.
        channels: Such as `0-15,40`; '' for all.
        preset: The settings to start from, see configs/features.toml.
        settings: Settings of the preset to replace, each as `NAME=VALUE`.
        images: What the optimization starts from, where the source is an image; only the first is
            used.
        ray: Address of a Ray cluster; '' for this machine.
        quiet: Whether to print errors only.
    """

    layers: str
    out: Path
    channels: str = ""
    preset: str = "published"
    settings: tuple[str, ...] = ()
    images: tuple[Path, ...] = ()
    ray: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class EmbedOptions(ModelOptions):
    """What data set to place, and how.

    Attributes:
        layers: Layers whose features place the images, each from where the one before has them.
        out: The file that is written.
        method: How images are placed.
        dimensions: Of the points.
        at: Where in the maps, as parts of their width and height; None for their means.
        ray: Address of a Ray cluster; '' for this machine.
        quiet: Whether to print errors only.
    """

    layers: tuple[str, ...]
    out: Path
    method: EmbeddingMethod = "pca"
    dimensions: Dimensions = 2
    at: tuple[float, float] | None = None
    ray: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportanceOptions(ModelOptions):
    """Of what the importance is found, and how.

    Attributes:
        out: The folder that files are written to.
        targets: Classes by name or number; () for all that the data set has images of.
        measures: By what; () for all measures.
        epochs: Of the training of gammas.
        points: Of a pruning curve.
        quiet: Whether to print errors only.
    """

    out: Path
    targets: tuple[str, ...] = ()
    measures: tuple[ImportanceMeasure, ...] = ()
    epochs: int = 20
    points: int = 21
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(ModelOptions):
    """What data set to score, and after which changes.

    Attributes:
        out: The folder that files are written to.
        play: A file with commands that edit kernels or ablate channels; None for none.
        quiet: Whether to print errors only.
    """

    out: Path
    play: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class CompareOptions(ModelOptions):
    """What two networks are compared by.

    Attributes:
        out: The folder that files are written to.
        most_images: Images of the data set that layers are compared over, at most; 0 for none.
        quiet: Whether to print errors only.
    """

    out: Path
    most_images: int = 512
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(ModelOptions):
    """What to explain, and how.

    Attributes:
        images: What goes into the networks: files, and folders of them; () for the model's own.
        out: The folder that files are written to.
        target: What is explained, see `vrnn.explanations.targets`; '' for the winning class.
        method: Name of a composite, or of a gradient method.
        layers: A pattern that names of layers fit whose relevance is written; '' for none.
        through: Layers and channels that relevance may flow through, each as `LAYER #0,3`.
        settings: Further settings, each as `NAME=VALUE`.
        composites: A TOML file of the user's own composites.
        faithfulness: Whether pixels are flipped.
        top_images: Layers and channels whose most relevant images of the data set are written.
        ray: Address of a Ray cluster; '' for this machine.
        quiet: Whether to print errors only.
    """

    images: tuple[Path, ...] = ()
    out: Path
    target: str = ""
    method: str = "epsilon-plus"
    layers: str = ""
    through: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    composites: Path | None = None
    faithfulness: bool = False
    top_images: tuple[str, ...] = ()
    ray: str = ""
    quiet: bool = False


def parse_camera(camera: str) -> tuple[float, float, float, float, float] | None:
    """Read a camera that is given by numbers.

    Args:
        camera: `x,y,z,yaw,pitch` in meters and degrees, or anything else.

    Returns:
        x, y, z in meters and yaw, pitch in radians; None when it is anything else.
    """
    parts = camera.split(",")
    if len(parts) != 5:
        return None
    try:
        x, y, z, yaw, pitch = (float(part) for part in parts)
    except ValueError:
        return None
    if not all(abs(number) <= 1e9 for number in (x, y, z, yaw, pitch)):  # not NaN either
        return None
    return x, y, z, math.radians(yaw), math.radians(pitch)


def _file_part(camera: str, number: int) -> str:
    """Return a camera as part of a file's name: nothing that could lead into another folder."""
    if parse_camera(camera) is not None:
        return f"place{number}"
    return re.sub(r"[^\w.-]+", "-", camera)


def _with_unique_paths(shots: list[Shot]) -> tuple[Shot, ...]:
    taken: set[Path] = set()
    result: list[Shot] = []
    for shot in shots:
        path, number = shot.path, 2
        while path in taken:
            path = shot.path.with_stem(f"{shot.path.stem}-{number}")
            number += 1
        taken.add(path)
        result.append(replace(shot, path=path))
    return tuple(result)
