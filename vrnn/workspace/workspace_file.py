"""The whole place in one readable file: models, image, what was done to the world, where one stood.

A file made for another version of a model keeps what fits, and says what does not.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_reader import MAX_BYTES, to_rgb
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.state import LayerState, State, validate
from vrnn.scene.world import World
from vrnn.storage.atomic import write_atomically
from vrnn.storage.serialization import from_dict, to_dict

VERSION = 2


@dataclass(frozen=True)
class WorkspaceSnapshot:
    """What a file holds. places: stored cameras by key; pixels: images without a file, by key."""

    models: tuple[ModelSpec, ...]
    detail: str
    state: State
    camera: Camera | None = None
    viewpoints: Mapping[int, Camera] = field(default_factory=dict)
    pixels: Mapping[str, np.ndarray] = field(default_factory=dict)


def save_workspace(path: Path, kept: WorkspaceSnapshot) -> None:
    """Write it as JSON, whole or not at all.

    Raises VrnnError when it cannot be written, or a model was given as an object in Python.
    """
    models = []
    for spec in kept.models:
        if not isinstance(spec.model, str):
            raise VrnnError(
                "a model that was given as an object in Python cannot be kept in a file"
            )
        models.append(_absolute(to_dict(spec) | {"model": _whole(spec.model)}))
    state = to_dict(replace(kept.state, layers=MappingProxyType({})))
    layers = [
        {"network": slot, "layer": name, **to_dict(layer)}
        for (slot, name), layer in sorted(kept.state.layers.items())
    ]
    content = {
        "vrnn": VERSION,
        "models": models,
        "detail": kept.detail,
        "camera": None if kept.camera is None else to_dict(kept.camera),
        "places": {str(key): to_dict(camera) for key, camera in kept.viewpoints.items()},
        "state": _absolute_picture(state),
        "layers": layers,
        "pixels": {key: _encoded(pixels) for key, pixels in kept.pixels.items()},
    }
    write_atomically(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _whole(model: str) -> str:
    """A script's path from the root, so that the file can be opened from anywhere."""
    path, colon, name = model.rpartition(":") if model.count(":") and ".py:" in model else (
        model, "", "",
    )  # fmt: skip
    return f"{Path(path).resolve()}{colon}{name}" if path.endswith(".py") else model


def _absolute(spec: dict[str, Any]) -> dict[str, Any]:
    for name in ("weights", "classes", "data"):
        if spec.get(name):
            spec[name] = str(Path(spec[name]).resolve())
    return spec


def _absolute_picture(state: dict[str, Any]) -> dict[str, Any]:
    if state.get("input_image", {}).get("file"):
        state["input_image"]["file"] = str(Path(state["input_image"]["file"]).resolve())
    return state


def _encoded(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def load_workspace(path: Path) -> WorkspaceSnapshot:
    """What a file holds. Raises VrnnError when it is no such file, cut short or wrongly edited."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise VrnnError(f"'{path}' is too large for a place")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"cannot read the place '{path}': {reason}") from error
    except (ValueError, RecursionError) as error:
        raise VrnnError(
            f"the place '{path}' is cut short or was edited wrongly: {error}"
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("vrnn"), int):
        raise VrnnError(f"'{path}' is no place that vrnn has kept")
    if content["vrnn"] > VERSION:
        raise VrnnError(f"'{path}' was kept by a newer vrnn; update with pip install -U vrnn")
    try:
        return _read(content, path.parent)
    except VrnnError as error:
        raise VrnnError(f"the place '{path}': {error}") from error


def _read(content: dict[str, Any], folder: Path) -> WorkspaceSnapshot:
    models = tuple(_model(table, folder) for table in _list(content, "models"))
    state = from_dict(State, _table(content, "state"), "state", folder)
    layers = {}
    for table in _list(content, "layers"):
        if not isinstance(table, dict):
            raise VrnnError(f"layers should hold tables, not {table!r}")
        own = dict(table)
        slot, name = own.pop("network", 0), own.pop("layer", "")
        if not isinstance(slot, int) or not isinstance(name, str):
            raise VrnnError(f"layers: {table!r} should name a network and a layer")
        layers[slot, name] = from_dict(LayerState, own, f"layer '{name}'", folder)
    state = replace(state, layers=MappingProxyType(layers))
    problem = validate(state)
    if problem:
        raise VrnnError(problem)
    camera = content.get("camera")
    places = {}
    for key, table in _table(content, "places").items():
        if not key.isdecimal():
            raise VrnnError(f"places: '{key}' should be a number")
        places[int(key)] = from_dict(Camera, table, f"places.{key}", folder)
    pixels = {str(key): _decoded(text, str(key)) for key, text in _table(content, "pixels").items()}
    return WorkspaceSnapshot(
        models, str(content.get("detail", "layers")), state,
        None if camera is None else from_dict(Camera, camera, "camera", folder), places, pixels,
    )  # fmt: skip


def _model(table: Any, folder: Path) -> ModelSpec:
    own = dict(table) if isinstance(table, dict) else {}
    model = own.pop("model", None)
    if not isinstance(model, str):
        raise VrnnError(f"models: {table!r} should name a model")
    return replace(from_dict(ModelSpec, own, "model", folder), model=model)


def _list(content: dict[str, Any], key: str) -> Sequence[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise VrnnError(f"'{key}' should be a list")
    return value


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise VrnnError(f"'{key}' should be a table")
    return value


def _decoded(text: Any, key: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as picture:
            if picture.size[0] * picture.size[1] > 1 << 26:
                raise VrnnError(f"the image '{key}' is too large")
            return to_rgb(picture)
    except (binascii.Error, OSError, TypeError, ValueError, SyntaxError) as error:
        raise VrnnError(f"the image '{key}' cannot be read: {error}") from error


def drop_missing_layers(state: State, world: World) -> tuple[State, tuple[str, ...]]:
    """The part of a state that fits the networks that stand, and what does not, by name."""
    lost: list[str] = []

    def known(network: int, name: str, modules: bool = False) -> bool:
        stand = world.networks.get(network)
        if stand is not None and (name in stand.node_ids or (modules and name in stand.modules)):
            return True
        lost.append(name)
        return False

    layers = {key: layer for key, layer in state.layers.items() if known(*key, modules=True)}
    folds = frozenset(key for key in state.folds if known(*key, modules=True))
    pins = tuple(p for p in state.pins if known(p.network, p.layer) and known(p.network, p.beside))
    off = []
    for one in state.ablations:
        if not known(one.network, one.layer):
            continue
        stand = world.networks[one.network]
        count = stand.network.by_id[stand.node_ids[one.layer]].shape[0]
        channels = tuple(c for c in one.channels if 0 <= c < count)
        lost += [f"{one.layer} channel {c}" for c in one.channels if c not in channels]
        if channels or not one.channels:
            off.append(replace(one, channels=channels))
    fitted = replace(
        state, layers=MappingProxyType(layers), folds=folds, pins=pins, ablations=tuple(off)
    )
    return fitted, tuple(dict.fromkeys(lost))
