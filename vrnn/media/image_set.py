"""Sets of labeled images, such as a folder with a subfolder for each class."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from vrnn.errors import VrnnError, error_text, is_ctrl_c
from vrnn.media.image_reader import SUFFIXES, read_image
from vrnn.storage.input_file import describe_missing

T = TypeVar("T")

MAX_IMAGES = 50_000_000
"""A set that says it has more is taken not to mean it; their order alone would fill the memory."""
ITEM_SECONDS = 30.0
"""How long reading one item of a script's data set may take."""

_DIGITS = re.compile(r"\d+")


class TimeLimitError(VrnnError):
    """An item of a data set took too long, and is still being read."""


MAX_TRIED_IMAGES = 8
"""Images of a data set that are tried until one can be read."""


class ImageSet:
    """Images with labels, each looked up when it is asked for, from any thread.

    Attributes:
        names: Of the classes; may be empty.
        files: (N,) paths that the images are read from; empty when they are not files.
        captions: (N,) what each image shows; empty where that is not known.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        labels: Sequence[int],
        read: Callable[[int], np.ndarray],
        read_small: Callable[[int, int], np.ndarray] | None = None,
        files: Sequence[str] = (),
        seconds: float | None = None,
        captions: Sequence[str] = (),
    ) -> None:
        """Count the images; none is read yet.

        Args:
            names: Of the classes; may be empty.
            labels: (N,) one for each image, -1 where unknown; looking one up may raise anything.
            read: Gives image i as (H, W, 3) uint8, and may raise anything.
            read_small: The same in less time, but with sides that need not be longer than its
                second argument; None to read the full size.
            files: (N,) paths that the images are read from; empty when they are not files.
            seconds: How long reading one of them may take; None: for ever.
            captions: (N,) what each image shows; empty where that is not known.

        Raises:
            VrnnError: There are too many.
        """
        self.names, self.files, self.captions = names, files, captions
        self._labels, self._read = labels, read
        self._read_small = read_small or (lambda index, min_side: read(index))
        self._count = len(labels)
        if self._count > MAX_IMAGES:
            raise VrnnError(
                f"the data set says that it has {self._count:,} images; vrnn shows up to "
                f"{MAX_IMAGES:,}: give it a part, such as torch.utils.data.Subset"
            )
        self._seconds = seconds
        self._stuck: threading.Thread | None = None
        self._invalid: set[int] = set()

    def __len__(self) -> int:
        return self._count

    def image(self, index: int) -> np.ndarray:
        """Read an image, (H, W, 3) uint8.

        Raises:
            VrnnError: Anything went wrong; the message names the image.
        """
        return self._read_checked(index, lambda: self._read(index))

    def small(self, index: int, min_side: int) -> np.ndarray:
        """Read an image, perhaps with fewer pixels in less time.

        Args:
            index: Number of the image.
            min_side: Pixels; sides are not made shorter than that.

        Returns:
            (H, W, 3) uint8.

        Raises:
            VrnnError: Anything went wrong; the message names the image.
        """
        return self._read_checked(index, lambda: self._read_small(index, min_side))

    def _read_checked(self, index: int, read: Callable[[], np.ndarray]) -> np.ndarray:
        self._check(index)
        try:
            pixels = self._limited(read)
        except TimeLimitError:
            raise
        except VrnnError as error:
            raise VrnnError(f"image {index} of the data set: {error}") from error
        except BaseException as error:  # whatever the data set raises
            if is_ctrl_c(error):
                raise
            raise VrnnError(
                f"image {index} of the data set cannot be read: {_reason(error)}"
            ) from error
        _check_pixels(index, pixels)
        return pixels

    def _limited(self, read: Callable[[], T]) -> T:
        """Call a function that reads an item, and wait for it only so long."""
        if self._seconds is None:
            return read()
        if self._stuck is not None and self._stuck.is_alive():
            raise TimeLimitError("an image of the data set is still being read; see its script")
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(read())
            except BaseException as error:  # raised again in the thread that waits
                errors.append(error)

        # A daemon, so that the program can end although the item never does.
        thread = threading.Thread(target=run, name="vrnn-item", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if errors and isinstance(errors[0], Exception):
            raise errors[0]
        if errors:
            # Raised again as it is, it would look like the user's own Ctrl-C.
            raise VrnnError(_reason(errors[0])) from errors[0]
        if not results:
            self._stuck = thread
            raise TimeLimitError(
                f"an image of the data set took longer than {self._seconds:g} s to read; see what "
                "its __getitem__ waits for"
            )
        return results[0]

    def label(self, index: int) -> int:
        """Return the number of an image's class; -1 where unknown, invalid, or not to be read.

        Raises:
            VrnnError: There is no such image.
        """
        self._check(index)
        try:
            label = int(self._limited(lambda: self._labels[index]))
        except BaseException as error:  # whatever the data set raises
            if is_ctrl_c(error):
                raise
            self._invalid.add(index)
            return -1
        if label < -1 or (self.names and label >= len(self.names)):
            self._invalid.add(index)
            return -1
        return label

    @property
    def invalid_labels(self) -> int:
        """How many labels have turned out to be no class, or not to be read."""
        return len(self._invalid)

    def _check(self, index: int) -> None:
        if not 0 <= index < self._count:
            raise VrnnError(f"there is no image {index}: the data set has {self._count}")

    def first(self, max_tries: int = MAX_TRIED_IMAGES) -> np.ndarray | None:
        """Read the first image that can be read, (H, W, 3) uint8.

        Args:
            max_tries: How many images are tried; None is returned when none of them can be read.

        Raises:
            TimeLimitError: Reading one does not end.
        """
        for index in range(min(max_tries, self._count)):
            try:
                return self.image(index)
            except TimeLimitError:
                raise
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


def _reason(error: BaseException) -> str:
    reason = error_text(error)
    if len(reason) > 300:
        reason = reason[:297] + "…"
    kind = type(error).__name__
    return f"{kind}: {reason}" if reason else kind


def image_folder(folder: Path) -> ImageSet:
    """Find the images in a folder, classes by subfolder; those outside subfolders have no class.

    Only names are looked at, so that many thousands cost little. Classes are in the plain order of
    their names, by which torchvision's ImageFolder numbers them; files in natural order, 2 before
    10. What begins with a dot is left out, and so is a subfolder that may not be read.

    Raises:
        VrnnError: There is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise VrnnError(describe_missing(folder, "folder of images"))
    try:
        loose, groups = _scan(str(folder))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"the folder '{folder}' cannot be read: {reason}") from error
    files, labels = loose, [-1] * len(loose)
    groups.sort()
    for label, group in enumerate(groups):
        found = _images_below(group, {_folder_id(str(folder))})
        files += found
        labels += [label] * len(found)
    if not files:
        raise VrnnError(f"there are no images in '{folder}' or its subfolders")
    names = tuple(os.path.basename(group) for group in groups)
    return ImageSet(
        names,
        labels,
        lambda index: read_image(Path(files[index])),
        lambda index, min_side: read_image(Path(files[index]), min_side),
        files,
    )


def _scan(folder: str) -> tuple[list[str], list[str]]:
    """Return paths of the images and of the folders directly in a folder, in natural order."""
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


def _images_below(folder: str, visited: set[tuple[int, int]]) -> list[str]:
    """Return paths of the images in a folder and all below it, none entered twice.

    Args:
        folder: Where to begin.
        visited: Identities of the folders that are not to be entered; grows.
    """
    images: list[str] = []
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            identity = _folder_id(current)
            if identity in visited:
                continue
            visited.add(identity)
            found, folders = _scan(current)
        except OSError:
            continue
        images += found
        waiting += reversed(folders)
    return images


def _folder_id(folder: str) -> tuple[int, int]:
    """Return what is the same for all links to one folder."""
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def natural_sort(texts: Iterable[str]) -> list[str]:
    """Sort with numbers by their value: `a2` before `a10`."""
    return sorted(sorted(texts), key=lambda text: _DIGITS.sub(_zero_padded, text))


def _zero_padded(digits: re.Match[str]) -> str:
    return digits[0].zfill(20)
