"""`vrnn features`: pictures of what channels look for, without a window and without OpenGL.

Each picture is a file of its own, so that a run that was ended goes on where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.ray_cluster import RayCluster
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.export.contact_sheet import image_grid
from vrnn.export.layers import matching, picture_name, safe_part
from vrnn.export.png import write_png
from vrnn.features.presets import with_overrides
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.media.image_reader import read_image
from vrnn.network.graph import Node
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.serialization import to_dict
from vrnn.style.text import format_duration

SETTINGS, TABLE = "settings.json", "features.csv"
BLOCK = 32
"""Channels that are made together: a run that was ended goes on with the block it was in."""
BAR = 24
"""Letters of the progress bar."""
HEAD = ("channel", "copy", "activation", "state")


def run(options: Options) -> int:
    """Make and write them; returns the exit code."""
    changes = list(options.settings)
    if options.ray and not any(change.startswith("precision") for change in changes):
        changes.append("precision=full")  # the same on every machine
    settings = with_overrides(options.preset, changes)
    image = read_image(options.images[0]) if options.images else None
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        for spec in options.specs():
            model = LoadedModel(open_source(spec), options.detail)
            fitting = matching(model.network.nodes, options.layers)
            for node in fitting:
                if node.operation != "input":
                    _layer(_LayerTask(model, spec, node, settings, image, cluster), options)
    finally:
        if cluster is not None:
            cluster.close()
    return 0


@dataclass(frozen=True, eq=False)
class _LayerTask:
    """What is to be made of one layer, and where: here, or on a cluster."""

    model: LoadedModel
    spec: ModelSpec
    node: Node
    settings: FeatureVisSettings
    image: np.ndarray | None
    cluster: RayCluster | None

    def made(self, blocks: list[list[int]]) -> Iterator[tuple[float, Sequence[FeatureImage], str]]:
        """How many pictures there are, those that are new, and what to say.

        Channels of a block are always made together, so that rounding is the same each time.
        """
        settings, done = self.settings, 0.0
        if self.cluster is None:
            for block in blocks:
                for at in optimize(self.model, self.node.id, block, settings, self.image):
                    yield done + at.done, at.images, at.notice
                done += len(block) * settings.samples_per_channel
            return
        for features in self.cluster.features(
            self.spec, self.model.detail, self.node.id, blocks, settings, self.image
        ):
            done += len(features)
            yield done, features, ""


def _layer(work: _LayerTask, options: Options) -> None:
    assert options.out is not None
    node, settings = work.node, work.settings
    title = work.model.source.title
    folder = options.out / f"{safe_part(title, 60)}-{node.id:03d}-{safe_part(node.name, 110)}"
    make_folder(folder)
    _same_settings(folder, settings, work.image)
    channels = [0] if settings.is_whole_layer else _channels(options.channels, node)
    left = [
        block
        for block in (channels[i : i + BLOCK] for i in range(0, len(channels), BLOCK))
        if not all(
            _file(folder, c, k).is_file()
            for c in block
            for k in range(settings.samples_per_channel)
        )
    ]
    of = sum(map(len, left)) * settings.samples_per_channel
    started = time.perf_counter()
    for done, features, said in work.made(left):
        _write(folder, features)
        if said:
            print(f"vrnn: {said}", file=sys.stderr)
        _print_progress(options, node, done, of, time.perf_counter() - started)
    _sheet(folder, title, node, channels, settings)
    if not options.quiet:
        which = "" if settings.is_whole_layer else f"{len(channels)} channels of "
        print(f"{which}{node.name} in {folder}")


def _file(folder: Path, channel: int, copy: int) -> Path:
    return folder / picture_name(channel, copy)


def _same_settings(folder: Path, settings: FeatureVisSettings, image: np.ndarray | None) -> None:
    """Note how pictures are made; raise VrnnError when those there were made otherwise."""
    start = "" if image is None else hashlib.sha256(image.tobytes()).hexdigest()[:16]
    now = {"settings": to_dict(settings), "image": start}
    path = folder / SETTINGS
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
    """Channels such as `0-15,40`; '' for all."""
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
        _note(folder / TABLE, features)
    for feature in features:
        path = _file(folder, feature.channel, feature.sample)
        if not path.is_file():
            write_png(path, Image.fromarray(feature.pixels))
        if feature.dead:
            print(f"vrnn: channel {feature.channel} is dead: nothing changes it", file=sys.stderr)
        elif feature.diverged:
            print(
                f"vrnn: channel {feature.channel} stopped: its values were no longer finite",
                file=sys.stderr,
            )


def _note(path: Path, features: Sequence[FeatureImage]) -> None:
    """Add lines to the table of all pictures: how far each came, and whether to trust it."""
    rows: dict[tuple[str, ...], list[str]] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            rows = {tuple(row[:2]): row for row in csv.reader(file) if row[:2] != list(HEAD[:2])}
    for feature in features:
        state = "dead" if feature.dead else "stopped" if feature.diverged else "good"
        key = (str(feature.channel), str(feature.sample))
        rows[key] = [*key, f"{feature.activation:.6g}", state]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEAD)
    table.writerows(rows[key] for key in sorted(rows, key=lambda k: (k[0].zfill(9), k[1].zfill(3))))
    write_atomically(path, text.getvalue().encode())


def _sheet(
    folder: Path, title: str, node: Node, channels: Sequence[int], settings: FeatureVisSettings
) -> None:
    pictures = [np.asarray(Image.open(_file(folder, c, 0)).convert("RGB")) for c in channels]
    said = f"what each channel looks for · {settings.steps} steps from {settings.source}"
    sheet = image_grid(f"{title} · {node.name}", said, pictures, [str(c) for c in channels])
    write_png(folder / "sheet.png", sheet)


def _print_progress(options: Options, node: Node, done: float, of: int, seconds: float) -> None:
    if options.quiet or not sys.stderr.isatty():
        return
    left = seconds / max(done, 1e-9) * (of - done)
    bar = "█" * round(BAR * done / of) + "░" * (BAR - round(BAR * done / of))
    end = "" if done < of else "\n"
    said = f"\r{node.name} {bar} {int(done)} of {of}, {format_duration(left)} left\033[K"
    print(said, end=end, file=sys.stderr, flush=True)
