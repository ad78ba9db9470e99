"""The images of the cloud that are selected, and the classes that the user made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vrnn.compute.embedding.cloud_file import image_name
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.image_cloud import ImageCloud
from vrnn.scene.cloud_state import NO_CLASS, OwnClass
from vrnn.scene.world import World
from vrnn.storage.table import write_table
from vrnn.workspace.cloud_categories import ImageNames, name_own_classes
from vrnn.workspace.map_uploader import WorkerEventSink

COLUMNS = ("name", "class", "prediction", "own class")
"""Of an exported table."""


class CloudSelection:
    """Names, counts and exports images of the cloud that is shown.

    Attributes:
        cloud: The cloud; None for none.
    """

    def __init__(self, world: World, feed: WorkerEventSink) -> None:
        """Begin without a cloud.

        Args:
            world: Whose state says what is selected.
            feed: Knows the data sets.
        """
        self.cloud: ImageCloud | None = None
        self._world, self._feed = world, feed
        self._names: ImageNames | None = None
        self._own: tuple[int, tuple[OwnClass, ...]] | None = None

    def show(self, cloud: ImageCloud | None, names: ImageNames | None) -> None:
        """Show a cloud.

        Args:
            cloud: The cloud; None for none.
            names: Classes of its images, none of the user's own.
        """
        self.cloud, self._names, self._own = cloud, names, None

    @property
    def names(self) -> ImageNames | None:
        """Classes of the images of the cloud; None for no cloud."""
        state = self._world.state.cloud
        if self.cloud is None or self._names is None:
            return None
        if self._own != (state.network, state.own_classes):
            self._own = state.network, state.own_classes
            self._names = name_own_classes(self._names, self.cloud.images.numbers, state)
        return self._names

    @property
    def _images(self) -> ImageSet | None:
        return self._feed.datasets.get(self._world.state.cloud.network)

    def _rows(self, numbers: Iterable[int]) -> tuple[tuple[str, str, str, str], ...]:
        """Name, class, answer and own class of images, as far as they are in the cloud."""
        cloud, names, images = self.cloud, self.names, self._images
        wanted = np.fromiter(numbers, np.int64)
        if cloud is None or names is None or images is None or not len(wanted):
            return ()
        _, rows, _ = np.intersect1d(cloud.images.numbers, wanted, return_indices=True)
        return tuple(
            (image_name(images, int(cloud.images.numbers[row])), str(names.classes[row]),
             str(names.answers[row]), own if (own := str(names.own[row])) != NO_CLASS else "")
            for row in rows.tolist()
        )  # fmt: skip

    def counts(self, numbers: Iterable[int] | None = None) -> tuple[tuple[str, int], ...]:
        """Return how many images are of each class of the data set, the most first.

        Args:
            numbers: Of the images; None for those that are selected.
        """
        chosen = self._world.state.cloud.selected if numbers is None else numbers
        counts = Counter(row[1] for row in self._rows(chosen))
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def first_names(self, most: int) -> tuple[tuple[int, str], ...]:
        """Return number and name of the first images that are selected."""
        images = self._images
        if images is None:
            return ()
        numbers = [n for n in self._world.state.cloud.selected[:most] if n < len(images)]
        return tuple((number, image_name(images, number)) for number in numbers)

    def describe(self, number: int) -> tuple[str, ...]:
        """Return what is said of an image of the cloud: what it is, its classes, and the answer."""
        cloud, names, images = self.cloud, self.names, self._images
        if cloud is None or names is None or images is None:
            return ()
        row = int(np.searchsorted(cloud.images.numbers, number))
        name = image_name(images, number)
        lines = [name if not images.files else Path(name).name]
        if cloud.images.labels[row] >= 0:
            lines.append(f"class: {names.classes[row]}")
        if cloud.images.answers[row] >= 0:
            said = {1: " · right", 0: " · wrong"}.get(int(names.correct[row]), "")
            lines.append(f"answer: {names.answers[row]}{said}")
        if names.own[row] != NO_CLASS:
            lines.append(f"own class: {names.own[row]}")
        return tuple(lines)

    def export(self, file: Path) -> None:
        """Write name, classes and answer of the images that are selected as a table.

        Raises:
            VrnnError: None is selected, or the file cannot be written.
        """
        self._write(
            file, self._world.state.cloud.selected,
            "no image of a cloud is selected; select some with a lasso, or with Ctrl+A",
        )  # fmt: skip

    def export_own_classes(self, file: Path) -> None:
        """Write the same of all images in a class of the user's own.

        Raises:
            VrnnError: There are none, or the file cannot be written.
        """
        state = self._world.state.cloud
        numbers = (n for name in state.own_names for n in state.find_own_class(name).numbers)
        self._write(
            file, numbers,
            "no image of a cloud is in a class of your own; make one of selected images, with "
            "cloud.make_class",
        )  # fmt: skip

    def _write(self, file: Path, numbers: Iterable[int], refusal: str) -> None:
        rows = self._rows(numbers)
        if not rows:
            raise VrnnError(refusal)
        write_table(file, [COLUMNS, *rows])
