"""Opening a folder of 100,000 images, beside the bare list of its names; then an image wall.

    python -m benchmarks.folder

The files are empty: opening a folder reads names only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import format_milliseconds, format_table, time_medians
from vrnn.media.image_set import image_folder
from vrnn.media.pager import ImagePager

FILES = 100_000
CLASSES = 1000


@contextmanager
def folders() -> Iterator[tuple[Path, Path]]:
    """Create one folder with all files, and one with as many in subfolders, one for each class."""
    with TemporaryDirectory(prefix="vrnn-folder-") as root:
        flat, classes = Path(root, "flat"), Path(root, "classes")
        flat.mkdir()
        for number in range(CLASSES):
            (classes / f"n{number:08d}").mkdir(parents=True)
        for number in range(FILES):
            name = f"ILSVRC2012_val_{number:08d}.JPEG"
            (flat / name).touch()
            (classes / f"n{number % CLASSES:08d}" / name).touch()
        yield flat, classes


def list_names(folder: Path) -> list[str]:
    """List all names in a folder and its subfolders: the floor."""
    return [name for _, _, files in os.walk(folder) for name in files]


def main() -> None:
    """Print the table."""
    with folders() as (flat, classes):
        seconds = time_medians(
            {
                "names alone": lambda: list_names(flat),
                "opened": lambda: image_folder(flat),
                "names alone, 1,000 classes": lambda: list_names(classes),
                "opened, 1,000 classes": lambda: image_folder(classes),
            },
            repeats=5,
        )
        images = image_folder(classes)
        seconds |= time_medians(
            {
                "wall, all classes": lambda: ImagePager(FILES, images.label, images.names).indices,
                "wall, one class of 1,000": lambda: search_class(
                    ImagePager(FILES, images.label, images.names)
                ),
            },
            repeats=5,
        )
    print(
        format_table(
            [("what", "median"), *((n, format_milliseconds(s)) for n, s in seconds.items())]
        )
    )
    print(f"opening takes {seconds['opened'] / seconds['names alone']:.1f} times as long as names")


def search_class(pager: ImagePager) -> None:
    """Search until the page of one class is full."""
    pager.show_class(7)
    while pager.is_searching:
        pager.search()


if __name__ == "__main__":
    main()
