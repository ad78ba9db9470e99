"""What is in a view of the world, and what a view of one layer has to show."""

from __future__ import annotations

import numpy as np

from vrnn.scene.world import World

LABEL_HEIGHT = 0.4
"""Meters above a panel that its name takes."""


def layers_in_view(world: World, clip_from_world: np.ndarray) -> set[tuple[int, int]]:
    """Return the layers whose panels are at least partly in a view.

    Args:
        world: The world.
        clip_from_world: (4, 4) of the view.

    Returns:
        Slot and node of each.
    """
    layers = set()
    for slot in world.slots:
        frame = world.placement_frame(slot)
        x, y, z, width, height = frame.panel_rects.T
        corners = np.stack(
            [
                np.stack([x + sx * width / 2, y + sy * height, z, np.ones_like(x)], 1)
                for sx, sy in ((-1, 0), (1, 0), (-1, 1), (1, 1))
            ]
        )  # (4, K, 4)
        clip = corners @ clip_from_world.T
        inside = np.abs(clip[..., :3]) <= clip[..., 3:]
        beyond = (clip[..., :3] > clip[..., 3:]).all(0) | (clip[..., :3] < -clip[..., 3:]).all(0)
        in_view = inside.all(-1).any(0) | ~beyond.any(-1)
        layers |= {(slot, frame.node_ids[i]) for i in np.flatnonzero(in_view)}
    return layers


def channels_in_view(
    world: World, slot: int, node: int, clip_from_world: np.ndarray
) -> tuple[int, ...]:
    """Return the channels of a layer the middle of whose maps is in a view.

    Args:
        world: The world.
        slot: The network.
        node: The layer.
        clip_from_world: (4, 4) of the view.

    Returns:
        Channel numbers; none of a layer that shows one map for all.
    """
    frame = world.placement_frame(slot)
    shape = frame.placement.panel_shapes.get(node)
    if node not in frame.index or shape is None or shape.shows_one_map:
        return ()
    maps = frame.map_placements(node)
    centers = frame.panel_rect(node)[:3] + maps.centers
    clip = np.column_stack([centers, np.ones(len(centers))]) @ clip_from_world.T
    in_view = (np.abs(clip[:, :3]) <= clip[:, 3:]).all(1)
    return tuple(maps.channels[in_view].tolist())


def free_depth(world: World, slot: int, node: int) -> float:
    """Return the meters from a layer's panel to the next one in front of it.

    Args:
        world: The world.
        slot: The network.
        node: The layer.

    Returns:
        Meters toward the viewer, infinite where no panel is in front.
    """
    rect = world.placement_frame(slot).panel_rect(world.shown_node(slot, node))
    x, y, z, width, height = rect.tolist()
    rects = np.concatenate([world.placement_frame(s).panel_rects for s in world.slots])
    across = np.abs(rects[:, 0] - x) < (rects[:, 3] + width) / 2
    up = np.abs(rects[:, 1] + rects[:, 4] / 2 - y - height / 2)
    in_front = across & (up < (rects[:, 4] + height) / 2) & (rects[:, 2] > z + 0.01)
    return float((rects[in_front, 2] - z).min(initial=np.inf))


def panel_corners(world: World, slot: int, node: int) -> np.ndarray:
    """Return the corners of a layer's panel with its name, or of the fold that holds the layer.

    Args:
        world: The world.
        slot: The network.
        node: The layer.

    Returns:
        (4, 3) meters.
    """
    return rect_corners(world.placement_frame(slot).panel_rect(world.shown_node(slot, node)))


def rect_corners(rect: np.ndarray) -> np.ndarray:
    """Return the (4, 3) corners of an upright panel with its name, the lower ones first.

    Args:
        rect: (5,) see `PlacementFrame.panel_rects`.
    """
    x, y, z, width, height = rect.tolist()
    top, half = y + height + LABEL_HEIGHT, width / 2
    return np.array([(x - half, y, z), (x + half, y, z), (x - half, top, z), (x + half, top, z)])
