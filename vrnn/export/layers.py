"""Writes layers to files: sheets of maps, raw values, histograms. numpy and Pillow only.

Nothing here draws with OpenGL; colors are those of shaders/panel.frag.glsl.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from vrnn.config.loader import load_config
from vrnn.config.schema import ColorScheme
from vrnn.errors import VrnnError
from vrnn.export.contact_sheet import feature_map_sheet, image_grid, sheet_size
from vrnn.export.png import write_png
from vrnn.features.results import FeatureImage
from vrnn.media.bit_depths import Precision
from vrnn.media.ifealid import ifealid_bytes
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.storage.atomic import make_folder, write_atomically

FORMATS: dict[str, str] = {"sheet": ".png", "values": ".npy", "histograms": ".csv"}
"""What can be written of a layer, and the suffix of its file."""
HISTOGRAM_BINS = 32
RESERVED_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows after a dot."""


def write_values(path: Path, maps: FeatureMaps) -> None:
    """Write a layer's activations as float32 (C, H, W), little-endian `.npy`.

    They carry the precision of the half floats they are kept in; NaN stands for what is not finite.

    Raises:
        VrnnError: The file cannot be written.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": maps.values.shape}
    scale = np.float32(maps.scale)

    def write(file: BinaryIO) -> None:
        # By channel: no second copy of a large layer. np.save would hide why a disk refused.
        np.lib.format.write_array_header_1_0(file, header)
        for channel in maps.values:
            file.write((channel.astype("<f4") * scale).tobytes())

    write_atomically(path, write)


def histograms(maps: FeatureMaps, bins: int = HISTOGRAM_BINS) -> tuple[np.ndarray, np.ndarray]:
    """Count the values of each channel in bins that are the same for all channels.

    Args:
        maps: The layer.
        bins: How many; they span the layer's finite values.

    Returns:
        Counts (C, bins) int64, every finite value counted once, and the edges (bins + 1,) float64.
    """
    flat = maps.values.reshape(maps.channels, -1)
    finite = flat[np.isfinite(flat)].astype(np.float64) * maps.scale
    edges = np.histogram_bin_edges(finite, bins)
    counts = np.zeros((maps.channels, bins), np.int64)
    for channel, values in enumerate(flat):
        real = values[np.isfinite(values)].astype(np.float64) * maps.scale
        counts[channel] = np.histogram(real, edges)[0]
    return counts, edges


def write_histograms(path: Path, maps: FeatureMaps, bins: int = HISTOGRAM_BINS) -> None:
    """Write a CSV with a line for each channel and one, `all`, for the whole layer.

    Columns: channel, mean, std, min, max over its finite values (empty where it has none),
    not_finite (how many are not), then the counts of the bins, named `from..to`; a bin holds its
    lower edge, the last one both. All is found from the values that `write_values` writes.

    Args:
        path: The file.
        maps: The layer.
        bins: How many.

    Raises:
        VrnnError: The file cannot be written.
    """
    counts, edges = histograms(maps, bins)
    names = [f"{low:.9g}..{high:.9g}" for low, high in pairwise(edges.tolist())]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["channel", "mean", "std", "min", "max", "not_finite", *names])
    for channel, values in enumerate(maps.values):
        table.writerow([channel, *_statistics(values, maps.scale), *counts[channel].tolist()])
    table.writerow(["all", *_statistics(maps.values, maps.scale), *counts.sum(0).tolist()])
    write_atomically(path, text.getvalue().encode())


def _statistics(values: np.ndarray, scale: float) -> list[str]:
    finite = values[np.isfinite(values)].astype(np.float64) * scale
    not_finite = str(values.size - finite.size)
    if not finite.size:
        return ["", "", "", "", not_finite]
    numbers = (finite.mean(), finite.std(), finite.min(), finite.max())
    return [*(f"{number:.9g}" for number in numbers), not_finite]


def export_layer(
    folder: Path, network_title: str, node: Node, maps: FeatureMaps,
    formats: Sequence[str] = tuple(FORMATS), color_range: str = "map",
    colors: ColorScheme | None = None,
) -> list[Path]:  # fmt: skip
    """Write one layer's files.

    Args:
        folder: Is made unless it exists.
        network_title: Beginning of the files' names.
        node: The layer.
        maps: Its feature maps.
        formats: Some of FORMATS.
        color_range: `map` or `layer`, see `feature_map_sheet`.
        colors: None for the settings'.

    Returns:
        The paths of the files.

    Raises:
        VrnnError: A file cannot be written; then no half file is left.
    """
    _check(formats)
    make_folder(folder)
    written = []
    for format_ in formats:
        path = folder / layer_file_name(network_title, node, FORMATS[format_])
        if format_ == "sheet":
            sheet = feature_map_sheet(
                node, maps, colors or load_config().look, None, color_range, network_title
            )
            write_png(path, sheet)
        elif format_ == "values":
            write_values(path, maps)
        else:
            write_histograms(path, maps)
        written.append(path)
    return written


def export_layers(
    folder: Path, network_title: str, nodes: Sequence[Node], maps: Mapping[int, FeatureMaps],
    formats: Sequence[str] = tuple(FORMATS), color_range: str = "map",
    colors: ColorScheme | None = None,
) -> Iterator[list[Path]]:  # fmt: skip
    """Write the files of several layers; yields the paths of each layer once they are written.

    A sheet that would be too large is refused before anything is written.

    Args:
        folder: Is made unless it exists.
        network_title: Beginning of the files' names.
        nodes: The layers.
        maps: Their feature maps, by node id.
        formats: Some of FORMATS.
        color_range: `map` or `layer`, see `feature_map_sheet`.
        colors: None for the settings'.

    Raises:
        VrnnError: A file cannot be written; then no half file is left.
    """
    check_files(nodes, formats)
    if "sheet" in formats:
        colors = colors or load_config().look
    for node in nodes:
        yield export_layer(folder, network_title, node, maps[node.id], formats, color_range, colors)


def check_files(nodes: Sequence[Node], formats: Sequence[str]) -> None:
    """Raise if files of layers cannot be written: a format is none, or a sheet would be too large.

    Args:
        nodes: The layers.
        formats: Some of FORMATS.

    Raises:
        VrnnError: The reason.
    """
    _check(formats)
    if "sheet" in formats:
        for node in nodes:
            sheet_size(node.name, map_shape(node.shape))


def layers_with_positions(nodes: Sequence[Node]) -> list[Node]:
    """Return the layers that an IFeaLiD data set can be written of.

    Raises:
        VrnnError: There are none.
    """
    spatial = [node for node in nodes if prod(map_shape(node.shape)[1:]) > 1]
    if not spatial:
        raise VrnnError(
            "none of these layers has rows and columns, which an IFeaLiD data set needs; choose "
            "others with --layers"
        )
    return spatial


def export_ifealid(
    folder: Path, network_title: str, node: Node, maps: FeatureMaps, precision: Precision,
    image: np.ndarray | None,
) -> Path:  # fmt: skip
    """Write an IFeaLiD data set of a layer that has positions to compare.

    Args:
        folder: Is made unless it exists.
        network_title: Beginning of the file's name.
        node: The layer.
        maps: Its feature maps.
        precision: Bits of a value.
        image: (H, W, 3) uint8 sRGB, laid over the maps there; None for none.

    Returns:
        The path of the file.

    Raises:
        VrnnError: A value is not finite, or the file cannot be written.
    """
    make_folder(folder)
    values = maps.values.astype(np.float32) * np.float32(maps.scale)
    path = folder / layer_file_name(network_title, node, "-ifealid.zip")
    write_atomically(path, ifealid_bytes(values, f"{network_title} {node.name}", precision, image))
    return path


def export_features(
    folder: Path, network_title: str, node: Node, features: Sequence[FeatureImage]
) -> int:
    """Write a sheet of a layer's feature visualizations, and a folder beside it with each image.

    Args:
        folder: Is made unless it exists.
        network_title: Beginning of the files' names.
        node: The layer.
        features: Its images, at least one.

    Returns:
        How many files were written.

    Raises:
        VrnnError: A file cannot be written.
    """
    captions = [caption(feature) for feature in features]
    subtitle = f"what each channel responds to · {len(features[0].curve)} steps"
    images = [feature.pixels for feature in features]
    sheet = image_grid(f"{network_title} · {node.name}", subtitle, images, captions)
    make_folder(folder)
    path = folder / layer_file_name(network_title, node, "-features.png")
    write_png(path, sheet)
    image_folder = path.with_suffix("")
    make_folder(image_folder)
    for feature in features:
        write_png(
            image_folder / image_file_name(feature.channel, feature.sample),
            Image.fromarray(feature.pixels),
        )
    return 1 + len(features)


def caption(feature: FeatureImage) -> str:
    """Return the text under an image on a sheet: its channel, and what went wrong."""
    problem = "dead" if feature.dead else "stopped" if feature.diverged else ""
    return f"{feature.channel} {problem}".rstrip()


def image_file_name(channel: int, copy: int) -> str:
    """Return `00012.png`; of further samples of a channel `00012-1.png`."""
    return f"{channel:05}.png" if copy == 0 else f"{channel:05}-{copy}.png"


def matching_layers(nodes: Sequence[Node], pattern: str) -> list[Node]:
    """Return the layers whose name fits a pattern such as `layer1.*`.

    Raises:
        VrnnError: There are none.
    """
    matches = [node for node in nodes if fnmatchcase(node.name, pattern)]
    if not matches:
        some = ", ".join(node.name for node in nodes[:6])
        raise VrnnError(f"no layer fits '{pattern}'; there are {some}, …")
    return matches


def _check(formats: Sequence[str]) -> None:
    for format_ in formats:
        if format_ not in FORMATS:
            raise VrnnError(f"'{format_}' cannot be exported; choose from {', '.join(FORMATS)}")


def layer_file_name(network_title: str, node: Node, suffix: str) -> str:
    """Return a name for a layer's file that sorts in run order, is unique, and holds no path."""
    title, layer = safe_file_name(network_title, 60), safe_file_name(node.name, 110)
    return f"{title}-{node.id:03d}-{layer}{suffix}"


def safe_file_name(text: str, max_bytes: int) -> str:
    """Return text as part of a file's name on any system: letters, digits, `_`, `.` and `-`."""
    plain = re.sub(r"[^\w.-]+", "-", text.encode("utf-8", "ignore").decode())
    cut = plain.encode()[:max_bytes].decode("utf-8", "ignore").strip(".-") or "unnamed"
    return f"_{cut}" if RESERVED_NAMES.match(cut) else cut
