"""A folder of 100,000 images opened, beside the bare list of its names; then a wall of them.

    python -m benchmarks.folder

The files are empty: opening a folder looks at names only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import medians, milliseconds, table
from vrnn.media.image_set import image_folder
from vrnn.media.pager import ImagePager

FILES = 100_000
CLASSES = 1000


@contextmanager
def folders() -> Iterator[tuple[Path, Path]]:
    """One folder with all files, and one with as many in subfolders, a class each."""
    with TemporaryDirectory(prefix="vrnn-folder-") as place:
        flat, classes = Path(place, "flat"), Path(place, "classes")
        flat.mkdir()
        for number in range(CLASSES):
            (classes / f"n{number:08d}").mkdir(parents=True)
        for number in range(FILES):
            name = f"ILSVRC2012_val_{number:08d}.JPEG"
            (flat / name).touch()
            (classes / f"n{number % CLASSES:08d}" / name).touch()
        yield flat, classes


def names(folder: Path) -> list[str]:
    """All names in a folder and its subfolders: the floor."""
    return [name for _, _, files in os.walk(folder) for name in files]


def main() -> None:
    """Print the table."""
    with folders() as (flat, classes):
        seconds = medians(
            {
                "names alone": lambda: names(flat),
                "opened": lambda: image_folder(flat),
                "names alone, 1,000 classes": lambda: names(classes),
                "opened, 1,000 classes": lambda: image_folder(classes),
            },
            repeats=5,
        )
        images = image_folder(classes)
        seconds |= medians(
            {
                "wall, all classes": lambda: ImagePager(FILES, images.label, images.names).indices,
                "wall, one class of 1,000": lambda: rare(
                    ImagePager(FILES, images.label, images.names)
                ),
            },
            repeats=5,
        )
    print(table([("what", "median"), *((n, milliseconds(s)) for n, s in seconds.items())]))
    print(f"opening takes {seconds['opened'] / seconds['names alone']:.1f} times as long as names")


def rare(wall: ImagePager) -> None:
    """Search until the page of one class is full."""
    wall.show_class(7)
    while wall.is_searching:
        wall.search()


if __name__ == "__main__":
    main()
