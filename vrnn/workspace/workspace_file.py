"""Session files: models, input, state of the layers and camera as readable JSON.

From a file that was saved with another version of a model, whatever fits is restored.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import cast

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_reader import MAX_BYTES, decode_image
from vrnn.network.axes import AxisChoice
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.kernel_filters import edit_problem
from vrnn.network.model_spec import Detail, ModelSpec, name_default, split_model_file
from vrnn.scene.camera import Camera
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.state import LayerKey, LayerState, State, check_names
from vrnn.scene.world import World
from vrnn.storage.atomic import write_atomically
from vrnn.storage.input_file import read_text
from vrnn.storage.serialization import from_dict, to_dict

VERSION = 2
"""Of the file format, under the key `vrnn`."""


@dataclass(frozen=True)
class WorkspaceSnapshot:
    """What a session file holds.

    Attributes:
        models: The models; the number of a network is its index here.
        detail: How finely their graphs are shown, one of DETAILS.
        state: Everything that can be undone.
        camera: Where the user was; None in files that do not say.
        viewpoints: Stored cameras, by the number of their key from 0.
        pixels: (H, W, 3) uint8 images without a file, by their key in the state.
        changes: How many changes had been made.
        aspect: Width / height of the picture that networks were laid out for, where the cameras
            fit.
        recording: The training that the state shows a step of; None for none.
    """

    models: tuple[ModelSpec, ...]
    detail: str
    state: State
    camera: Camera | None = None
    viewpoints: Mapping[int, Camera] = field(default_factory=dict)
    pixels: Mapping[str, np.ndarray] = field(default_factory=dict)
    changes: int = 0
    aspect: float = PICTURE_ASPECT
    recording: Path | None = None


@dataclass(frozen=True)
class _ModelEntry(ModelSpec):
    """A model as a file names it: never an object in Python."""

    model: str = field()


@dataclass(frozen=True)
class _LayerEntry(LayerState):
    """A layer that differs from its default state, with its network and name."""

    network: int = 0
    layer: str = ""


@dataclass(frozen=True)
class _Content:
    """The file itself, field by field; its key for viewpoints is `places`."""

    vrnn: int
    models: tuple[_ModelEntry, ...] = ()
    detail: Detail = "layers"
    camera: Camera | None = None
    places: Mapping[int, Camera] = field(default_factory=dict)
    state: State = field(default_factory=State)
    layers: tuple[_LayerEntry, ...] = ()
    pixels: Mapping[str, str] = field(default_factory=dict)
    changes: int = 0
    aspect: float = PICTURE_ASPECT
    recording: Path | None = None


def save_workspace(path: Path, snapshot: WorkspaceSnapshot) -> None:
    """Write a session as JSON, whole or not at all.

    Args:
        path: The file.
        snapshot: What it will hold.

    Raises:
        VrnnError: When it cannot be written, or a model was given as an object in Python.
    """
    layers = sorted(snapshot.state.layers.items())
    image = replace(snapshot.state.input_image, file=_absolute(snapshot.state.input_image.file))
    content = _Content(
        VERSION,
        tuple(map(_model_entry, snapshot.models)),
        cast(Detail, snapshot.detail),
        snapshot.camera,
        snapshot.viewpoints,
        replace(snapshot.state, layers=MappingProxyType({}), input_image=image),
        tuple(_LayerEntry(**vars(layer), network=key[0], layer=key[1]) for key, layer in layers),
        {key: _encoded(_Pixels(pixels)) for key, pixels in snapshot.pixels.items()},
        snapshot.changes,
        snapshot.aspect,
        _absolute(snapshot.recording),
    )
    # Every entry is there, so that one can see in a file what it may hold.
    table = {field.name: to_dict(getattr(content, field.name)) for field in fields(content)}
    text = json.dumps(table, indent=1, ensure_ascii=False)
    # A file name that is no text in UTF-8 becomes escapes, which JSON reads back as they were.
    write_atomically(path, (text + "\n").encode("utf-8", "backslashreplace"))


def _model_entry(spec: ModelSpec) -> _ModelEntry:
    """Convert a model so that the file can be opened from any folder."""
    if not isinstance(spec.model, str):
        raise VrnnError(
            "a model that was given as an object in Python cannot be saved in a session"
        )
    model = spec.model
    before, file, behind = split_model_file(model)
    if file is not None:
        model = f"{before}{file.resolve()}{behind}"
    kinds = ("weights", "classes", "data", "example")
    files = {name: _absolute(getattr(spec, name)) for name in kinds}
    return _ModelEntry(**{**vars(spec), **files, "model": model})


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


@dataclass(frozen=True, eq=False)
class _Pixels:
    """An image that is equal only to itself: two sessions may use the same key for two images."""

    array: np.ndarray

    def __hash__(self) -> int:
        return id(self.array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pixels) and other.array is self.array


@lru_cache(maxsize=2)
def _encoded(pixels: _Pixels) -> str:
    """Encode an image as PNG; the present one is written again with each change."""
    file = io.BytesIO()
    Image.fromarray(pixels.array).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def load_workspace(path: Path) -> WorkspaceSnapshot:
    """Read a session file.

    Args:
        path: The file.

    Returns:
        What it holds.

    Raises:
        VrnnError: When it is not a session file, is cut short, or was edited wrongly.
    """
    text = read_text(path, "the session", MAX_BYTES)
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VrnnError(
            f"the session '{path}' is cut short or was edited incorrectly: {error}"
        ) from error
    version = table.get("vrnn") if isinstance(table, dict) else None
    if type(version) is not int or version < 1:
        raise VrnnError(f"'{path}' is not a session that vrnn saved; save one with Ctrl+S")
    if version > VERSION:
        raise VrnnError(f"'{path}' was saved by a newer vrnn; update with pip install -U vrnn")
    try:
        return _snapshot(from_dict(_Content, table, "", path.parent))
    except VrnnError as error:
        raise VrnnError(f"the session '{path}': {error}") from error


def _snapshot(content: _Content) -> WorkspaceSnapshot:
    names = [field.name for field in fields(LayerState)]
    layers = {
        (entry.network, entry.layer): LayerState(**{name: getattr(entry, name) for name in names})
        for entry in content.layers
    }
    state = replace(content.state, layers=MappingProxyType(layers))
    check_names(state)
    pixels = {key: _decoded(text, key) for key, text in content.pixels.items()}
    if not content.models:
        raise VrnnError('it names no model; add one under models, such as {"model": "default"}')
    return WorkspaceSnapshot(
        tuple(name_default(ModelSpec(**vars(entry))) for entry in content.models),
        content.detail,
        state,
        content.camera,
        content.places,
        pixels,
        content.changes,
        content.aspect,
        content.recording,
    )


def _decoded(text: str, key: str) -> np.ndarray:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VrnnError(f"the image '{key}' cannot be read: {error}") from error
    return decode_image(io.BytesIO(data), f"'{key}'")


def drop_missing_layers(state: State, world: World) -> tuple[State, tuple[str, ...]]:
    """Restrict a state to the layers that the open networks have.

    Args:
        state: The state of a session.
        world: Holds the open networks.

    Returns:
        The restricted state, and the names of layers and channels that are missing.
    """
    missing: list[str] = []

    def exists(slot: int, name: str, modules: bool = False) -> bool:
        network = world.networks.get(slot)
        if network is not None and (
            name in network.node_ids or (modules and name in network.modules)
        ):
            return True
        missing.append(name)
        return False

    layers = {
        key: _with_fitting_axes(layer, world, key)
        for key, layer in state.layers.items()
        if exists(*key, modules=True)
    }
    layers = {key: layer for key, layer in layers.items() if layer != LayerState()}
    folds = frozenset(key for key in state.folds if exists(*key, modules=True))
    pins = tuple(
        p for p in state.pins if exists(p.network, p.layer) and exists(p.network, p.beside)
    )
    ablations = []
    for one in state.ablations:
        if not exists(one.network, one.layer):
            continue
        network = world.networks[one.network]
        count = network.network.by_id[network.node_ids[one.layer]].shape[0]
        channels = tuple(c for c in one.channels if 0 <= c < count)
        missing += [f"{one.layer} channel {c}" for c in one.channels if c not in channels]
        if channels or not one.channels:
            ablations.append(replace(one, channels=channels))
    fitted = replace(
        state,
        layers=MappingProxyType(layers),
        folds=folds,
        pins=pins,
        ablations=tuple(ablations),
        edits=_fitting_edits(state, world, missing),
        choices=_fitting_choices(state, world),
    )
    return fitted, tuple(dict.fromkeys(missing))


def _with_fitting_axes(layer: LayerState, world: World, key: LayerKey) -> LayerState:
    """The layer without roles of axes when its tensor has another number of them."""
    network = world.networks[key[0]]
    if layer.axes and key[1] in network.node_ids:
        node = network.network.by_id[network.node_ids[key[1]]]
        if len(node.axes) != len(layer.axes):
            return replace(layer, axes=())
    return layer


def _fitting_edits(
    state: State, world: World, missing: list[str]
) -> Mapping[int, tuple[KernelEdit, ...]]:
    """The edits of kernels that the networks have; the others are added to what is missing."""
    fitting = {}
    for slot, edits in state.edits.items():
        network = world.networks.get(slot)
        kept = []
        for edit in edits:
            node = None if network is None else network.node_ids.get(edit.layer)
            shape = None if network is None or node is None else network.kernels.get(node)
            if shape is not None and not edit_problem(edit, shape):
                kept.append(edit)
            else:
                missing.append(edit.text)
        if kept:
            fitting[slot] = tuple(kept)
    return MappingProxyType(fitting)


def _fitting_choices(state: State, world: World) -> Mapping[int, tuple[AxisChoice, ...]]:
    """The choices among samples, frames and slices that the networks have."""
    fitting = {}
    for slot, chosen in state.choices.items():
        if slot in world.networks:
            counts = world.networks[slot].network.choice_counts
            kept = tuple(c for c in chosen if (c.index or 0) < counts.get(c.role, 0))
            if kept:
                fitting[slot] = kept
    return MappingProxyType(fitting)
