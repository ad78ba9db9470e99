"""The work of `vrnn features`: makes and writes the feature visualizations of many layers.

Each picture is a file of its own, so that a run that was ended continues where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.batch_model import open_model
from vrnn.cli.feature_folder import FeatureFolder, origin
from vrnn.cli.progress import progress_bar
from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.ray_cluster import optimize_on_cluster
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.ray_cluster import RayCluster
from vrnn.config.options import FeatureOptions
from vrnn.errors import VrnnError
from vrnn.export.contact_sheet import image_grid
from vrnn.export.layers import layer_file_name, matching_layers
from vrnn.export.png import write_png
from vrnn.features.presets import with_overrides
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.media.media_reader import read_media
from vrnn.network.graph import Node
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text, printable

BLOCK_CHANNELS = 32
"""Channels that are made together: a run that was ended continues with the block it was in."""


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
    if options.images and settings.source != "image":
        raise VrnnError(
            f"--image is what pictures start from, but the source is '{settings.source}'; "
            "leave it out, or add --set source=image"
        )
    if options.channels and settings.is_whole_layer:
        raise VrnnError(
            f"--channels has no effect: the objective '{settings.objective}' gives one picture of "
            "the whole layer; leave it out"
        )
    image = _read_start(options.images[0]) if options.images else None
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        for spec in options.specs():
            model = open_model(spec, options.detail)
            made_of = origin(model, settings, image)
            for node in matching_layers(model.network.nodes, options.layers):
                if node.operation != "input":
                    task = _LayerTask(model, spec, node, settings, made_of, image, cluster)
                    _make_layer(task, options)
    finally:
        if cluster is not None:
            cluster.close()


def _read_start(file: Path) -> np.ndarray:
    """Read the image that pictures start from, (H, W, 3) uint8."""
    media = read_media(file)
    if not isinstance(media, np.ndarray):
        raise VrnnError(
            f"'{file}' holds no image, but feature visualizations start from one; give an image, "
            "or leave --image out"
        )
    return media


@dataclass(frozen=True, eq=False)
class _LayerTask:
    """What is to be made of one layer, and where.

    Attributes:
        model: The opened model.
        spec: Where it comes from, for other machines.
        node: The layer.
        settings: How pictures are made.
        made_of: What pictures depend on, see `origin`.
        image: (H, W, 3) uint8 to start from, None for the model's own.
        cluster: None for this machine.
    """

    model: LoadedModel
    spec: ModelSpec
    node: Node
    settings: FeatureVisSettings
    made_of: dict[str, Any]
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
        for features in optimize_on_cluster(
            self.cluster, self.spec, self.model.detail, self.node.id, blocks, settings, self.image
        ):
            done += len(features)
            yield done, features, ""


def _make_layer(task: _LayerTask, options: FeatureOptions) -> None:
    node, settings = task.node, task.settings
    title, samples = task.model.source.title, settings.samples_per_channel
    channels = [0] if settings.is_whole_layer else _channels(options.channels, node)
    folder = FeatureFolder(options.out / layer_file_name(title, node, ""), task.made_of)
    blocks = [channels[i : i + BLOCK_CHANNELS] for i in range(0, len(channels), BLOCK_CHANNELS)]
    left = [block for block in blocks if not folder.has(block, samples)]
    total = sum(map(len, left)) * samples
    with progress_bar(total, "pictures", options.quiet) as bar, logging_redirect_tqdm([logger]):
        bar.set_description(printable(node.name))
        for done, features, note in task.results(left):
            folder.add(features)
            if note:
                logger.warning(note)
            bar.update(int(done) - bar.n)
    _write_sheet(folder, title, node, channels, settings)
    if not options.quiet:
        which = "" if settings.is_whole_layer else f"{len(channels)} channels of "
        print_text(f"{which}{node.name} in {folder.path}")


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
        match = re.fullmatch(r"(\d{1,12})(?:-(\d{1,12}))?", part.strip(), re.ASCII)
        if match is None:
            raise VrnnError(f"'{part}' should be a channel or a range of them, such as 0-15")
        first, last = int(match[1]), int(match[2] or match[1])
        if last >= count:
            wrong = max(first, count)
            raise VrnnError(f"'{node.name}' has channels 0 to {count - 1}, no channel {wrong}")
        if last < first:
            raise VrnnError(f"'{part}' should begin with the lower channel, as {last}-{first}")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))


def _write_sheet(
    folder: FeatureFolder, title: str, node: Node, channels: Sequence[int],
    settings: FeatureVisSettings,
) -> None:  # fmt: skip
    found = {channel: folder.picture(channel, 0) for channel in channels}
    pictures = {channel: picture for channel, picture in found.items() if picture is not None}
    subtitle = f"what each channel responds to · {settings.steps} steps from {settings.source}"
    heading, names = f"{title} · {node.name}", [str(channel) for channel in pictures]
    sheet = image_grid(heading, subtitle, list(pictures.values()), names)
    write_png(folder.path / "sheet.png", sheet)
