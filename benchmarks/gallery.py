"""The image wall: seconds to open it on 100,000 images, beside on 100.

    python -m benchmarks.gallery

From a folder on disk to a wall with all thumbnails of its first page.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.timing import format_milliseconds, format_table
from vrnn.media.image_set import image_folder
from vrnn.scene.state import InputImage
from vrnn.workspace.image_wall import ImageWall, WallRoom

FEW, MANY, CLASSES = 100, 100_000, 100
ROOM = WallRoom((0.0, 0.0, 0.0), 12.0, math.inf)


def create_folder(count: int, root: Path) -> Path:
    """Create a folder of images in class folders; a few files have many names.

    Args:
        count: Images in the folder.
        root: Where to create it.
    """
    folder = root / str(count)
    rng = np.random.default_rng(0)
    originals = []
    for i in range(8):
        path = root / f"original{i}.png"
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(path)
        originals.append(path)
    for i in range(count):
        group = folder / f"class{i % CLASSES}"
        if i < CLASSES:
            group.mkdir(parents=True)
        os.link(originals[i % 8], group / f"{i}.png")
    return folder


def time_opening(folder: Path) -> tuple[float, float]:
    """Return the seconds until the folder is read, and from there until its wall is complete."""
    started = time.perf_counter()
    images = image_folder(folder)
    folder_read = time.perf_counter()
    with ImageWall(images) as wall:
        while wall.update(InputImage(), ROOM) is not None or not wall.complete:
            time.sleep(0.0005)
    return folder_read - started, time.perf_counter() - folder_read


def main() -> int:
    """Print the table."""
    root = Path(tempfile.mkdtemp())
    try:
        seconds = {}
        folders = {count: create_folder(count, root) for count in (FEW, MANY)}
        for count, folder in folders.items():
            rounds = [time_opening(folder) for _ in range(7)]
            seconds[count] = [float(np.median([r[i] for r in rounds])) for i in (0, 1)]
    finally:
        shutil.rmtree(root)
    rows = [("images", "folder read", "wall complete", "ratio", "target")]
    for count, (folder_read, wall) in seconds.items():
        ratio = "" if count == FEW else f"{wall / seconds[FEW][1]:.2f}"
        target = "" if count == FEW else "1.20"
        rows.append(
            (
                f"{count:,}",
                format_milliseconds(folder_read),
                format_milliseconds(wall),
                ratio,
                target,
            )
        )
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
