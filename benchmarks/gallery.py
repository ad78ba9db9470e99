"""The wall of thumbnails: seconds to open it on 100,000 images beside on 100.

    python -m benchmarks.gallery

From a folder on disk to a wall with all thumbnails of its first page.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.timing import milliseconds, table
from vrnn.media.image_set import image_folder
from vrnn.scene.state import InputImage
from vrnn.workspace.image_wall import ImageWall

FEW, MANY, CLASSES = 100, 100_000, 100


def folder_of(count: int, root: Path) -> Path:
    """Images in class folders; the same few files by many names."""
    folder = root / str(count)
    rng = np.random.default_rng(0)
    models = []
    for i in range(8):
        path = root / f"model{i}.png"
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(path)
        models.append(path)
    for i in range(count):
        group = folder / f"class{i % CLASSES}"
        if i < CLASSES:
            group.mkdir(parents=True)
        os.link(models[i % 8], group / f"{i}.png")
    return folder


def opening(folder: Path) -> tuple[float, float]:
    """Seconds until the set is known, and from there until its wall is complete."""
    start = time.perf_counter()
    images = image_folder(folder)
    known = time.perf_counter()
    with ImageWall(images) as gallery:
        while gallery.update(InputImage(), 0, 0, 0) is not None or not gallery.complete:
            time.sleep(0.0005)
    return known - start, time.perf_counter() - known


def main() -> int:
    """Print the table."""
    root = Path(tempfile.mkdtemp())
    try:
        found = {}
        folders = {count: folder_of(count, root) for count in (FEW, MANY)}
        for count, folder in folders.items():
            rounds = [opening(folder) for _ in range(7)]
            found[count] = [float(np.median([r[i] for r in rounds])) for i in (0, 1)]
    finally:
        shutil.rmtree(root)
    rows = [("images", "folder read", "wall complete", "ratio", "target")]
    for count, (known, wall) in found.items():
        ratio = "" if count == FEW else f"{wall / found[FEW][1]:.2f}"
        target = "" if count == FEW else "1.20"
        rows.append((f"{count:,}", milliseconds(known), milliseconds(wall), ratio, target))
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
