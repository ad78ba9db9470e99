"""What was seen, kept as files: sheets of maps, raw values, histograms. numpy and Pillow only.

Nothing here draws with OpenGL; colors are those of shaders/panel.frag.glsl.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
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
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.storage.atomic import make_folder, write_atomically

KINDS = {"sheet": ".png", "values": ".npy", "histograms": ".csv"}
"""What can be written of a layer, and how the file's name ends."""
BINS = 32
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows after a dot."""


def write_values(path: Path, maps: FeatureMaps) -> None:
    """Write a layer's activations as float32 (C, H, W), little-endian `.npy`.

    They carry the precision of the half floats they are kept in; NaN stands for what is not finite.
    Raises VrnnError.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": maps.values.shape}
    scale = np.float32(maps.scale)

    def write(file: BinaryIO) -> None:
        # By channel: no second copy of a large layer. np.save would hide why a disk refused.
        np.lib.format.write_array_header_1_0(file, header)
        for channel in maps.values:
            file.write((channel.astype("<f4") * scale).tobytes())

    write_atomically(path, write)


def histograms(maps: FeatureMaps, bins: int = BINS) -> tuple[np.ndarray, np.ndarray]:
    """Counts (C, bins) int64 and their edges (bins + 1,) float64, the same for all channels.

    The edges span the layer's finite values; every finite value is counted once.
    """
    flat = maps.values.reshape(maps.channels, -1)
    finite = flat[np.isfinite(flat)].astype(np.float64) * maps.scale
    edges = np.histogram_bin_edges(finite, bins)
    counts = np.zeros((maps.channels, bins), np.int64)
    for channel, values in enumerate(flat):
        real = values[np.isfinite(values)].astype(np.float64) * maps.scale
        counts[channel] = np.histogram(real, edges)[0]
    return counts, edges


def write_histograms(path: Path, maps: FeatureMaps, bins: int = BINS) -> None:
    """Write a CSV with a line for each channel and one, `all`, for the whole layer.

    Columns: channel, mean, std, min, max over its finite values (empty where it has none),
    not_finite (how many are not), then the counts of the bins, named `from..to`; a bin holds its
    lower edge, the last one both. All is found from the values that `write_values` writes.
    Raises VrnnError.
    """
    counts, edges = histograms(maps, bins)
    names = [f"{low:.9g}..{high:.9g}" for low, high in pairwise(edges.tolist())]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["channel", "mean", "std", "min", "max", "not_finite", *names])
    for channel, values in enumerate(maps.values):
        table.writerow([channel, *_facts(values, maps.scale), *counts[channel].tolist()])
    table.writerow(["all", *_facts(maps.values, maps.scale), *counts.sum(0).tolist()])
    write_atomically(path, text.getvalue().encode())


def _facts(values: np.ndarray, scale: float) -> list[str]:
    real = values[np.isfinite(values)].astype(np.float64) * scale
    bad = str(values.size - real.size)
    if not real.size:
        return ["", "", "", "", bad]
    return [*(f"{n:.9g}" for n in (real.mean(), real.std(), real.min(), real.max())), bad]


def export_layer(
    folder: Path, network_title: str, node: Node, maps: FeatureMaps,
    what: Sequence[str] = tuple(KINDS), scale: str = "map", look: ColorScheme | None = None,
) -> list[Path]:  # fmt: skip
    """Write one layer's files into a folder, which is made; returns their paths.

    what: some of KINDS; scale: `map` or `layer`, see `feature_map_sheet`; look: None for the
    settings'.
    Raises VrnnError; then no half file is left.
    """
    _check(what)
    make_folder(folder)
    written = []
    for kind in what:
        path = folder / file_name(network_title, node, KINDS[kind])
        if kind == "sheet":
            colors = look or load_config().look
            sheet = feature_map_sheet(node, maps, colors, scale=scale, title=network_title)
            write_png(path, sheet)
        elif kind == "values":
            write_values(path, maps)
        else:
            write_histograms(path, maps)
        written.append(path)
    return written


def export_all(
    folder: Path, network_title: str, nodes: Sequence[Node], maps: Mapping[int, FeatureMaps],
    what: Sequence[str] = tuple(KINDS), scale: str = "map", look: ColorScheme | None = None,
) -> Iterator[list[Path]]:  # fmt: skip
    """Write the files of several layers; yields the paths of each layer once they are written.

    A sheet that would be too large is refused before anything is written.

    Args:
        folder: Is made unless it exists.
        network_title: Beginning of the files' names.
        nodes: The layers.
        maps: Their feature maps, by node id.
        what: Some of KINDS.
        scale: `map` or `layer`, see `feature_map_sheet`.
        look: None for the settings'.

    Raises:
        VrnnError: A file cannot be written; then no half file is left.
    """
    _check(what)
    if "sheet" in what:
        look = look or load_config().look
        for node in nodes:
            sheet_size(node.name, map_shape(node.shape))
    for node in nodes:
        yield export_layer(folder, network_title, node, maps[node.id], what, scale, look)


def export_features(
    folder: Path, network_title: str, node: Node, features: Sequence[FeatureImage]
) -> int:
    """Write a sheet of what a layer's channels look for, and each picture as a file of its own in a
    folder beside it. Returns how many files. Raises VrnnError."""
    captions = [caption(feature) for feature in features]
    said = f"what each channel looks for · {len(features[0].curve)} steps"
    pictures = [feature.pixels for feature in features]
    sheet = image_grid(f"{network_title} · {node.name}", said, pictures, captions)
    make_folder(folder)
    path = folder / file_name(network_title, node, "-features.png")
    write_png(path, sheet)
    own = path.with_suffix("")
    make_folder(own)
    for feature in features:
        write_png(
            own / picture_name(feature.channel, feature.sample), Image.fromarray(feature.pixels)
        )
    return 1 + len(features)


def caption(feature: FeatureImage) -> str:
    """Under a picture on a sheet."""
    said = "dead" if feature.dead else "stopped" if feature.diverged else ""
    return f"{feature.channel} {said}".rstrip()


def picture_name(channel: int, copy: int) -> str:
    """`00012.png`; of further copies `00012-1.png`."""
    return f"{channel:05}.png" if copy == 0 else f"{channel:05}-{copy}.png"


def matching(nodes: Sequence[Node], pattern: str) -> list[Node]:
    """Those whose name fits a pattern such as `layer1.*`. Raises VrnnError when there are none."""
    found = [node for node in nodes if fnmatchcase(node.name, pattern)]
    if not found:
        some = ", ".join(node.name for node in nodes[:6])
        raise VrnnError(f"no layer fits '{pattern}'; there are {some}, …")
    return found


def _check(what: Sequence[str]) -> None:
    for kind in what:
        if kind not in KINDS:
            raise VrnnError(f"'{kind}' cannot be exported; choose from {', '.join(KINDS)}")


def file_name(network_title: str, node: Node, suffix: str) -> str:
    """A name for a layer's file that sorts in run order, is its own, and stays in its folder."""
    return f"{safe_part(network_title, 60)}-{node.id:03d}-{safe_part(node.name, 110)}{suffix}"


def safe_part(text: str, most_bytes: int) -> str:
    """Text as part of a file's name on any system: letters, digits, `_`, `.` and `-`, no path."""
    plain = re.sub(r"[^\w.-]+", "-", text.encode("utf-8", "ignore").decode())
    cut = plain.encode()[:most_bytes].decode("utf-8", "ignore").strip(".-") or "unnamed"
    return f"_{cut}" if RESERVED.match(cut) else cut
