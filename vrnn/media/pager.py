"""The pages of a large set of images: which of them are on the current one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import numpy as np

from vrnn.errors import VrnnError

NOT_LOOKED_UP = -2
"""In place of a label that has not been looked up."""


class ImagePager:
    """Which images of a set are on the current page, in random order. No threads, no images.

    With a filter the images are searched for, a bounded time per call, so that the first page of a
    large set is there at once. While `is_searching`, call `search` again, such as once per frame,
    and look at `indices` again. A label is looked up once.

    Attributes:
        page_size: Images on a page.
        number: Of the current page, from 0 on.
        selected: Number of the image that was searched for by number; None for none.
    """

    def __init__(
        self,
        count: int,
        label: Callable[[int], int],
        names: Sequence[str] = (),
        seed: int = 0,
        page_size: int = 24,
        captions: Sequence[str] = (),
    ) -> None:
        """Start on the first page, without a filter.

        Args:
            count: How many images there are.
            label: Gives the class of an image, -1 where unknown.
            names: Of the classes; may be empty.
            seed: Of the random order.
            page_size: Images on a page.
            captions: (count,) what each image shows, which is searched too; may be empty.
        """
        self.page_size = page_size
        self.number = 0
        self.selected: int | None = None
        self._count, self._label, self._names = count, label, names
        self._captions = captions
        self._labels = np.full(count, NOT_LOOKED_UP, np.int64)
        self._order = _shuffled(count, seed)
        self._filter: Callable[[int], bool] | None = None
        self._matches: list[int] = []
        self._examined = 0

    @property
    def indices(self) -> tuple[int, ...]:
        """Numbers of the images on the current page, as far as they have been found."""
        start = self.number * self.page_size
        images = self._order if self._filter is None else self._matches
        return tuple(int(i) for i in images[start : start + self.page_size])

    @property
    def is_searching(self) -> bool:
        """Whether the current page may still get more images."""
        full = (self.number + 1) * self.page_size
        return self._unfinished and len(self._matches) < full

    @property
    def _unfinished(self) -> bool:
        return self._filter is not None and self._examined < self._count

    @property
    def pages(self) -> int | None:
        """How many pages there are, at least 1; None while it is not known."""
        if self._unfinished:
            return None
        count = self._count if self._filter is None else len(self._matches)
        return max(1, -(-count // self.page_size))

    def page(self, number: int) -> tuple[int, ...]:
        """Go to a page, or the nearest there is; returns `indices`."""
        self.number = max(0, number)
        self.search()
        return self.indices

    def next(self) -> tuple[int, ...]:
        """Go to the next page, if there is one; returns `indices`."""
        return self.page(self.number + 1)

    def previous(self) -> tuple[int, ...]:
        """Go to the previous page, if there is one; returns `indices`."""
        return self.page(self.number - 1)

    def search(self, max_labels: int = 20_000, seconds: float = 0.004) -> None:
        """Look at more labels, until the page is full or a limit is reached.

        Only a single label that takes longer than that, as of a set that reads whole items for
        them, is waited for.

        Args:
            max_labels: How many labels are looked at.
            seconds: How long that may take.
        """
        end = time.perf_counter() + seconds
        stop = min(self._count, self._examined + max_labels)
        matches = self._filter
        while matches is not None and self.is_searching and self._examined < stop:
            index = int(self._order[self._examined])
            self._examined += 1
            if matches(index):
                self._matches.append(index)
            if time.perf_counter() > end:
                break
        if self.pages is not None:
            self.number = min(self.number, self.pages - 1)

    def _class_of(self, index: int) -> int:
        if self._labels[index] == NOT_LOOKED_UP:
            self._labels[index] = self._label(index)
        return int(self._labels[index])

    def reshuffle(self, seed: int) -> tuple[int, ...]:
        """Put the images in another order and go to the first page; a filter stays."""
        self._order = _shuffled(self._count, seed)
        return self._restart(self._filter)

    def show_all(self) -> tuple[int, ...]:
        """Remove the filter and go to the first page."""
        return self._restart(None)

    def show_class(self, name_or_number: int | str) -> tuple[int, ...]:
        """Show only the images of one class, and go to the first page.

        Args:
            name_or_number: Of the class; upper and lower case are the same. -1 for the images whose
                class is unknown.

        Raises:
            VrnnError: There is no such class.
        """
        if isinstance(name_or_number, str):
            number = self._number_of(name_or_number)
        else:
            number = name_or_number
            if number < -1 or (self._names and number >= len(self._names)):
                raise VrnnError(f"there is no class {number}; there are {len(self._names)}, from 0")
        return self._restart(lambda index: self._class_of(index) == number)

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
        """Show only images with a text in their caption or class, and go to the first page.

        Args:
            text: The text; '' for all images. `#123` removes the filter, goes to the page with
                image 123, and selects it.

        Raises:
            VrnnError: There is no such image.
        """
        text = text.strip().casefold()
        if text.startswith("#"):
            return self._go_to(text[1:])
        if not text:
            return self.show_all()
        named = {n for n, name in enumerate(self._names) if text in name.casefold()}
        if self._captions:
            return self._restart(
                lambda index: (
                    text in self._captions[index].casefold() or self._class_of(index) in named
                )
            )
        if self._names:
            examined = 0 if named else self._count
            return self._restart(lambda index: self._class_of(index) in named, examined)
        return self._restart(
            lambda index: self._class_of(index) >= 0 and text in f"class {self._class_of(index)}"
        )

    def _go_to(self, text: str) -> tuple[int, ...]:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) >= self._count:
            raise VrnnError(f"there is no image #{text}; the data set has {self._count}, from #0")
        self.show_all()
        self.selected = int(text)
        position = int(np.flatnonzero(self._order == self.selected)[0])
        return self.page(position // self.page_size)

    def _restart(self, matches: Callable[[int], bool] | None, examined: int = 0) -> tuple[int, ...]:
        """Go to the first page of a new filter.

        Args:
            matches: Whether an image is shown; None for no filter.
            examined: How many images need not be looked at: all, where none can match.
        """
        self._filter = matches
        self._matches, self._examined = [], examined
        self.selected = None
        return self.page(0)


def _shuffled(count: int, seed: int) -> np.ndarray:
    """Return all numbers below `count`, (count,) int32; 2 ms for 100,000 of them."""
    return np.random.default_rng(seed).permutation(np.arange(count, dtype=np.int32))
