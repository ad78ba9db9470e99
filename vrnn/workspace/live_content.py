"""What appears in the world without commands: feature maps, thumbnails, histograms near the eye."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Protocol

import numpy as np

from vrnn.scene.layout.input_margin import WALL_WIDTH
from vrnn.scene.state import InputImage
from vrnn.scene.view_cone import ViewCone
from vrnn.scene.visibility import layers_in_view
from vrnn.scene.wall_place import WALL, wall_place
from vrnn.scene.world import World
from vrnn.workspace.faithfulness import Faithfulness
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.held_image import class_name
from vrnn.workspace.image_cloud import ImageCloudManager
from vrnn.workspace.image_wall import ImageWall, WallRoom
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.layer_analyses import LayerAnalyses
from vrnn.workspace.manager import Manager
from vrnn.workspace.map_uploader import WorkerEventSink
from vrnn.workspace.nearby_histograms import NearbyHistograms
from vrnn.workspace.pinned_copies import PinnedCopies
from vrnn.workspace.relevance import RelevanceManager
from vrnn.workspace.similarity import SimilarityManager
from vrnn.workspace.training_ridges import TrainingRidges

FEATURE_BYTES_A_FRAME = 2 << 20
"""Bytes of feature visualizations that are sent to the GPU in one frame."""
RELEVANCE_BYTES_A_FRAME = 4 << 20
"""Bytes of relevance that are sent to the GPU in one frame, after the maps."""
SIMILARITY_SECONDS_A_FRAME = 0.004
"""Seconds of a frame in which layers are compared; the one that is pointed at always is."""


class ContentWorkspace(Protocol):
    """What `LiveContent` needs of `vrnn.workspace.workspace.Workspace`."""

    world: World
    feed: WorkerEventSink
    input: InputSource
    jobs: JobManager
    managers: tuple[Manager, ...]
    analyses: LayerAnalyses
    features: FeatureImageManager
    pins: PinnedCopies
    relevance: RelevanceManager
    faithfulness: Faithfulness
    similarity: SimilarityManager
    training_ridges: TrainingRidges
    image_cloud: ImageCloudManager


class LiveContent:
    """Brings what has arrived into the world, a bounded part each frame."""

    def __init__(self, workspace: ContentWorkspace) -> None:
        self._workspace = workspace
        self._world, self._feed = workspace.world, workspace.feed
        self._nearby = NearbyHistograms()
        self._wall: ImageWall | None = None
        self._displayed: dict[int, int] = {}
        self._maps_shown = 0

    def upload(
        self, max_bytes: float = float("inf"), clip_from_world: np.ndarray | None = None
    ) -> bool:
        """Send what has arrived to the GPU.

        Args:
            max_bytes: About how much, see `WorkerEventSink.upload`.
            clip_from_world: (4, 4) matrix of the camera: what is in view comes first; None for
                no camera.

        Returns:
            Whether everything that has arrived is on the GPU.
        """
        in_view: set[tuple[int, int]] = set()
        if clip_from_world is not None and self._feed.has_pending:
            in_view = layers_in_view(self._world, clip_from_world)
        complete = self._workspace.relevance.upload(min(max_bytes, RELEVANCE_BYTES_A_FRAME))
        complete &= self._feed.upload(max_bytes, in_view)
        if clip_from_world is not None:
            self._workspace.features.update_visible_channels(clip_from_world)
        complete &= self._workspace.features.upload(min(max_bytes, FEATURE_BYTES_A_FRAME))
        is_bounded = max_bytes < inf
        complete &= self._workspace.similarity.compare(
            SIMILARITY_SECONDS_A_FRAME if is_bounded else inf
        )
        if self._feed.maps_shown != self._maps_shown:
            self._maps_shown = self._feed.maps_shown
            for manager in self._workspace.managers:
                manager.on_maps_shown()
            if self._world.state.pins and not self._feed.has_pending:
                self._workspace.pins.update(self._world.state.pins)
        displayed = dict(self._feed.displayed_sequence)
        if displayed != self._displayed:
            self._displayed = displayed
            for manager in self._workspace.managers:
                manager.on_pass_complete()
            self._world.true_label = self._true_label()
            if self._world.state.pins:
                self._workspace.pins.update(self._world.state.pins)
        return complete

    def _true_label(self) -> str:
        """Return the label of the present input; '' where it is unknown."""
        image, images = self._world.state.input_image, self._feed.datasets.get(0)
        has_examples = self._workspace.input.example_count > 0
        number = 0 if image == InputImage() and not has_examples else image.number
        if self._workspace.input.streaming or images is None or number is None:
            return ""
        return class_name(images, number) if 0 <= number < len(images) else ""

    def tick(self, eye: np.ndarray, views: Sequence[ViewCone] = ()) -> bool:
        """Advance what is computed step by step: the wall, jobs, histograms.

        Args:
            eye: (3,) position of the eye, meters.
            views: What is looked at; see `MapResidency.views`.

        Returns:
            Whether the picture changed.
        """
        if not self._world.slots:
            return False
        if self._wall is None:
            self._wall = ImageWall(self._feed.datasets.get(0))
        takes_images = any(n.info.takes_other_images for n in self._world.networks.values())
        image = self._world.state.input_image
        wall = self._wall.update(image, self._wall_room(), takes_images, self._world.state.theme)
        if wall is not None:
            self._world.set_visual(WALL, wall)
        self._workspace.jobs.update()
        nearby = self._nearby.update(
            self._world, eye, self._workspace.analyses.profiles, self._workspace.training_ridges
        )
        if nearby is not None:
            self._world.set_nearby_visual(nearby)
        self._feed.residency.views = tuple(views)
        if self._nearby.any_shown:
            self._workspace.analyses.count_weights()
        changed = self._feed.residency.update(eye)
        changed |= self._workspace.image_cloud.follow_eye(eye)
        self._workspace.faithfulness.is_live = self._workspace.input.streaming
        for manager in self._workspace.managers:
            changed |= manager.update()
        return wall is not None or nearby is not None or changed

    def _wall_room(self) -> WallRoom:
        """Return the room at the left of the first network's input."""
        slot = self._world.slots[0]
        frame = self._world.placement_frame(slot)
        margin = self._world.networks[slot].input_margin
        node = frame.placement.folded.representative[margin.node]
        corner, scale = wall_place(frame, margin)
        heights = [row.height for row in frame.placement.layout.rows if node in row.node_ids]
        return WallRoom(corner, WALL_WIDTH * scale, max(heights, default=inf))

    def browse(self, page: int, shuffle: int | None, only: str | None, search: str | None) -> None:
        """Change what the wall of thumbnails shows. See `ImageWall.browse`."""
        if self._wall is not None:
            self._wall.browse(page, shuffle, only, search)

    @property
    def unreadable(self) -> dict[int, str]:
        """Images of the data set that have no thumbnail: their number and the reason."""
        return {} if self._wall is None else self._wall.failures

    @property
    def complete(self) -> bool:
        """Whether everything that is computed step by step is complete."""
        return (
            self._wall is not None
            and self._wall.complete
            and self._feed.residency.complete
            and self._nearby.complete
            and not any(manager.pending for manager in self._workspace.managers)
            and not (self._nearby.any_shown and self._workspace.analyses.profiling)
        )

    def close_wall(self) -> None:
        """Stop loading thumbnails; the wall is created again when it is needed."""
        if self._wall is not None:
            self._wall.close()
            self._wall = None
