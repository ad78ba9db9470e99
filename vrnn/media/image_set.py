"""Image set."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_reader import SUFFIXES, read_image

_DIGITS = re.compile(r"\d+")


class ImageSet:
    """Images with labels, each looked up when it is asked for, from any thread."""

    def __init__(
        self,
        names: tuple[str, ...],
        labels: Sequence[int],
        read: Callable[[int], np.ndarray],
        read_small: Callable[[int, int], np.ndarray] | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """Nothing is read yet, only counted.

        names: of the classes, may be empty; labels: (N,) one for each image, -1 where unknown;
        read: gives image i as (H, W, 3) uint8 and may raise anything; read_small: the same in less
        time, but with sides that need not be longer than its second argument; files: (N,) where
        they are read from, empty when they are not files.
        """
        self.names, self.files = names, files
        self._labels, self._read = labels, read
        self._read_small = read_small or (lambda index, least: read(index))
        self._count = len(labels)
        self._odd: set[int] = set()

    def __len__(self) -> int:
        return self._count

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8. Raises VrnnError, naming the item, for whatever goes wrong."""
        return self._checked(index, lambda: self._read(index))

    def small(self, index: int, min_side: int) -> np.ndarray:
        """The same, perhaps with fewer pixels in less time; sides are not below `least` by that."""
        return self._checked(index, lambda: self._read_small(index, min_side))

    def _checked(self, index: int, read: Callable[[], np.ndarray]) -> np.ndarray:
        self._check(index)
        try:
            pixels = read()
        except VrnnError as error:
            raise VrnnError(f"image {index} of the data set: {error}") from error
        except (Exception, SystemExit) as error:
            raise VrnnError(
                f"image {index} of the data set cannot be read: {_why(error)}"
            ) from error
        _check_pixels(index, pixels)
        return pixels

    def label(self, index: int) -> int:
        """Number of its class; -1 where it is unknown, is no class, or cannot be read.

        Raises VrnnError where there is no such item.
        """
        self._check(index)
        try:
            label = int(self._labels[index])
        except (Exception, SystemExit):
            self._odd.add(index)
            return -1
        if label < -1 or (self.names and label >= len(self.names)):
            self._odd.add(index)
            return -1
        return label

    @property
    def invalid_labels(self) -> int:
        """How many items have turned out to have a label that is no class, or none to be read."""
        return len(self._odd)

    def _check(self, index: int) -> None:
        if not 0 <= index < self._count:
            raise VrnnError(f"there is no image {index}: the data set has {self._count}")

    def first(self, max_tries: int = 8) -> np.ndarray | None:
        """(H, W, 3) uint8: the first image that can be read, None when the first `most` cannot."""
        for index in range(min(max_tries, self._count)):
            try:
                return self.image(index)
            except VrnnError:
                continue
        return None


def _check_pixels(index: int, pixels: object) -> None:
    if not isinstance(pixels, np.ndarray):
        what = f"of type {type(pixels).__name__}"
    elif pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        what = f"{'×'.join(str(n) for n in pixels.shape)} of {pixels.dtype}"
    else:
        return
    raise VrnnError(f"image {index} of the data set is {what}; it should be H×W×3 of uint8")


def _why(error: BaseException) -> str:
    reason = " ".join(str(error).split())
    if len(reason) > 300:
        reason = reason[:297] + "…"
    kind = type(error).__name__
    return f"{kind}: {reason}" if reason else kind


def image_folder(folder: Path) -> ImageSet:
    """The images in a folder, classes by subfolder; those outside any subfolder have no class.

    Only names are looked at, so that many thousands cost little. Classes are in the plain order of
    their names, by which torchvision's ImageFolder numbers them; files in natural order, 2 before
    10. What begins with a dot is left out, and so is a subfolder that may not be read.
    Raises VrnnError when there is no such folder or no image in it.
    """
    if not folder.is_dir():
        raise VrnnError(f"there is no folder '{folder}' to take images from")
    try:
        loose, groups = _scan(str(folder))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"the folder '{folder}' cannot be read: {reason}") from error
    files, labels = loose, [-1] * len(loose)
    groups.sort()
    for label, group in enumerate(groups):
        found = _below(group, {_identity(str(folder))})
        files += found
        labels += [label] * len(found)
    if not files:
        raise VrnnError(f"there are no images in '{folder}' or its subfolders")
    names = tuple(os.path.basename(group) for group in groups)
    return ImageSet(
        names,
        labels,
        lambda index: read_image(Path(files[index])),
        lambda index, least: read_image(Path(files[index]), least),
        files,
    )


def _scan(folder: str) -> tuple[list[str], list[str]]:
    """Paths of the images and of the folders that lie directly in a folder, in natural order."""
    images: list[str] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            # The kind comes with the name; only for a link without such a suffix is it asked for.
            if name[name.rfind(".") :].lower() in SUFFIXES:
                (folders if entry.is_dir(follow_symlinks=False) else images).append(name)
            elif entry.is_dir():
                folders.append(name)
    start = os.path.join(folder, "")
    return [start + n for n in natural_sort(images)], [start + n for n in natural_sort(folders)]


def _below(folder: str, seen: set[tuple[int, int]]) -> list[str]:
    """Paths of the images in a folder and all below it, none entered twice.

    seen: the folders that are not to be entered, grows.
    """
    images: list[str] = []
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            identity = _identity(current)
            if identity in seen:
                continue
            seen.add(identity)
            found, folders = _scan(current)
        except OSError:
            continue
        images += found
        waiting += reversed(folders)
    return images


def _identity(folder: str) -> tuple[int, int]:
    """The same for all links to one folder."""
    found = os.stat(folder)
    return found.st_dev, found.st_ino


def natural_sort(texts: Iterable[str]) -> list[str]:
    """Sorted with numbers by their value: `a2` before `a10`."""
    return sorted(sorted(texts), key=lambda text: _DIGITS.sub(_widened, text))


def _widened(digits: re.Match[str]) -> str:
    return digits[0].zfill(20)
