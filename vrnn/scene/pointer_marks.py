"""What marks the thing that is pointed at: frames that are as wide on the screen wherever it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.attention_overlay import attention_overlay
from vrnn.scene.cka_pointing import pair_marks
from vrnn.scene.image_cloud import CLOUD_KIND
from vrnn.scene.linked_networks import linked_marks
from vrnn.scene.map_areas import is_one_picture, pointed_area
from vrnn.scene.picking import MIN_PIXELS, Hit
from vrnn.scene.primitives import QUAD, PickRegion, quad, quad_from_edges
from vrnn.scene.region_marks import region_marks
from vrnn.scene.relevance_links import link_marks
from vrnn.scene.similarity_marks import similarity_marks
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.scene.visuals.free_room import Box
from vrnn.scene.visuals.layer_handles import CORNER
from vrnn.scene.world import World
from vrnn.style.theme import ACCENT, RGBA, with_alpha

MAP_PIXELS, REGION_PIXELS, TARGET_PIXELS = 3.0, 2.0, 4.0
"""Width of a frame around a map, around something that can be clicked, and around a place that
takes the image in the hand."""
GLOW: tuple[tuple[float, float], ...] = ((14.0, 0.10), (8.0, 0.22), (TARGET_PIXELS, 1.0))
"""Width and opacity of the frames that make a target glow, from the outside inward."""
MIN_FACING = 0.15
"""Of a line that runs away from the eye, the part of its width that is seen counts as this much."""
CORNER_PIXELS = 3.0
"""Width of the lines of the corner that scales a layer."""
LAYER_KINDS = frozenset({"layer", "handle", "corner", "features"})
"""What belongs to the panel of a layer."""
REGION_KINDS = frozenset(
    {"class", "target", "bracket", "thumbnail", "button", "cell", "pin", "input", CLOUD_KIND}
)
"""Things to be clicked that get a frame; the handles of layers have marks of their own."""


def screen_frame(
    region: PickRegion, viewer: Viewer, pixels: float, color: RGBA = ACCENT
) -> np.ndarray:
    """Return a frame just outside of a rectangle, each of its lines as wide on the screen.

    Args:
        region: The rectangle.
        viewer: From where it is seen.
        pixels: Width of the lines.
        color: Their color.

    Returns:
        (4,) `QUAD`.
    """
    origin, right, down = (
        np.array(edge, np.float64) for edge in (region.origin, region.right, region.down)
    )
    end = origin + right + down
    to_right, to_down = _unit(right), _unit(down)
    lines = []
    for start, along, outward in (
        (origin, right, -to_down), (end - right, right, to_down),
        (origin, down, -to_right), (end - down, down, to_right),
    ):  # fmt: skip
        middle = start + along / 2
        away = middle - viewer.eye
        distance = max(float(np.linalg.norm(away)), 1e-6)
        facing = max(float(np.linalg.norm(np.cross(outward, away))) / distance, MIN_FACING)
        width = pixels * distance / viewer.pixels_per_unit / facing
        corner = _unit(along) * width
        lines.append(quad_from_edges(start - corner, along + 2 * corner, outward * width, color))
    return np.concatenate(lines)


def pointer_marks(world: World, viewer: Viewer, is_holding: bool) -> np.ndarray:
    """Return what marks the thing that is pointed at, to be drawn over everything.

    Args:
        world: The world, with what is pointed at.
        viewer: From where it is seen.
        is_holding: Whether an image is in the hand: what takes it glows.

    Returns:
        (N,) `QUAD`.
    """
    hit = world.hovered
    marks = [np.zeros(0, QUAD)]
    if is_holding:
        for target in image_targets(world):
            marks += [
                screen_frame(target, viewer, width, with_alpha(ACCENT, opacity))
                for width, opacity in GLOW
            ]
    if world.image_cloud is not None and world.image_cloud.landed is not None:
        marks.append(screen_frame(world.image_cloud.landed, viewer, TARGET_PIXELS))
    for region, color in similarity_marks(world):
        marks.append(screen_frame(region, viewer, REGION_PIXELS, color))
    for region in (*linked_marks(world), *pair_marks(world)):
        marks.append(screen_frame(region, viewer, MAP_PIXELS))
    for region in region_marks(world, viewer):
        marks.append(screen_frame(region, viewer, REGION_PIXELS))
    if hit is not None:
        marks.append(attention_overlay(world, hit))
        if hit.channel >= 0 and world.dragged_region is None:
            pointed = None if is_one_picture(world, hit) else pointed_area(world, hit)
            marks += [] if pointed is None else [screen_frame(pointed, viewer, MAP_PIXELS)]
        if hit.region is not None and hit.kind in REGION_KINDS and not is_holding:
            marks.append(screen_frame(hit.region, viewer, REGION_PIXELS))
        marks.append(_scale_corner(world, hit, viewer))
        marks += [
            screen_frame(box, viewer, pixels, color)
            for box, pixels, color in link_marks(world, viewer)
        ]
        field = world.receptive_field_box(hit)
        if field is not None:
            marks.append(screen_frame(field, viewer, REGION_PIXELS))
    return np.concatenate(marks)


def image_targets(world: World) -> Sequence[PickRegion]:
    """Return what takes the image in the hand: each network's input, its picture and its panel."""
    targets = [region for region in world.pick_regions() if region.kind == "input"]
    for slot in world.slots:
        network = world.networks[slot]
        frame = world.placement_frame(slot)
        if not network.info.takes_other_images:
            continue
        for node in network.network.inputs:
            if node in frame.index:
                x, y, z, width, height = frame.panel_rect(node).tolist()
                corner = (x - width / 2, y + height, z + 0.01)
                across, down = (width, 0.0, 0.0), (0.0, -height, 0.0)
                targets.append(PickRegion("layer", corner, across, down, None, slot, node))
    return targets


