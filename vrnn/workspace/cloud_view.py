"""A cloud of images made into what is drawn: dots, thumbnails, lines, title and legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.commands.image_cloud import SetCloudDisplay
from vrnn.commands.image_cloud_selection import FilterCloud
from vrnn.media.image_set import ImageSet
from vrnn.network.embedding_methods import METHOD_TEXT
from vrnn.network.image_cloud import ImageCloud, Landing
from vrnn.scene.cloud_state import CLOUD_COLORS, CloudColor, CloudState
from vrnn.scene.image_cloud import CloudExtent, CloudPlace, DrawnCloud
from vrnn.scene.primitives import DOT, STROKE, THUMBNAIL, PickRegion, Visual
from vrnn.scene.visuals.cloud_frame import LegendEntry, cloud_frame
from vrnn.style.theme import ACCENT, ANNOTATION
from vrnn.workspace.cloud_categories import Category
from vrnn.workspace.cloud_landing import neighbor_lines, neighbor_rows

FRAME, SELECTED_FRAME = 0.07, 0.14
"""Width of the frame around a thumbnail, as a part of it."""
DOT_SIZE = 0.8
"""Of a dot, in sides of a thumbnail."""
LANDED_SIZE = 1.35
"""Of the frame where the input lands, in sides of a thumbnail."""
HIDDEN_SIZE = 0.3
"""Of the dot of an image that is filtered out."""
HIDDEN_COLOR = (0.10, 0.11, 0.13, 1.0)
COLOR_TEXT: Mapping[CloudColor, str] = {
    "class": "class of the data set",
    "answer": "answer of the network",
    "correct": "right or wrong answer",
    "own": "class of your own",
    "none": "one color",
}
"""What people read for what colors mean."""
NO_OWN = "none yet: select images"
NEVER = "the data set and the network name no class alike"


@dataclass(frozen=True, eq=False)
class CloudParts:
    """A cloud at one moment, with what is known of its images.

    Attributes:
        cloud: The cloud.
        extent: What is shown of it.
        centers: (N, 3) where images are at this moment, meters.
        visible: (N,) whether each is let through by the filters.
        place: Where the cloud is.
        categories: What images are told apart by.
        members: (N,) which category each image is in.
        landing: Where the input lands; None for nowhere.
    """

    cloud: ImageCloud
    extent: CloudExtent
    centers: np.ndarray
    visible: np.ndarray
    place: CloudPlace
    categories: Sequence[Category]
    members: np.ndarray
    landing: Landing | None

    @property
    def landed(self) -> np.ndarray | None:
        """(3,) meters where the input lands; None for nowhere."""
        if self.landing is None:
            return None
        place = self.extent.place(self.landing.position[None])
        landed: np.ndarray = self.place.to_world(place)[0]
        return landed


def draw_cloud(parts: CloudParts, state: CloudState, pictures: Mapping[int, int]) -> DrawnCloud:
    """Return a cloud as it is drawn and picked.

    Args:
        parts: The cloud.
        state: What is selected, and of which network it is.
        pictures: Number of the picture on the GPU of each image that has one.
    """
    numbers, side = parts.cloud.images.numbers, parts.place.thumbnail
    colors = np.array([one.color for one in parts.categories], np.float32)[parts.members]
    is_selected = np.isin(numbers, state.selected)
    place = np.array([pictures.get(number, -1) for number in numbers.tolist()])
    is_near = (place >= 0) & parts.visible
    colors[is_selected] = ACCENT
    dots = np.zeros(int((~is_near).sum()), DOT)
    far = ~is_near
    dots["center"], dots["color"] = parts.centers[far], colors[far]
    dots["size"] = side * DOT_SIZE
    hidden = ~parts.visible[far]
    dots["size"][hidden], dots["color"][hidden] = side * HIDDEN_SIZE, HIDDEN_COLOR
    thumbnails = np.zeros(int(is_near.sum()), THUMBNAIL)
    thumbnails["center"], thumbnails["size"] = parts.centers[is_near], side
    thumbnails["frame"] = colors[is_near]
    thumbnails["frame"][:, 3] = np.where(is_selected[is_near], SELECTED_FRAME, FRAME)
    thumbnails["picture"][:, 0] = place[is_near]
    thumbnails["picture"][:, 1] = parts.cloud.dimensions == 3
    seen = parts.visible
    return DrawnCloud(
        state.network, numbers[seen], parts.centers[seen], side, parts.cloud.positions[seen], dots,
        thumbnails, _lines(parts), _landed(parts, state.network),
    )  # fmt: skip


def _landed(parts: CloudParts, slot: int) -> PickRegion | None:
    """The square where the input lands."""
    landed = parts.landed
    if landed is None:
        return None
    x, y, z = landed.tolist()
    half = parts.place.thumbnail * LANDED_SIZE / 2
    return PickRegion(
        "landed", (x - half, y + half, z), (2 * half, 0.0, 0.0), (0.0, -2 * half, 0.0), None, slot
    )


def _lines(parts: CloudParts) -> np.ndarray:
    """Lines from where the input lands to its neighbors."""
    landing, start = parts.landing, parts.landed
    if landing is None or start is None:
        return np.zeros(0, STROKE)
    ends = []
    numbers = parts.cloud.images.numbers
    for found, is_feature in ((landing.feature_neighbors, True), (landing.pixel_neighbors, False)):
        _, rows, _ = np.intersect1d(numbers, found, return_indices=True)
        ends += [(parts.centers[row], is_feature) for row in rows.tolist()]
    return neighbor_lines(start, ends, parts.place.thumbnail)


def draw_frame(
    parts: CloudParts, state: CloudState, images: ImageSet, pictures: dict[int, np.ndarray]
) -> Visual:
    """Return what stands around a cloud.

    Args:
        parts: The cloud.
        state: How it is shown.
        images: The data set.
        pictures: Thumbnails of neighbors by number, as far as they are there.
    """
    cloud = parts.cloud
    count, seen = len(cloud.positions), int(parts.visible.sum())
    images_text = f"{count:,} images" if seen == count else f"{seen:,} of {count:,} images"
    where = "" if state.position is None else " at one position"
    title = f"data set by {cloud.layer}{where}"
    how = cloud.text or f"{METHOD_TEXT[cloud.method]} in {cloud.dimensions} dimensions"
    subtitle = f"{how} · {images_text}"
    if cloud.images.skipped:
        subtitle += f" · {len(cloud.images.skipped)} left out"
    far_off = int(parts.extent.is_beyond(cloud.positions).sum())
    if far_off:
        lies = "1 image lies" if far_off == 1 else f"{far_off:,} images lie"
        subtitle += f" · {lies} further out than the edge"
    landing = parts.landing
    rows = () if landing is None else neighbor_rows(landing, images, pictures)
    return cloud_frame(
        parts.place, title, subtitle, _legend(parts, state), rows, cloud.dimensions == 2
    )


def _legend(parts: CloudParts, state: CloudState) -> list[LegendEntry]:
    entries = [LegendEntry(None, COLOR_TEXT[state.color], SetCloudDisplay(color=_next(state)))]
    if state.color == "own" and not state.own_names:
        return [*entries, LegendEntry(None, NO_OWN)]
    if state.color == "correct" and parts.categories[0].count + parts.categories[1].count == 0:
        return [*entries, LegendEntry(None, NEVER)]
    for category in parts.categories:
        action: FilterCloud | None = None
        is_dim = False
        if state.color == "correct" and category.text in ("right", "wrong"):
            is_dim = state.correct not in ("all", category.text)
            wanted = "all" if state.correct == category.text else category.text
            action = FilterCloud(correct="right" if wanted == "right" else
                                 "wrong" if wanted == "wrong" else "all")  # fmt: skip
        elif state.color == "class":
            is_dim = bool(state.classes) and not set(category.names) & set(state.classes)
            action = FilterCloud(classes=() if state.classes == category.names else category.names)
        elif state.color == "own":
            is_dim = bool(state.own) and not set(category.names) & set(state.own)
            action = FilterCloud(own=() if state.own == category.names else category.names)
        elif state.color == "answer":
            is_dim = bool(state.answers) and not set(category.names) & set(state.answers)
            action = FilterCloud(answers=() if state.answers == category.names else category.names)
        text = f"{category.text}  {category.count:,}"
        entries.append(LegendEntry(category.color, text, action, is_dim))
    if state.selected:
        entries.append(LegendEntry(ACCENT, f"selected  {len(state.selected):,}"))
    if parts.landing is not None:
        entries.append(LegendEntry(ACCENT, "like the input in features"))
        entries.append(LegendEntry(ANNOTATION, "like it in its pixels"))
    return entries


def _next(state: CloudState) -> CloudColor:
    has_own = bool(state.own_names) or state.color == "own"
    colors = [one for one in CLOUD_COLORS if one != "own" or has_own]
    return colors[(colors.index(state.color) + 1) % len(colors)]
