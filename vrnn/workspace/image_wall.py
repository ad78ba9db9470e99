"""The wall of thumbnails: which images it shows, loaded in threads so that no frame waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.commands.inputs import BrowseImages, GrabImage
from vrnn.media.image_set import ImageSet
from vrnn.media.pager import ImagePager
from vrnn.media.synthetic import NoiseSpec, gray_image, noise_image
from vrnn.media.thumbnails import ThumbnailLoader
from vrnn.scene.primitives import QUAD, Visual
from vrnn.scene.state import InputImage
from vrnn.scene.visuals import image_wall
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.storage.closeable import Closeable
from vrnn.style.theme_names import Theme
from vrnn.workspace.held_image import describe_image

ROWS = 4
"""Rows of thumbnails on a page."""
SOURCES = (
    ("gray", "blank gray"), ("mean", "mean image"), ("gaussian", "noise"), ("pink", "pink noise"),
)  # fmt: skip
"""Inputs beside the data set: name of the source and caption."""
NO_IMAGES_HINT = "no image can go into this network"


@dataclass(frozen=True)
class WallRoom:
    """The room that a wall fills, meters.

    Attributes:
        corner: x, y and z of its lower right corner.
        width: Of the wall, at most.
        height: Of the wall, at most.
    """

    corner: tuple[float, float, float]
    width: float
    height: float


class ImageWall(Closeable):
    """A page of a data set on a wall; without a data set, only the other sources of images."""

    def __init__(self, images: ImageSet | None) -> None:
        """Create the wall and start its loader threads.

        Args:
            images: The data set; None for none.
        """
        self._images = images
        self._pager: ImagePager | None = None
        self._thumbnails: ThumbnailLoader | None = None
        self._loaded: dict[int, np.ndarray] = {}
        self._drawn_key: object = None
        self._seed = 0
        if images is not None and len(images):
            page_size = ROWS * image_wall.COLUMNS
            self._pager = ImagePager(
                len(images), images.label, images.names, 0, page_size, images.captions
            )
            self._thumbnails = ThumbnailLoader(images, image_wall.THUMBNAIL_PIXELS)

    @property
    def _count(self) -> int:
        """Number of images in the data set."""
        return 0 if self._images is None else len(self._images)

    @property
    def complete(self) -> bool:
        """Whether every thumbnail of the page has loaded or failed."""
        if self._thumbnails is None or self._pager is None:
            return True
        return not self._thumbnails.waiting and not self._pager.is_searching

    def browse(self, page: int, shuffle: int | None, only: str | None, search: str | None) -> None:
        """Show another page, order, class or search.

        Args:
            page: How many pages to go forward; negative goes back.
            shuffle: The seed of another order; -1 for the next seed; None keeps the order.
            only: A class to show alone; '' shows all; None changes nothing.
            search: A class, or `#` and a number; None for no search.

        Raises:
            VrnnError: When there is no such class or image.
        """
        pager = self._pager
        if pager is None:
            return
        if shuffle is not None:
            self._seed = shuffle if shuffle >= 0 else self._seed + 1
            pager.reshuffle(self._seed)
        if only is not None:
            pager.show_class(only) if only else pager.show_all()
        if search is not None:
            pager.find(search)
        if page:
            pager.page(pager.number + page)

    def update(
        self,
        input_image: InputImage,
        room: WallRoom,
        takes_images: bool = True,
        theme: Theme = "dark",
    ) -> Visual | None:
        """Take thumbnails that have loaded.

        Args:
            input_image: The present input: its thumbnail is highlighted.
            room: Where the wall is.
            takes_images: Whether an image can go into a network. Otherwise only a data set is
                shown; the one image of a feature cube stands beside it anyway.
            theme: Whose colors it has.

        Returns:
            The wall to draw; None while it is unchanged.
        """
        numbers: tuple[int, ...] = ()
        page_text = ""
        if self._pager is not None and self._thumbnails is not None:
            self._pager.search()
            numbers = self._pager.indices
            self._thumbnails.request(numbers)
            self._loaded.update(self._thumbnails.take())
            self._loaded = {n: pixels for n, pixels in self._loaded.items() if n in numbers}
            count = self._pager.pages
            page_text = f"page {self._pager.number + 1}" + (f" of {count:,}" if count else "")
        key = (numbers, tuple(self._loaded), page_text, input_image, room, self.failures)
        if (key, takes_images, theme) == self._drawn_key:
            return None
        self._drawn_key = key, takes_images, theme
        if not takes_images and self._count <= 1:
            return Visual(np.zeros(0, QUAD))
        hint = image_wall.HINT if takes_images else NO_IMAGES_HINT
        return self._wall(numbers, page_text, input_image, room, hint, theme)

    @property
    def failures(self) -> dict[int, str]:
        """Reasons why images have no thumbnail, by number of the image."""
        return {} if self._thumbnails is None else dict(self._thumbnails.failed)

    def _wall(
        self,
        numbers: tuple[int, ...],
        page_text: str,
        input_image: InputImage,
        room: WallRoom,
        hint: str,
        theme: Theme,
    ) -> Visual:
        tiles = []
        for number in numbers:
            assert self._images is not None
            text = "unreadable" if number in self.failures else ""
            text = text or describe_image(self._images, number) or f"#{number}"
            highlighted = input_image.number == number or (
                self._pager is not None and self._pager.selected == number
            )
            tiles.append(
                image_wall.WallTile(self._loaded.get(number), text, GrabImage(number), highlighted)
            )
        sources = [
            image_wall.WallTile(
                _sample(name), text, GrabImage(source=name), _is_input(input_image, name)
            )
            for name, text in SOURCES
            if name != "mean" or self._images is not None
        ]
        buttons = (
            image_wall.WallButton("< back", BrowseImages(page=-1)),
            image_wall.WallButton("next >", BrowseImages(page=1)),
            image_wall.WallButton("shuffle", BrowseImages(shuffle=-1)),
        )
        count = self._count
        images = "1 image" if count == 1 else f"{count:,} images"
        title = f"{images} · {page_text}" if count else "other images"
        visual = image_wall.wall_visual(tiles, sources, buttons, title, room.corner, hint, theme)
        height = float(-visual.quads["down"][0, 1])
        factor = min(room.width / image_wall.WIDTH, room.height / height)
        return scale_visual(visual, factor, room.corner)

    def close(self) -> None:
        """Stop the threads that load thumbnails."""
        if self._thumbnails is not None:
            self._thumbnails.close()


def _sample(source: str) -> np.ndarray:
    """Return the thumbnail of a source, (H, W, 3) uint8."""
    side = image_wall.THUMBNAIL_PIXELS
    if source in ("gray", "mean"):
        return gray_image(side, side)
    return noise_image(NoiseSpec("pink" if source == "pink" else "gaussian"), side, side)


def _is_input(input_image: InputImage, source: str) -> bool:
    kind = input_image.noise.kind if input_image.noise is not None else ""
    return source in (input_image.plain, kind)