def target_boxes(world: World, clip_from_world: np.ndarray, aspect: float) -> tuple[Box, ...]:
    """Return where `image_targets` are seen, which the image in the hand is not to cover.

    Args:
        world: The world.
        clip_from_world: (4, 4) of the camera.
        aspect: Width / height of the view.

    Returns:
        Rectangles from the upper left corner of the view, in its heights; none for what is partly
        behind the eye.
    """
    boxes = []
    for target in image_targets(world):
        origin, right, down = map(np.array, (target.origin, target.right, target.down))
        corners = origin + np.array([0 * right, right, down, right + down])
        clip = np.c_[corners, np.ones(4)] @ clip_from_world.T
        if (clip[:, 3] > 1e-3).all():
            flat = clip[:, :2] / clip[:, 3:]
            (left, bottom), (end, top) = flat.min(0).tolist(), flat.max(0).tolist()
            size = (end - left) / 2 * aspect, (top - bottom) / 2
            boxes.append(((1 + left) / 2 * aspect, (1 - top) / 2, *size))
    return tuple(boxes)


def _scale_corner(world: World, hit: Hit, viewer: Viewer) -> np.ndarray:
    """The corner that scales the layer that is pointed at, large enough to be found."""
    if hit.layer is None or hit.slot not in world.networks or hit.kind not in LAYER_KINDS:
        return np.zeros(0, QUAD)
    frame = world.placement_frame(hit.slot)
    if hit.node not in frame.index:
        return np.zeros(0, QUAD)
    x, y, z, width, _ = frame.panel_rect(hit.node).tolist()
    corner = np.array([x + width / 2, y, z + 0.004])
    pixel = float(np.linalg.norm(corner - viewer.eye)) / viewer.pixels_per_unit
    side = max(CORNER, MIN_PIXELS * pixel)
    line = (CORNER_PIXELS + 2.0 * (hit.kind == "corner")) * pixel
    left, top, z = corner.tolist()
    return np.concatenate([
        quad(left, top - side + line, side, line, z, ACCENT),
        quad(left + side - line, top, line, side, z, ACCENT),
    ])  # fmt: skip


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
