"""Pager."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import numpy as np

from vrnn.errors import VrnnError

UNSEEN = -2
"""In place of a label that has not been looked up."""


class ImagePager:
    """Which images of a set stand on the current page, in random order. No threads, no images.

    With a filter the images are searched for, a bounded time a call, so that the first page of a
    large set is there at once. While `searching` is true, call `search` again, such as once a
    frame, and look at `indices` anew. A label is looked up once.

    number: of the current page, from 0 on; selected: the image that was asked for by number.
    """

    def __init__(
        self,
        count: int,
        label: Callable[[int], int],
        names: Sequence[str] = (),
        seed: int = 0,
        page_size: int = 24,
    ) -> None:
        """count: of images; label: gives the class of one, -1 where unknown; names: of classes."""
        self.page_size = page_size
        self.number = 0
        self.selected: int | None = None
        self._count, self._label, self._names = count, label, names
        self._labels = np.full(count, UNSEEN, np.int64)
        self._order = _shuffled(count, seed)
        self._wanted: Callable[[int], bool] | None = None
        self._found: list[int] = []
        self._looked_at = 0

    @property
    def indices(self) -> tuple[int, ...]:
        """Numbers of the images on the current page, as far as they have been found."""
        start = self.number * self.page_size
        part = slice(start, start + self.page_size)
        return tuple(int(i) for i in (self._order if self._wanted is None else self._found)[part])

    @property
    def is_searching(self) -> bool:
        """Whether the current page may still get more images."""
        full = (self.number + 1) * self.page_size
        return self._unfinished and len(self._found) < full

    @property
    def _unfinished(self) -> bool:
        return self._wanted is not None and self._looked_at < self._count

    @property
    def pages(self) -> int | None:
        """How many pages there are, at least 1; None while it is not known."""
        if self._unfinished:
            return None
        count = self._count if self._wanted is None else len(self._found)
        return max(1, -(-count // self.page_size))

    def page(self, number: int) -> tuple[int, ...]:
        """Go to a page, or the nearest there is, and give `indices`."""
        self.number = max(0, number)
        self.search()
        return self.indices

    def next(self) -> tuple[int, ...]:
        """Go one page on, but not beyond the last."""
        return self.page(self.number + 1)

    def previous(self) -> tuple[int, ...]:
        """Go one page back."""
        return self.page(self.number - 1)

    def search(self, max_labels: int = 20_000, seconds: float = 0.004) -> None:
        """Look at more labels, until the page is full, or so many or so long.

        Only a single label that takes longer than that, as of a set that reads whole items for
        them, is waited for.
        """
        end = time.perf_counter() + seconds
        stop = min(self._count, self._looked_at + max_labels)
        wanted = self._wanted
        while wanted is not None and self.is_searching and self._looked_at < stop:
            index = int(self._order[self._looked_at])
            self._looked_at += 1
            if wanted(self._class_of(index)):
                self._found.append(index)
            if time.perf_counter() > end:
                break
        if self.pages is not None:
            self.number = min(self.number, self.pages - 1)

    def _class_of(self, index: int) -> int:
        if self._labels[index] == UNSEEN:
            self._labels[index] = self._label(index)
        return int(self._labels[index])

    def reshuffle(self, seed: int) -> tuple[int, ...]:
        """Another order, from the first page on; a filter stays."""
        self._order = _shuffled(self._count, seed)
        return self._restart(self._wanted)

    def show_all(self) -> tuple[int, ...]:
        """Without a filter, from the first page on."""
        return self._restart(None)

    def show_class(self, wanted: int | str) -> tuple[int, ...]:
        """Only the images of one class, given by number or name; upper and lower case are the same.

        -1: those whose class is unknown. Raises VrnnError where there is no such class.
        """
        if isinstance(wanted, str):
            number = self._number_of(wanted)
        else:
            number = wanted
            if number < -1 or (self._names and number >= len(self._names)):
                raise VrnnError(f"there is no class {number}; there are {len(self._names)}, from 0")
        return self._restart(lambda label: label == number)

    def _number_of(self, name: str) -> int:
        for number, known in enumerate(self._names):
            if known.casefold() == name.strip().casefold():
                return number
        if re.fullmatch(r"[0-9]{1,9}", name.strip()) and (
            not self._names or int(name) < len(self._names)
        ):
            return int(name)
        raise VrnnError(f"there is no class '{name}'; type a part of a name to search for it")

    def find(self, text: str) -> tuple[int, ...]:
        """Only the images whose class has this text in its name; '' for all.

        `#123` goes to the page of all images where image 123 stands, and selects it.
        Raises VrnnError where there is no such image.
        """
        text = text.strip().casefold()
        if text.startswith("#"):
            return self._go_to(text[1:])
        if not text:
            return self.show_all()
        named = {n for n, name in enumerate(self._names) if text in name.casefold()}
        if self._names:
            return self._restart(named.__contains__, 0 if named else self._count)
        return self._restart(lambda label: label >= 0 and text in f"class {label}")

    def _go_to(self, text: str) -> tuple[int, ...]:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) >= self._count:
            raise VrnnError(f"there is no image #{text}; the data set has {self._count}, from #0")
        self.show_all()
        self.selected = int(text)
        place = int(np.flatnonzero(self._order == self.selected)[0])
        return self.page(place // self.page_size)

    def _restart(self, wanted: Callable[[int], bool] | None, looked_at: int = 0) -> tuple[int, ...]:
        """The first page of a new filter. looked_at: all images, where none can be wanted."""
        self._wanted = wanted
        self._found, self._looked_at = [], looked_at
        self.selected = None
        return self.page(0)


def _shuffled(count: int, seed: int) -> np.ndarray:
    """(count,) int32: all numbers below `count`; 2 ms for 100,000 of them."""
    return np.random.default_rng(seed).permutation(np.arange(count, dtype=np.int32))
