"""The work of `vrnn features`: makes and writes the feature visualizations of many layers.

Each picture is a file of its own, so that a run that was ended continues where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.progress import progress_bar
from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.ray_cluster import RayCluster
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.config.options import FeatureOptions
from vrnn.errors import VrnnError
from vrnn.export.contact_sheet import image_grid
from vrnn.export.layers import image_file_name, layer_file_name, matching_layers
from vrnn.export.png import write_png
from vrnn.features.presets import with_overrides
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.media.image_reader import read_image
from vrnn.network.graph import Node
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.log import logger
from vrnn.storage.serialization import to_dict
from vrnn.storage.terminal import print_text

SETTINGS_FILE, TABLE_FILE = "settings.json", "features.csv"
BLOCK_CHANNELS = 32
"""Channels that are made together: a run that was ended continues with the block it was in."""
TABLE_HEADINGS = ("channel", "copy", "activation", "state")


def make_features(options: FeatureOptions) -> None:
    """Make and write all feature visualizations that are not there yet.

    Raises:
        VrnnError: A model, a setting, a layer or a channel is wrong, the folder holds pictures of
            other settings, or a file cannot be written.
    """
    changes = list(options.settings)
    if options.ray and not any(change.startswith("precision") for change in changes):
        changes.append("precision=full")  # the same on every machine
    settings = with_overrides(options.preset, changes)
    image = read_image(options.images[0]) if options.images else None
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        for spec in options.specs():
            model = LoadedModel(open_source(spec), options.detail)
            for node in matching_layers(model.network.nodes, options.layers):
                if node.operation != "input":
                    _make_layer(_LayerTask(model, spec, node, settings, image, cluster), options)
    finally:
        if cluster is not None:
            cluster.close()


@dataclass(frozen=True, eq=False)
class _LayerTask:
    """What is to be made of one layer, and where.

    Attributes:
        model: The opened model.
        spec: Where it comes from, for other machines.
        node: The layer.
        settings: How pictures are made.
        image: (H, W, 3) uint8 to start from, None for the model's own.
        cluster: None for this machine.
    """

    model: LoadedModel
    spec: ModelSpec
    node: Node
    settings: FeatureVisSettings
    image: np.ndarray | None
    cluster: RayCluster | None

    def results(
        self, blocks: list[list[int]]
    ) -> Iterator[tuple[float, Sequence[FeatureImage], str]]:
        """Make pictures of some channels.

        Args:
            blocks: Channels that are made together, so that rounding is the same each time.

        Yields:
            How many pictures there are, those that are new, and a note to print or ''.
        """
        settings, done = self.settings, 0.0
        if self.cluster is None:
            for block in blocks:
                for at in optimize(self.model, self.node.id, block, settings, self.image):
                    yield done + at.done, at.images, at.notice
                done += len(block) * settings.samples_per_channel
            return
        for features in self.cluster.optimize(
            self.spec, self.model.detail, self.node.id, blocks, settings, self.image
        ):
            done += len(features)
            yield done, features, ""


def _make_layer(task: _LayerTask, options: FeatureOptions) -> None:
    node, settings = task.node, task.settings
    title = task.model.source.title
    folder = options.out / layer_file_name(title, node, "")
    make_folder(folder)
    _check_settings(folder, settings, task.image)
    channels = [0] if settings.is_whole_layer else _channels(options.channels, node)
    left = [
        block
        for block in (
            channels[i : i + BLOCK_CHANNELS] for i in range(0, len(channels), BLOCK_CHANNELS)
        )
        if not all(
            _file(folder, channel, sample).is_file()
            for channel in block
            for sample in range(settings.samples_per_channel)
        )
    ]
    total = sum(map(len, left)) * settings.samples_per_channel
    with progress_bar(total, "pictures", options.quiet) as bar, logging_redirect_tqdm([logger]):
        bar.set_description(node.name)
        for done, features, note in task.results(left):
            _write(folder, features)
            if note:
                logger.warning(note)
            bar.update(int(done) - bar.n)
    _write_sheet(folder, title, node, channels, settings)
    if not options.quiet:
        which = "" if settings.is_whole_layer else f"{len(channels)} channels of "
        print_text(f"{which}{node.name} in {folder}")


def _file(folder: Path, channel: int, sample: int) -> Path:
    return folder / image_file_name(channel, sample)


def _check_settings(folder: Path, settings: FeatureVisSettings, image: np.ndarray | None) -> None:
    """Write down how pictures are made; raise VrnnError when those there were made otherwise."""
    start = "" if image is None else hashlib.sha256(image.tobytes()).hexdigest()[:16]
    now = {"settings": to_dict(settings), "image": start}
    path = folder / SETTINGS_FILE
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            before = None
        if before != now:
            raise VrnnError(
                f"'{folder}' holds pictures that were made with other settings; name another --out"
            )
    write_atomically(path, (json.dumps(now, indent=1) + "\n").encode())


def _channels(text: str, node: Node) -> list[int]:
    """Read channels such as `0-15,40`; '' for all.

    Raises:
        VrnnError: It is no list of channels, or the layer has no such channel.
    """
    count = node.shape[0] if node.shape else 1
    if not text:
        return list(range(count))
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise VrnnError(f"'{part}' should be a channel or a range of them, such as 0-15")
        found += range(int(first), int(last if dash else first) + 1)
    wrong = [c for c in found if c >= count]
    if wrong:
        raise VrnnError(f"'{node.name}' has channels 0 to {count - 1}, no channel {wrong[0]}")
    return list(dict.fromkeys(found))


def _write(folder: Path, features: Sequence[FeatureImage]) -> None:
    if features:
        _add_to_table(folder / TABLE_FILE, features)
    for feature in features:
        path = _file(folder, feature.channel, feature.sample)
        if not path.is_file():
            write_png(path, Image.fromarray(feature.pixels))
        if feature.dead:
            logger.warning(f"channel {feature.channel} is dead: nothing changes it")
        elif feature.diverged:
            logger.warning(f"channel {feature.channel} stopped: its values were no longer finite")


def _add_to_table(path: Path, features: Sequence[FeatureImage]) -> None:
    """Add rows to the table of all pictures: how far each came, and whether to trust it."""
    rows: dict[tuple[str, ...], list[str]] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            _, *written = csv.reader(file)
        rows = {tuple(row[:2]): row for row in written if row}
    for feature in features:
        state = "dead" if feature.dead else "stopped" if feature.diverged else "good"
        key = (str(feature.channel), str(feature.sample))
        rows[key] = [*key, f"{feature.activation:.6g}", state]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(TABLE_HEADINGS)
    table.writerows(rows[key] for key in sorted(rows, key=lambda k: (k[0].zfill(9), k[1].zfill(3))))
    write_atomically(path, text.getvalue().encode())


def _write_sheet(
    folder: Path, title: str, node: Node, channels: Sequence[int], settings: FeatureVisSettings
) -> None:
    pictures = [np.asarray(Image.open(_file(folder, c, 0)).convert("RGB")) for c in channels]
    subtitle = f"what each channel responds to · {settings.steps} steps from {settings.source}"
    sheet = image_grid(f"{title} · {node.name}", subtitle, pictures, [str(c) for c in channels])
    write_png(folder / "sheet.png", sheet)
