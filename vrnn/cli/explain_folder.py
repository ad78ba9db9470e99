"""The folder of explanations: what they were made with, and which images are explained."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.errors import VrnnError
from vrnn.explanations.results import Explanation, FlippingCurves, LayerRelevance
from vrnn.explanations.settings import ExplanationSettings
from vrnn.export.layers import layer_file_name
from vrnn.export.png import write_png
from vrnn.network.graph import Network
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.input_file import read_text
from vrnn.storage.serialization import to_dict
from vrnn.style.relevance_colors import color_relevance
from vrnn.version import __version__

SETTINGS_FILE, RESULT_FILE = "settings.json", "explanation.json"
FORMAT = 1
"""Of both files; to be changed with how explanations are made."""
MAX_CHANNELS = 24
"""Of a layer, that are ranked."""
MIN_SIDE = 224
"""Pixels of the longer side of a layer's picture, at least."""


@dataclass(frozen=True, eq=False)
class ImageResult:
    """What was found of one image.

    Attributes:
        explanation: The explanation.
        scores: Logits of the best classes by name; empty where there are none.
        curves: What flipping its pixels does; None if they were not flipped.
    """

    explanation: Explanation
    scores: dict[str, float]
    curves: FlippingCurves | None


def origin(
    model: LoadedModel, settings: ExplanationSettings, layers: str, faithfulness: bool
) -> dict[str, Any]:
    """Return what explanations depend on beside images, as plain data.

    Args:
        model: The model; its graph and every weight count.
        settings: How they are made.
        layers: Which layers are written.
        faithfulness: Whether pixels are flipped.
    """
    digest = hashlib.blake2b(digest_size=16)
    for _ in digest_model(digest, model.network, model.source.model):
        pass
    if settings.composites is not None:
        digest.update(read_text(settings.composites, "the composites").encode())
    return {
        "format": FORMAT, "vrnn": __version__, "torch": version("torch"),
        "model": digest.hexdigest(), "settings": to_dict(settings), "layers": layers,
        "faithfulness": faithfulness,
    }  # fmt: skip


class ExplainFolder:
    """A folder with one folder for each image, and a note of how all were made."""

    def __init__(self, path: Path, made_of: dict[str, Any], images: Sequence[Path | None]) -> None:
        """Open a folder, and create it unless it exists.

        Args:
            path: The folder.
            made_of: What explanations in it are to be made of, see `origin`.
            images: All images that are to be explained.

        Raises:
            VrnnError: It holds explanations made in another way, or cannot be written to.
        """
        self.path = path
        make_folder(path)
        file = path / SETTINGS_FILE
        before = _read_json(file) if file.exists() else None
        is_other = before is not None and _essential(before) != _essential(made_of)
        # Without any explanation, it is left of a command that was refused.
        if is_other and any(path.glob(f"*/{RESULT_FILE}")):
            raise VrnnError(
                f"'{path}' holds explanations made with other settings or another model; name "
                "another --out, or delete that folder to make them again"
            )
        self._is_new = before is None or is_other
        write_atomically(file, (json.dumps(made_of, indent=1) + "\n").encode())
        self._names = _folder_names(images)

    def folder(self, image: Path | None) -> Path:
        """Return the folder of an image."""
        return self.path / self._names[image]

    def has(self, image: Path | None) -> bool:
        """Whether an image is explained already: the file that is written last tells of it."""
        if self._is_new:
            return False
        found = _read_json(self.folder(image) / RESULT_FILE)
        return found is not None and found.get("image") == _digest(image)

    def add(self, image: Path | None, result: ImageResult, network: Network) -> None:
        """Write all that was found of an image."""
        folder, found = self.folder(image), result.explanation
        make_folder(folder)
        for name, values in found.inputs.items():
            _write_array(folder / f"{_plain(name)}.npy", values)
        if found.heatmap is not None:
            _write_array(folder / "heatmap.npy", found.heatmap)
            write_png(folder / "overlay.png", found.picture())
        for layer in found.layers.values():
            node = network.by_id[layer.node]
            name = layer_file_name("layer", node, "")
            _write_array(folder / f"{name}.npy", layer.maps)
            write_png(folder / f"{name}.png", layer_picture(layer))
        table = to_table(result, network, _digest(image))
        text = json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(folder / RESULT_FILE, text.encode())


