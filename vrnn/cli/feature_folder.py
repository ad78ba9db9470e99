"""The folder of a layer's feature visualizations: what it was made of, and what in it is whole."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.errors import VrnnError
from vrnn.export.layers import image_file_name
from vrnn.export.png import write_png
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.media.image_reader import read_image
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.input_file import MAX_TEXT_BYTES, read_text
from vrnn.storage.log import logger
from vrnn.storage.serialization import to_dict
from vrnn.storage.table import write_table
from vrnn.version import __version__

SETTINGS_FILE, TABLE_FILE = "settings.json", "features.csv"
FORMAT = 2
"""Of the settings file; to be changed with how pictures are made."""
TABLE_HEADINGS = ("channel", "copy", "activation", "state")
_NUMBERS = re.compile(r"\d{1,9},\d{1,9}", re.ASCII)


def origin(
    model: LoadedModel, settings: FeatureVisSettings, image: np.ndarray | None
) -> dict[str, Any]:
    """Return what pictures of a model's layers depend on, as plain data.

    Args:
        model: The model; its graph and every weight count.
        settings: How pictures are made.
        image: (H, W, 3) uint8 that they start from; None for the model's own.
    """
    digest = hashlib.blake2b(digest_size=16)
    for _ in digest_model(digest, model.network, model.source.model):
        pass
    start = "" if image is None else hashlib.sha256(image.tobytes()).hexdigest()[:16]
    return {
        "format": FORMAT,
        "vrnn": __version__,
        "torch": version("torch"),
        "model": digest.hexdigest(),
        "settings": to_dict(settings),
        "image": start,
    }


class FeatureFolder:
    """Pictures of one layer's channels, their table, and a note of what they were made of."""

    def __init__(self, path: Path, made_of: dict[str, Any]) -> None:
        """Open a folder, and create it unless it exists.

        Args:
            path: The folder.
            made_of: What its pictures are to be made of, see `origin`.

        Raises:
            VrnnError: It holds pictures made of something else, or cannot be written to.
        """
        self.path = path
        make_folder(path)
        self._check_origin(made_of)

    def _check_origin(self, made_of: dict[str, Any]) -> None:
        """Write down what the pictures are made of, if they are no others already."""
        file, table = self.path / SETTINGS_FILE, self.path / TABLE_FILE
        before = _read_json(file) if file.exists() else None
        if before is None:
            # What lies there is of unknown origin. Without a row in the table it is made again.
            with suppress(OSError):
                table.unlink(missing_ok=True)
        elif difference := _difference(before, made_of):
            raise VrnnError(
                f"'{self.path}' holds pictures that were made with {difference}; name another "
                "--out, or delete that folder to make them again"
            )
        write_atomically(file, (json.dumps(made_of, indent=1) + "\n").encode())

    def file(self, channel: int, sample: int) -> Path:
        """Return the path of a picture."""
        return self.path / image_file_name(channel, sample)

    def picture(self, channel: int, sample: int) -> np.ndarray | None:
        """Read a picture, (H, W, 3) uint8; None if it is missing, cut short, or no picture."""
        path = self.file(channel, sample)
        try:
            return read_image(path)
        except VrnnError:
            return None

    def has(self, channels: Iterable[int], samples: int) -> bool:
        """Whether all pictures of some channels are there, whole, and in the table."""
        rows = self._rows()
        return all(
            (str(channel), str(sample)) in rows and self.picture(channel, sample) is not None
            for channel in channels
            for sample in range(samples)
        )

    def add(self, features: Sequence[FeatureImage]) -> None:
        """Write pictures that are missing or damaged, and their rows in the table."""
        rows = self._rows()
        for feature in features:
            key = (str(feature.channel), str(feature.sample))
            if key not in rows or self.picture(feature.channel, feature.sample) is None:
                path = self.file(feature.channel, feature.sample)
                write_png(path, Image.fromarray(feature.pixels))
            if feature.dead:
                logger.warning(f"channel {feature.channel} is dead: nothing changes it")
            elif feature.diverged:
                logger.warning(
                    f"channel {feature.channel} stopped: its values were no longer finite"
                )
        if features:
            self._add_to_table(features)

    def _add_to_table(self, features: Sequence[FeatureImage]) -> None:
        rows = self._rows()
        for feature in features:
            state = "dead" if feature.dead else "stopped" if feature.diverged else "good"
            key = (str(feature.channel), str(feature.sample))
            rows[key] = [*key, f"{feature.activation:.6g}", state]
        ordered = [rows[key] for key in sorted(rows, key=lambda k: (int(k[0]), int(k[1])))]
        write_table(self.path / TABLE_FILE, [TABLE_HEADINGS, *ordered])

    def _rows(self) -> dict[tuple[str, str], list[str]]:
        """Return the rows of the table by channel and sample; those that are damaged are left out.

        Their pictures are made again.
        """
        try:
            lines = read_text(self.path / TABLE_FILE, "the table", MAX_TEXT_BYTES).splitlines()
            read = list(csv.reader(lines))
        except (VrnnError, csv.Error):
            return {}
        good = [row for row in read[1:] if len(row) == len(TABLE_HEADINGS)]
        return {(row[0], row[1]): row for row in good if _NUMBERS.fullmatch(",".join(row[:2]))}


def _read_json(file: Path) -> dict[str, Any] | None:
    """Read a table; None if it is damaged."""
    try:
        content = json.loads(read_text(file, "the settings"))
    except (VrnnError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and "settings" in content else None


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say in what two origins differ; '' if pictures are the same."""
    if before["settings"] != now["settings"]:
        return "other settings"
    if before.get("image") != now["image"]:
        return "another image"
    if before.get("format") != now["format"]:
        return "another version of vrnn"
    return "other weights or another model" if before.get("model") != now["model"] else ""
