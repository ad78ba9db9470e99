"""The cloud of a data set's images: found by jobs, moved, and given to the world as it is seen."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from vrnn.commands.undo_stack import Bookmark
from vrnn.compute.embedding.cloud_file import image_name
from vrnn.compute.embedding.jobs import ImageCloudJob
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import METHOD_TEXT
from vrnn.network.image_cloud import ImageCloud
from vrnn.render.renderer import Renderer
from vrnn.scene.cloud_place import cloud_chain, cloud_place
from vrnn.scene.cloud_state import CloudState
from vrnn.scene.image_cloud import CLOUD_VISUAL, CloudPlace
from vrnn.scene.revealing import Revealed
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.storage.atomic import write_atomically
from vrnn.workspace.cloud_categories import (
    ImageNames,
    categories,
    name_images,
    visible_images,
)
from vrnn.workspace.cloud_landing import CloudLanding
from vrnn.workspace.cloud_motion import CloudMotion
from vrnn.workspace.cloud_thumbnails import CloudThumbnails
from vrnn.workspace.cloud_view import CloudParts, draw_cloud, draw_frame
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.map_uploader import WorkerEventSink


class ImageCloudManager:
    """Shows the cloud that a state wants.

    Attributes:
        names: Classes of the images of the cloud that is shown; None for none.
    """

    def __init__(
        self, world: World, renderer: Renderer, jobs: JobManager, feed: WorkerEventSink,
        source: InputSource, notify: Callable[[str], None], reveal: Callable[[Revealed], None],
        roll_back: Callable[[Bookmark], None],
    ) -> None:  # fmt: skip
        """Begin without a cloud.

        Args:
            world: Whose state says what is shown.
            renderer: Holds the thumbnails.
            jobs: Run the data set.
            feed: Knows the data sets, and which pass is shown.
            source: Tells whether a stream is the input.
            notify: Shows the user a sentence.
            reveal: Brings the cloud into view when it has appeared.
            roll_back: Makes everything as it was at a bookmark of the history.
        """
        self.names: ImageNames | None = None
        self._world, self._renderer, self._jobs, self._feed = world, renderer, jobs, feed
        self._notify, self._reveal, self._roll_back = notify, reveal, roll_back
        self._clouds: dict[ImageCloudJob, ImageCloud] = {}
        self._wanted: ImageCloudJob | None = None
        self._number: int | None = None
        self._asked: tuple[Bookmark, State] | None = None
        self._motion = CloudMotion()
        self._landing = CloudLanding(jobs, source)
        self._thumbnails: CloudThumbnails | None = None
        self._drawn: tuple[object, ...] = ()
        self._framed: tuple[object, ...] = ()
        self._is_revealed = False

    # What is wanted.

    def check(self, network: int) -> None:
        """Check that there is a data set to show.

        Raises:
            VrnnError: The network has none.
        """
        if network not in self._feed.datasets:
            raise VrnnError("needs a data set: start with --data FOLDER")

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when its cloud cannot be found.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        if state.cloud.shown:
            self._asked = (before, state)

    def sync_with_state(self, state: State) -> None:
        """Find the cloud that a state wants, unless it was found before; or show none."""
        wanted = self._job(state.cloud)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._landing.forget()
        if self._number is not None:
            self._jobs.cancel(self._number)
            self._number = None
        if wanted is None:
            self._clear()
            return
        if wanted in self._clouds:
            self.show(self._clouds[wanted])
            return
        self._number = self._jobs.start(
            wanted, lambda result: self._take(wanted, result),
            lambda results: self._take_part(wanted, results), self._on_end, self._fail,
        )  # fmt: skip

    def _job(self, state: CloudState) -> ImageCloudJob | None:
        network = self._world.networks.get(state.network)
        if not state.shown or network is None or state.network not in self._feed.datasets:
            return None
        chain = cloud_chain(network.network, state.anchor, state.layer)
        return ImageCloudJob(state.network, chain, state.method, state.dimensions, state.position)

    def _on_end(self) -> None:
        self._number = None

    def _fail(self, reason: str) -> None:
        self._notify(reason)
        self._number = self._wanted = None
        asked, self._asked = self._asked, None
        if asked is not None and asked[1].cloud == self._world.state.cloud:
            self._roll_back(asked[0])

    def _take(self, job: ImageCloudJob, result: object) -> None:
        cloud = self._clouds[job] = cast(ImageCloud, result)
        if job != self._wanted:
            return
        self._asked = None
        skipped = cloud.images.skipped
        if skipped:
            number, reason = skipped[0]
            left = (
                f"{len(skipped)} images are left out" if len(skipped) > 1 else "1 image is left out"
            )
            self._notify(f"{left} of the cloud: image {number}: {reason}")
        self.show(cloud)

    def _take_part(self, job: ImageCloudJob, results: Sequence[object]) -> None:
        if job == self._wanted:
            self.show(cast(ImageCloud, results[-1]))

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._clouds.clear()
        self._wanted = None
        self._landing.forget()
        self._clear()
        self.sync_with_state(self._world.state)

    def _clear(self) -> None:
        self._motion.go_to(None, 0.0)
        self.names, self._drawn, self._framed = None, (), ()
        self._is_revealed = False
        if self._thumbnails is not None:
            self._thumbnails.close()
            self._thumbnails = None
        if self._world.image_cloud is not None:
            self._world.set_image_cloud(None)
            self._world.set_visual(CLOUD_VISUAL, None)

    def close(self) -> None:
        """Stop the threads that load thumbnails."""
        if self._thumbnails is not None:
            self._thumbnails.close()
            self._thumbnails = None

    # What is shown.

    @property
    def cloud(self) -> ImageCloud | None:
        """The cloud that is shown; None for none."""
        return self._motion.cloud

    @property
    def complete(self) -> bool:
        """Whether all that is to be seen of the cloud is there."""
        if self._motion.cloud is None:
            return True
        has_thumbnails = self._thumbnails is not None and self._thumbnails.complete
        return has_thumbnails and not self._motion.is_moving and not self._landing.pending

    def show_between(self, before: ImageCloud, cloud: ImageCloud, part: float) -> None:
        """Show images between two clouds, as for a film. part: of the way, 0…1."""
        self._motion.show_between(before, cloud, part)
        self._drawn = ()

    def show_again(self) -> None:
        """Show the cloud that the state wants, after a film."""
        if self._wanted in self._clouds and self._wanted is not None:
            self._motion.go_to(self._clouds[self._wanted], 0.0)
            self._drawn = ()

    def show(self, cloud: ImageCloud) -> None:
        """Let the images go to a cloud of the present data set."""
        state = self._world.state.cloud
        images = self._feed.datasets[state.network]
        class_names = self._world.networks[state.network].info.class_names
        self.names = name_images(cloud.images, images.names, class_names)
        self._motion.go_to(cloud, self._world.placement.seconds)
        self._drawn = ()
        if self._thumbnails is None:
            self._thumbnails = CloudThumbnails(images, self._renderer, len(images))
        if not self._is_revealed:
            self._is_revealed = True
            self._reveal(self._revealed(state.network))

    def _revealed(self, slot: int) -> Revealed:
        place = self._place()
        x, y, z = place.center
        half = place.size * 0.6
        corners = [(x + a * half, y + b * half, z) for a in (-1, 1) for b in (-1, 1)]
        return Revealed(slot, -1, np.array(corners), min_height=0.4)

    def _place(self) -> CloudPlace:
        cloud = self._motion.cloud
        assert cloud is not None
        # By the size of the set, so that the cloud stays where it is as it grows.
        count = len(self._feed.datasets[self._world.state.cloud.network])
        return cloud_place(self._world, count, cloud.dimensions)

    def update(self, eye: np.ndarray) -> bool:
        """Let images move, load thumbnails near the eye, and draw anew what has changed.

        Args:
            eye: (3,) meters.

        Returns:
            Whether the picture changed.
        """
        cloud, state = self._motion.cloud, self._world.state.cloud
        if cloud is None or self.names is None or self._thumbnails is None:
            return False
        moved = self._motion.advance()
        if state.marks_input and self._wanted in self._clouds and self._wanted is not None:
            passes = self._feed.displayed_sequence.get(state.network, -1)
            self._landing.update(self._wanted, self._world.state.input_image, passes)
        is_complete = not cloud.text and not self._motion.is_between
        landing = self._landing.found if state.marks_input and is_complete else None
        place = self._place()
        visible = visible_images(self.names, state)
        centers = place.to_world(self._motion.positions)
        look = (cloud, state, place, self._world.state.theme, landing)
        is_new = look != self._drawn[:5] or moved
        viewer = self._world.viewer
        self._thumbnails.choose(
            cloud.images.numbers[visible], centers[visible], place.thumbnail, eye,
            0.0 if viewer is None else viewer.pixels_per_unit,
            () if landing is None else self._landing.neighbors(), is_new,
        )  # fmt: skip
        if self._thumbnails.take():
            is_new = True
        shown = (*look, tuple(self._thumbnails.places))
        if not is_new and shown == self._drawn:
            return moved
        self._drawn = shown
        found, places = categories(self.names, state.color)
        parts = CloudParts(
            cloud, self._motion.positions, centers, visible, place, found, places, landing
        )
        self._world.set_image_cloud(draw_cloud(parts, state, self._thumbnails.places))
        self._frame(parts)
        return True

    def _frame(self, parts: CloudParts) -> None:
        """Draw anew what stands around the cloud, where that has changed."""
        state = self._world.state.cloud
        images = self._feed.datasets[state.network]
        pictures: dict[int, np.ndarray] = {}
        if parts.landing is not None and self._thumbnails is not None:
            pictures = self._thumbnails.pictures(self._landing.neighbors())
        key = (
            parts.cloud, state, parts.place, parts.landing, len(pictures),
            self._world.networks[state.network].network,
        )  # fmt: skip
        if key == self._framed:
            return
        self._framed = key
        self._world.set_visual(CLOUD_VISUAL, draw_frame(parts, state, images, pictures))

    # The selection.

    def selected_names(self) -> tuple[tuple[str, str, str], ...]:
        """Return name, class and answer of the images that are selected."""
        cloud, names = self._motion.cloud, self.names
        selected = self._world.state.cloud.selected
        if cloud is None or names is None or not selected:
            return ()
        images = self._feed.datasets[self._world.state.cloud.network]
        _, rows, _ = np.intersect1d(cloud.images.numbers, selected, return_indices=True)
        return tuple(
            (image_name(images, int(cloud.images.numbers[row])), str(names.classes[row]),
             str(names.answers[row]))
            for row in rows.tolist()
        )  # fmt: skip

    def selected_list(self, most: int) -> tuple[tuple[int, str], ...]:
        """Return number and name of the first images that are selected."""
        images = self._feed.datasets.get(self._world.state.cloud.network)
        if images is None:
            return ()
        numbers = [n for n in self._world.state.cloud.selected[:most] if n < len(images)]
        return tuple((number, image_name(images, number)) for number in numbers)

    def describe(self, number: int) -> tuple[str, ...]:
        """Return what is said of an image of the cloud: what it is, its class, and the answer."""
        cloud, names = self._motion.cloud, self.names
        images = self._feed.datasets.get(self._world.state.cloud.network)
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
        return tuple(lines)

    def selected_counts(self) -> tuple[tuple[str, int], ...]:
        """Return how many of the selected images are of each class, the most first."""
        counts = Counter(one[1] for one in self.selected_names())
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def export_selection(self, file: Path) -> None:
        """Write name, class and answer of the images that are selected as a table.

        Raises:
            VrnnError: None is selected, or the file cannot be written.
        """
        rows = self.selected_names()
        if not rows:
            raise VrnnError(
                "no image of a cloud is selected; select some with a lasso, or with Ctrl+A"
            )
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(("name", "class", "prediction"))
        table.writerows(rows)
        write_atomically(file, text.getvalue().encode())

    @property
    def title(self) -> str:
        """What the cloud is of, in a line; '' for none."""
        cloud = self._motion.cloud
        if cloud is None:
            return ""
        return f"{len(cloud.positions):,} images at {cloud.layer} by {METHOD_TEXT[cloud.method]}"