def layer_picture(layer: LayerRelevance) -> Image.Image:
    """Return the relevance of a layer as one picture: the sum over channels at each position."""
    picture = layer.picture
    if picture.shape == (1, 1) and len(layer.channels) > 1:
        picture = layer.channels[None]  # of a vector its values
    colored = Image.fromarray(color_relevance(picture))
    factor = max(MIN_SIDE // max(picture.shape), 1)
    height = picture.shape[0] * factor
    if picture.shape[0] == 1:
        height = max(height, 16)
    size = (picture.shape[1] * factor, height)
    return colored.resize(size, Image.Resampling.NEAREST)


def to_table(result: ImageResult, network: Network, digest: str) -> dict[str, Any]:
    """Return an explanation as plain data, without arrays.

    Args:
        result: What was found.
        network: The graph.
        digest: Of the image file.
    """
    found, by_id = result.explanation, network.by_id
    scale = found.value or 1.0
    table: dict[str, Any] = {
        "image": digest, "method": found.method, "target": found.target, "value": found.value,
        "scores": result.scores, "conserves": found.conserves, "arrived": found.arrived,
        "sinks": [
            {"kind": s.kind, "layer": by_id[s.node].name if s.node in by_id else "",
             "name": s.name, "amount": s.amount}
            for s in found.sinks
        ],
        "fallbacks": dict(found.fallbacks),
        "layers": dict(found.totals) or {n: layer.total for n, layer in found.layers.items()},
        "edges": [
            {"source": by_id[a].name, "target": by_id[b].name, "amount": amount,
             "share": amount / scale}
            for (a, b), amount in found.edges.items()
        ],
        "channels": {name: _ranking(layer) for name, layer in found.layers.items()},
    }  # fmt: skip
    if result.curves is not None:
        curves = result.curves
        table["faithfulness"] = {
            "baseline": curves.baseline, "areas": curves.areas(), "shares": curves.shares.tolist(),
            "deletion": curves.deletion.tolist(), "insertion": curves.insertion.tolist(),
            "random": curves.random.tolist(),
        }  # fmt: skip
    return table


def _ranking(layer: LayerRelevance) -> list[dict[str, float]]:
    """The channels of a layer that speak most for the target, and their share of all relevance."""
    whole = float(np.abs(layer.channels).sum(dtype=np.float64)) or 1.0
    return [
        {"channel": channel, "relevance": float(layer.channels[channel]),
         "share": float(layer.channels[channel]) / whole}
        for channel in layer.ranking()[:MAX_CHANNELS].tolist()
    ]  # fmt: skip


def _write_array(path: Path, values: np.ndarray) -> None:
    write_atomically(path, lambda file: np.save(file, values, allow_pickle=False))


def _folder_names(images: Sequence[Path | None]) -> dict[Path | None, str]:
    """A name for each image, none of them twice."""
    names: dict[Path | None, str] = {}
    taken: set[str] = set()
    for image in images:
        stem = "sample" if image is None else _plain(image.stem)
        name, number = stem, 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name.casefold())
        names.setdefault(image, name)
    return names


def _plain(text: str) -> str:
    """A text as part of a file's name: nothing that could lead into another folder."""
    return re.sub(r"[^\w.-]+", "-", text).strip(".") or "image"


def _digest(image: Path | None) -> str:
    """What an image file holds, shortened; '' for the model's own sample."""
    if image is None:
        return ""
    try:
        return hashlib.sha256(image.read_bytes()).hexdigest()[:16]
    except OSError:
        return "unreadable"


def _essential(made_of: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in made_of.items() if key not in ("vrnn", "torch")}


def _read_json(file: Path) -> dict[str, Any] | None:
    """Read a table; None if it is missing or damaged."""
    try:
        content = json.loads(read_text(file, "the explanation"))
    except (VrnnError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
