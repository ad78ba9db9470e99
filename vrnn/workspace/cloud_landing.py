"""Where the input lands in the cloud, with its nearest neighbors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from vrnn.commands.inputs import GrabImage
from vrnn.compute.embedding.jobs import CloudLandingJob, ImageCloudJob
from vrnn.media.image_set import ImageSet
from vrnn.network.image_cloud import Landing
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.scene.primitives import STROKE
from vrnn.scene.state import InputImage
from vrnn.scene.visuals.cloud_frame import NeighborRow
from vrnn.style.theme import ACCENT, ANNOTATION, RGBA, with_alpha
from vrnn.workspace.held_image import describe_image
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.job_manager import JobManager

EMPTY = np.full((PICTURE_SIDE, PICTURE_SIDE, 3), 40, np.uint8)
BEFORE = 0.4
"""How far lines are before the images, in sides of a thumbnail."""
LINE_WIDTH = 0.1
"""Of a line to a neighbor, in sides of a thumbnail."""


class CloudLanding:
    """Finds where the input lands, each time that another image is in.

    Attributes:
        found: Where; None as long as that is not known.
    """

    def __init__(self, jobs: JobManager, source: InputSource) -> None:
        """Begin without.

        Args:
            jobs: Finds it.
            source: Tells whether a stream is the input.
        """
        self.found: Landing | None = None
        self._jobs, self._source = jobs, source
        self._asked: CloudLandingJob | None = None
        self._number: int | None = None
        self._moment = 0
        self._image: tuple[InputImage, int] | None = None

    @property
    def pending(self) -> bool:
        """Whether it is being looked for."""
        return self._number is not None

    def update(self, cloud: ImageCloudJob, image: InputImage, passes: int) -> bool:
        """Look for where the input lands, unless that is known.

        Args:
            cloud: What the cloud was found by.
            image: The input.
            passes: Number of the pass that is shown, which another image changes.

        Returns:
            Whether what is known has changed.
        """
        if self.pending:
            return False
        is_own = image == InputImage() and not self._source.example_count
        number = 0 if is_own else image.number
        if (image, passes) != self._image:
            self._moment += number is None
            self._image = image, passes
        if self._source.streaming:
            number = None
        job = CloudLandingJob(
            cloud.slot, cloud.chain, cloud.method, cloud.dimensions, cloud.position, number,
            0 if number is not None else self._moment,
        )  # fmt: skip
        if job == self._asked:
            return False
        self._asked = job
        self._number = self._jobs.start(
            job, lambda result: self._take(job, result), on_end=self._on_end
        )
        return False

    def _on_end(self) -> None:
        self._number = None

    def _take(self, job: CloudLandingJob, result: object) -> None:
        if job == self._asked:
            self.found = cast(Landing, result)

    def forget(self) -> None:
        """Forget what was found, as for another cloud."""
        if self._number is not None:
            self._jobs.cancel(self._number)
        self.found = self._asked = self._number = None

    def neighbors(self) -> tuple[int, ...]:
        """Return the numbers of all neighbors."""
        if self.found is None:
            return ()
        both = (*self.found.feature_neighbors.tolist(), *self.found.pixel_neighbors.tolist())
        return tuple(dict.fromkeys(both))


def neighbor_rows(
    landing: Landing, images: ImageSet, pictures: dict[int, np.ndarray]
) -> tuple[NeighborRow, ...]:
    """Return the neighbors of the input as they are seen beside the cloud.

    Args:
        landing: Which they are.
        images: The data set.
        pictures: Thumbnails by number, as far as they are there.
    """
    return tuple(
        NeighborRow(
            title,
            [pictures.get(number, EMPTY) for number in numbers],
            [describe_image(images, number) or f"#{number}" for number in numbers],
            [f"{distance:.3g}" for distance in distances],
            [GrabImage(number) for number in numbers],
        )
        for title, numbers, distances in (
            ("nearest in features", landing.feature_neighbors.tolist(),
             landing.feature_distances.tolist()),
            ("nearest in pixels", landing.pixel_neighbors.tolist(),
             landing.pixel_distances.tolist()),
        )
    )  # fmt: skip


def neighbor_lines(
    start: np.ndarray, ends: Sequence[tuple[np.ndarray, bool]], side: float
) -> np.ndarray:
    """Return lines from where the input lands to its neighbors, (N,) `STROKE`.

    Args:
        start: (3,) meters.
        ends: (3,) meters of each neighbor, and whether it is one by its features.
        side: Of a thumbnail, meters.
    """
    strokes = np.zeros(len(ends), STROKE)
    for stroke, (end, is_feature) in zip(strokes, ends, strict=True):
        color: RGBA = with_alpha(ACCENT if is_feature else ANNOTATION, 0.8)
        stroke["start"], stroke["end"] = start, end
        for place in ("start", "end"):
            stroke[place][2] += side * BEFORE
        stroke["width"] = side * LINE_WIDTH
        stroke["color"] = color
    return strokes
