"""`vrnn features`: pictures of what channels look for, without a window and without OpenGL.

Each picture is a file of its own, so that a run that was ended goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.compute.ascent import ascend
from vrnn.compute.opened import OpenedModel
from vrnn.compute.source import open_source
from vrnn.errors import VrnnError
from vrnn.export import matching, safe_part
from vrnn.features import Ascent, Feature
from vrnn.files import make_folder, write_atomically
from vrnn.images import read_image
from vrnn.network import Node
from vrnn.options import Options
from vrnn.plain import to_plain
from vrnn.png import save
from vrnn.presets import chosen
from vrnn.sheet import picture_sheet

SETTINGS = "settings.json"


def run(options: Options) -> int:
    """Make and write them; returns the exit code."""
    assert options.out is not None
    settings = chosen(options.preset, list(options.settings))
    image = read_image(options.images[0]) if options.images else None
    for spec in options.specs():
        model = OpenedModel(open_source(spec), options.detail)
        nodes = [n for n in matching(model.network.nodes, options.layers) if n.operation != "input"]
        for node in nodes:
            _layer(model, node, settings, image, options)
    return 0


def _layer(
    model: OpenedModel, node: Node, settings: Ascent, image: np.ndarray | None, options: Options
) -> None:
    assert options.out is not None
    title = safe_part(model.source.title, 60)
    folder = options.out / f"{title}-{node.id:03d}-{safe_part(node.name, 110)}"
    make_folder(folder)
    _same_settings(folder, settings, image)
    channels = _channels(options.channels, node)
    left = [
        c
        for c in channels
        if not all(_file(folder, c, k).is_file() for k in range(settings.copies))
    ]
    started = time.perf_counter()
    steps = ascend(model, node.id, left, settings, image, show_every=settings.steps + 1)
    for at in steps if left else ():
        if at.finished:
            _write(folder, at.features)
        done = at.first + (at.last - at.first) * at.step / at.steps
        _tell(options, node, done, at.of, time.perf_counter() - started)
    _sheet(folder, model.source.title, node, channels, settings)
    if not options.quiet:
        print(f"{len(channels)} channels of {node.name} in {folder}")


def _file(folder: Path, channel: int, copy: int) -> Path:
    return folder / (f"{channel:05}.png" if copy == 0 else f"{channel:05}-{copy}.png")


def _same_settings(folder: Path, settings: Ascent, image: np.ndarray | None) -> None:
    """Note how pictures are made; raise VrnnError when those there were made otherwise."""
    start = "" if image is None else hashlib.sha256(image.tobytes()).hexdigest()[:16]
    now = {"settings": to_plain(settings), "image": start}
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


def _write(folder: Path, features: Sequence[Feature]) -> None:
    for feature in features:
        save(_file(folder, feature.channel, feature.copy), Image.fromarray(feature.pixels))
        if feature.dead:
            print(f"vrnn: channel {feature.channel} is dead: nothing changes it", file=sys.stderr)
        elif feature.stopped:
            print(
                f"vrnn: channel {feature.channel} stopped: its values were no longer finite",
                file=sys.stderr,
            )


def _sheet(folder: Path, title: str, node: Node, channels: Sequence[int], settings: Ascent) -> None:
    pictures = [np.asarray(Image.open(_file(folder, c, 0)).convert("RGB")) for c in channels]
    said = f"what each channel looks for · {settings.steps} steps from {settings.source}"
    sheet = picture_sheet(f"{title} · {node.name}", said, pictures, [str(c) for c in channels])
    save(folder / "sheet.png", sheet)


def _tell(options: Options, node: Node, done: float, of: int, seconds: float) -> None:
    if options.quiet or not sys.stderr.isatty():
        return
    left = seconds / max(done, 1e-9) * (of - done)
    print(f"\r{node.name}: {done:.1f} of {of}, {left:.0f} s left\033[K", end="", file=sys.stderr)
