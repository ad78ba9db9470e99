"""The wall of thumbnails: which images stand on it, and making them without holding anyone up."""

from __future__ import annotations

import numpy as np

from vrnn.commands.inputs import BrowseImages, GrabImage
from vrnn.media.image_set import ImageSet
from vrnn.media.pager import ImagePager as Pages
from vrnn.media.synthetic import NoiseSpec, gray_image, noise_image
from vrnn.media.thumbnails import ThumbnailLoader
from vrnn.scene.primitives import Visual
from vrnn.scene.state import InputImage
from vrnn.scene.visuals import image_wall as drawn
from vrnn.storage.closeable import Closeable
from vrnn.workspace.held_image import class_name

ROWS = 4
SOURCES = (
    ("gray", "blank gray"), ("mean", "mean image"), ("gaussian", "noise"), ("pink", "pink noise"),
)  # fmt: skip


class ImageWall(Closeable):
    """A data set on a wall, or only the sources of images where there is none."""

    def __init__(self, images: ImageSet | None) -> None:
        self._images = images
        self._pages: Pages | None = None
        self._thumbnails: ThumbnailLoader | None = None
        self._made: dict[int, np.ndarray] = {}
        self._drawn: object = None
        self._seed = 0
        if images is not None and len(images):
            page = ROWS * drawn.COLUMNS
            self._pages = Pages(len(images), images.label, images.names, 0, page)
            self._thumbnails = ThumbnailLoader(images, drawn.THUMBNAIL_PIXELS)

    @property
    def complete(self) -> bool:
        """Whether every thumbnail of the page is there, or has failed."""
        if self._thumbnails is None or self._pages is None:
            return True
        return not self._thumbnails.waiting and not self._pages.is_searching

    def browse(self, page: int, shuffle: int | None, only: str | None, search: str | None) -> None:
        """Show another page, order, class or search.

        Args:
            page: Pages to go on.
            shuffle: The seed of another order; -1 for the next one.
            only: One class; '' for all.
            search: What to look for.

        Raises:
            VrnnError: When there is no such class or image.
        """
        pages = self._pages
        if pages is None:
            return
        if shuffle is not None:
            self._seed = shuffle if shuffle >= 0 else self._seed + 1
            pages.reshuffle(self._seed)
        if only is not None:
            pages.show_class(only) if only else pages.show_all()
        if search is not None:
            pages.find(search)
        if page:
            pages.page(pages.number + page)

    def update(self, input_image: InputImage, x: float, y: float, z: float) -> Visual | None:
        """The wall with its right lower corner at (x, y, z); None while it is as it was."""
        numbers: tuple[int, ...] = ()
        pages: str = ""
        if self._pages is not None and self._thumbnails is not None:
            self._pages.search()
            numbers = self._pages.indices
            self._thumbnails.request(numbers)
            self._made.update(self._thumbnails.take())
            self._made = {n: p for n, p in self._made.items() if n in numbers}
            count = self._pages.pages
            pages = f"page {self._pages.number + 1}" + (f" of {count:,}" if count else "")
        key = (numbers, tuple(self._made), pages, input_image, x, y, z, self.failures)
        if key == self._drawn:
            return None
        self._drawn = key
        return self._wall(numbers, pages, input_image, x, y, z)

    @property
    def failures(self) -> dict[int, str]:
        """Why an image has no thumbnail, by its number."""
        return {} if self._thumbnails is None else dict(self._thumbnails.failed)

    def _wall(
        self,
        numbers: tuple[int, ...],
        pages: str,
        picture: InputImage,
        x: float,
        y: float,
        z: float,
    ) -> Visual:
        tiles = []
        for number in numbers:
            assert self._images is not None
            text = "cannot be read" if number in self.failures else ""
            text = text or class_name(self._images, number) or f"#{number}"
            lit = picture.number == number or (
                self._pages is not None and (self._pages.selected == number)
            )
            tiles.append(drawn.WallTile(self._made.get(number), text, GrabImage(number), lit))
        sources = [
            drawn.WallTile(_sample(name), text, GrabImage(source=name), _is_in(picture, name))
            for name, text in SOURCES
            if name != "mean" or self._images is not None
        ]
        buttons = (
            drawn.WallButton("< back", BrowseImages(page=-1)),
            drawn.WallButton("next >", BrowseImages(page=1)),
            drawn.WallButton("shuffle", BrowseImages(shuffle=-1)),
        )
        count = len(self._images) if self._images is not None else 0
        title = f"{count:,} images · {pages}" if count else "other images"
        return drawn.wall_visual(tiles, sources, buttons, title, (x, y, z))

    def close(self) -> None:
        """End the threads that make thumbnails."""
        if self._thumbnails is not None:
            self._thumbnails.close()


def _sample(name: str) -> np.ndarray:
    side = drawn.THUMBNAIL_PIXELS
    if name in ("gray", "mean"):
        return gray_image(side, side)
    return noise_image(NoiseSpec("pink" if name == "pink" else "gaussian"), side, side)


def _is_in(picture: InputImage, name: str) -> bool:
    kind = picture.noise.kind if picture.noise is not None else ""
    return name in (picture.plain, kind)
