"""The cloud of a data set's images: found by jobs, moved, and given to the world as it is seen."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np

from vrnn.commands.undo_stack import Bookmark, state_of
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
from vrnn.workspace.cloud_categories import (
    categories,
    name_images,
    visible_images,
)
from vrnn.workspace.cloud_landing import CloudLanding
from vrnn.workspace.cloud_motion import CloudMotion
from vrnn.workspace.cloud_selection import CloudSelection
from vrnn.workspace.cloud_thumbnails import CloudThumbnails
from vrnn.workspace.cloud_view import CloudParts, draw_cloud, draw_frame
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

ENDED = "the film of the cloud has ended: its cloud is gone, or a job of it was canceled"


class ImageCloudManager(Manager):
    """Shows the cloud that a state wants.

    Attributes:
        selection: The images that are selected, and the classes of the images that are shown.
    """

    def __init__(self, parts: ManagerParts, renderer: Renderer, source: InputSource) -> None:
        """Begin without a cloud.

        Args:
            parts: What it works with.
            renderer: Holds the thumbnails.
            source: Tells whether a stream is the input.
        """
        self.selection = CloudSelection(parts.world, parts.feed)
        self._world, self._jobs, self._feed = parts.world, parts.jobs, parts.feed
        self._renderer = renderer
        self._notify, self._reveal = parts.notify, parts.reveal
        self._roll_back = parts.roll_back
        self._clouds: dict[ImageCloudJob, ImageCloud] = {}
        self._wanted: ImageCloudJob | None = None
        self._number: int | None = None
        self._asked: tuple[Bookmark, State] | None = None
        self._motion = CloudMotion()
        self._landing = CloudLanding(parts.jobs, source)
        self._thumbnails: CloudThumbnails | None = None
        self._drawn: tuple[object, ...] = ()
        self._framed: tuple[object, ...] = ()
        self._is_revealed = False
        self._film_eye: np.ndarray | None = None

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
        if state.cloud.shown and state.cloud != state_of(before).cloud:
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

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def _clear(self) -> None:
        self._motion.go_to(None, 0.0)
        self.selection.show(None, None)
        self._drawn, self._framed = (), ()
        self._is_revealed = False
        if self._thumbnails is not None:
            self._thumbnails.close()
            self._thumbnails = None
        if self._world.image_cloud is not None:
            self._world.set_image_cloud(None)
            self._world.set_visual(CLOUD_VISUAL, None)

    def stop_threads(self) -> None:
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
    def pending(self) -> bool:
        """Whether some of what is to be seen of the cloud is still to come."""
        if self._motion.cloud is None:
            return False
        return not self.has_thumbnails or self._motion.is_moving or self._landing.pending

    @property
    def has_thumbnails(self) -> bool:
        """Whether all images that are near have thumbnails."""
        return self._thumbnails is not None and self._thumbnails.complete

    def show_between(self, before: ImageCloud, cloud: ImageCloud, part: float) -> None:
        """Show images between two clouds, as for a film. part: of the way, 0…1.

        Raises:
            VrnnError: No cloud is shown any more.
        """
        if self._motion.cloud is None:
            raise VrnnError(ENDED)
        if self.selection.cloud is not cloud:
            self._name(cloud)
        self._motion.show_between(before, cloud, part)
        self._drawn = ()

    def find(self, layers: Sequence[str]) -> Generator[None, None, tuple[ImageCloud, ...]]:
        """Find the clouds of some layers, as a film needs them, without showing them.

        Args:
            layers: Names of layers that one slides along.

        Yields:
            As long as one is being found.

        Returns:
            The clouds.

        Raises:
            VrnnError: One cannot be found, or its job was canceled.
        """
        found = []
        for layer in layers:
            job = self._job(replace(self._world.state.cloud, layer=layer))
            if job is None:
                raise VrnnError(ENDED)
            ends: list[str] = []
            if job not in self._clouds:
                self._jobs.start(job, partial(self._take, job), on_failed=ends.append)
            while job not in self._clouds:
                if ends or not self._jobs.is_running(job):
                    raise VrnnError(ends[0] if ends else ENDED)
                yield
            found.append(self._clouds[job])
        return tuple(found)

    def begin_film(self, eye: np.ndarray) -> None:
        """Load the thumbnails that are near an eye, until `show_again`. eye: (3,) meters."""
        self._film_eye = eye

    def show_again(self) -> None:
        """Show the cloud that the state wants, after a film."""
        self._film_eye = None
        if self._wanted in self._clouds and self._wanted is not None:
            self._name(self._clouds[self._wanted])
            self._motion.go_to(self._clouds[self._wanted], 0.0)
            self._drawn = ()

    def show(self, cloud: ImageCloud) -> None:
        """Let the images go to a cloud of the present data set."""
        state = self._world.state.cloud
        images = self._feed.datasets[state.network]
        self._name(cloud)
        self._motion.go_to(cloud, self._world.placement.seconds)
        self._drawn = ()
        if self._thumbnails is None:
            self._thumbnails = CloudThumbnails(images, self._renderer, len(images))
        if not self._is_revealed:
            self._is_revealed = True
            self._reveal(self._revealed(state.network))

    def _name(self, cloud: ImageCloud) -> None:
        """Name the classes of its images."""
        slot = self._world.state.cloud.network
        class_names = self._world.networks[slot].info.class_names
        names = name_images(cloud.images, self._feed.datasets[slot].names, class_names)
        self.selection.show(cloud, names)

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

    def follow_eye(self, eye: np.ndarray) -> bool:
        """Let images move, load thumbnails near the eye, and draw anew what has changed.

        Args:
            eye: (3,) meters.

        Returns:
            Whether the picture changed.
        """
        eye = eye if self._film_eye is None else self._film_eye
        cloud, state = self._motion.cloud, self._world.state.cloud
        names = self.selection.names
        if cloud is None or names is None or self._thumbnails is None:
            return False
        moved = self._motion.advance()
        if state.marks_input and self._wanted in self._clouds and self._wanted is not None:
            passes = self._feed.displayed_sequence.get(state.network, -1)
            self._landing.update(self._wanted, self._world.state.input_image, passes)
        is_complete = not cloud.text and not self._motion.is_between
        landing = self._landing.found if state.marks_input and is_complete else None
        place = self._place()
        visible = visible_images(names, state)
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
        found, places = categories(names, state.color)
        parts = CloudParts(
            cloud, self._motion.extent, centers, visible, place, found, places, landing
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

    @property
    def title(self) -> str:
        """What the cloud is of, in a line; '' for none."""
        cloud = self._motion.cloud
        if cloud is None:
            return ""
        how = cloud.text or f"by {METHOD_TEXT[cloud.method]}"
        return f"{len(cloud.positions):,} images at {cloud.layer}: {how}"
