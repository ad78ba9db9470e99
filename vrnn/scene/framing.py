"""Cameras that face something, all of it in view: a layer, a board, the input, or everything."""

from __future__ import annotations

from dataclasses import replace
from math import atan, radians, tan

import numpy as np

from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.connections import connection_bounds
from vrnn.scene.image_cloud import CLOUD_VISUAL
from vrnn.scene.layer_names import find_layer, nodes_of_part
from vrnn.scene.layout.overview_fit import LEGEND_MARGIN, OVERVIEW_MARGIN
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.linked_networks import matched_layers
from vrnn.scene.token_names import TOKEN_NAME_ROOM, has_token_names
from vrnn.scene.visibility import free_depth, panel_corners
from vrnn.scene.visuals.cka_board import CKA_VISUAL
from vrnn.scene.visuals.confusion_board import SCORE_VISUAL
from vrnn.scene.visuals.connections import connection_visual
from vrnn.scene.visuals.pruning_board import PRUNING_VISUAL
from vrnn.scene.world import World
from vrnn.style import font

MAX_FIELD_OF_VIEW = radians(75)
"""Of a view of one layer, radians."""
NO_BOARD = {
    PRUNING_VISUAL: "there is no board with pruning curves; show the importance for a class with "
    "Ctrl+I and wait until it is found",
    CKA_VISUAL: "there is no board with CKA; show it for two networks with Ctrl+X and wait "
    "until it is found",
    SCORE_VISUAL: "there is no score to look at; show one with score.show",
}
"""What is said where a board that is to be faced is not there, by its name."""


def frame_all(
    world: World, yaw: float, pitch: float, aspect: float, fov: float,
    legend: float = LEGEND_MARGIN,
) -> Camera:  # fmt: skip
    """Return a camera that shows everything, with little free at each side.

    Args:
        world: The world.
        yaw: Direction, radians.
        pitch: Direction, radians.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.
        legend: Part of the picture's height that the legend takes at the lower side; only floors
            and titles may be there.
    """
    camera = Camera(yaw=yaw, pitch=pitch, fov=fov)
    things, others = world.corners_and_titles()
    lower = np.repeat([legend, OVERVIEW_MARGIN], [len(things), len(others)])
    points = np.concatenate([things, others])
    return frame_points(points, camera, aspect, OVERVIEW_MARGIN, lower)


def frame_named(world: World, name: str, network: int | None, aspect: float, fov: float) -> Camera:
    """Return a camera that faces a layer, or looks at all layers of a module as the overview does.

    Args:
        world: The world.
        name: Of the layer, a part of it that only one has, or that of a module or stage.
        network: Slot of the only network to look in; None for all.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.

    Raises:
        VrnnError: When there is no such layer, module or stage, or several.
    """
    slots = world.slots if network is None else (network,)
    for slot in slots:
        node = world.node_id(slot, name)
        if node is not None:
            return _frame_linked(world, slot, node, aspect, fov)
    for slot in slots:
        nodes = nodes_of_part(world, slot, name) if slot in world.networks else ()
        if nodes:
            corners = np.concatenate([panel_corners(world, slot, node) for node in nodes])
            yaw, pitch = overview_direction(world)
            return frame_points(corners, Camera(yaw=yaw, pitch=pitch, fov=fov), aspect, margin=0.08)
    slot, node = find_layer(world, name, network)
    return _frame_linked(world, slot, node, aspect, fov)


def overview_direction(world: World) -> tuple[float, float]:
    """Return yaw and pitch of the overview, radians."""
    yaw, pitch = find_arrangement(world.state.arrangement).overview
    return radians(yaw), radians(pitch)


def frame_layer(world: World, slot: int, node: int, aspect: float, fov: float) -> Camera:
    """Return a camera that faces one layer, between it and whatever is in front of it.

    Args:
        world: The world.
        slot: The network.
        node: The layer; in a folded module, that is faced in its place.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians; a wider one is used where there is little room.
    """
    node = world.shown_node(slot, node)
    corners = panel_corners(world, slot, node)
    corners[:2, 1] -= _name_room(world, slot, node)
    camera = frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.08)
    free = free_depth(world, slot, node)
    z = float(corners[0, 2])
    if camera.z - z < free:
        return camera
    # Too near to show all of it from here: a wider view does, up to a limit.
    closer = max(free - 0.1, 0.3)
    wide = min(2 * atan(tan(fov / 2) * (camera.z - z) / closer), MAX_FIELD_OF_VIEW)
    return replace(camera, z=z + closer, fov=wide)


def _frame_linked(world: World, slot: int, node: int, aspect: float, fov: float) -> Camera:
    """Return a camera that faces a layer; of linked networks, all layers that match it as well.

    Where something stands before one of them it looks down as the overview does.
    """
    matched = matched_layers(world, slot, node) if world.state.comparison.linked else {}
    if not matched:
        return frame_layer(world, slot, node, aspect, fov)
    layers = [(s, world.shown_node(s, n)) for s, n in ((slot, node), *matched.items())]
    several = [panel_corners(world, *layer) for layer in layers]
    corners = np.concatenate(several)
    camera = frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.08)
    is_free = all(
        camera.z - float(own[0, 2]) < free_depth(world, *layer)
        for layer, own in zip(layers, several, strict=True)
    )
    if is_free:
        return camera
    yaw, pitch = overview_direction(world)
    return frame_points(corners, Camera(yaw=yaw, pitch=pitch, fov=fov), aspect, margin=0.08)


def _name_room(world: World, slot: int, node: int) -> float:
    """Meters below a panel that the names of its tokens take."""
    network, frame = world.networks[slot], world.placement_frame(slot)
    shape = frame.placement.panel_shapes.get(node)
    named = has_token_names(world.visible_node(slot, node), shape, network.info.token_names)
    return TOKEN_NAME_ROOM if named else 0.0


def frame_cloud(world: World, aspect: float, fov: float) -> Camera:
    """Return a camera that faces the cloud of images, with all that stands around it.

    Args:
        world: The world.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.

    Raises:
        VrnnError: There is no cloud.
    """
    visual = world.visuals.get(CLOUD_VISUAL)
    if visual is None:
        raise VrnnError("there is no cloud of images to look at; show one with cloud.show")
    origin = visual.quads["origin"].astype(np.float64)
    ends = [origin, origin + visual.quads["right"], origin + visual.quads["down"]]
    for label in visual.labels:
        width = font.text_width(label.text) * label.height
        x, y, z = label.origin
        ends.append(np.array([(x, y + label.height, z), (x + width, y, z)]))
    return frame_points(
        np.concatenate(ends), Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, OVERVIEW_MARGIN
    )


def frame_input(world: World, aspect: float, fov: float) -> Camera:
    """Return a camera that faces the picture of the first network's input.

    Args:
        world: The world.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.

    Raises:
        VrnnError: No picture of an input is shown.
    """
    regions = [region for region in world.pick_regions() if region.kind == "input"]
    if not regions:
        raise VrnnError("no picture of an input is shown; look at the first layer instead")
    largest = max(regions, key=lambda region: float(np.linalg.norm(region.right)))
    origin, right, down = map(np.array, (largest.origin, largest.right, largest.down))
    corners = np.array([origin, origin + right, origin + down, origin + right + down])
    return frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.08)


def frame_board(world: World, visual: str, aspect: float, fov: float) -> Camera:
    """Return a camera that faces a board of its own in the world.

    Args:
        world: The world.
        visual: Its name among the world's visuals.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.
    """
    board = world.visuals.get(visual)
    if board is None:
        raise VrnnError(NO_BOARD[visual])
    card = board.quads[0]
    origin, right, down = (card[name].astype(float) for name in ("origin", "right", "down"))
    corners = origin + np.array([0 * right, right, down, right + down])
    return frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.06)


def frame_connections(world: World, aspect: float, fov: float) -> Camera:
    """Return a camera that faces the connections that are shown, with all that belongs to them.

    Args:
        world: The world.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.

    Raises:
        VrnnError: None are shown.
    """
    shown, state = world.connections, world.state.connections
    if shown is None:
        raise VrnnError(
            "there are no connections to look at; show those of a layer with connections.show"
        )
    low, high = connection_bounds(shown)
    visual = connection_visual(shown, state, state.opening, world.connection_steps).visual
    origin = visual.quads["origin"].astype(np.float64)
    ends = [
        np.array([(x, y, high[2]) for x in (low[0], high[0]) for y in (low[1], high[1])]),
        origin + visual.quads["right"], origin + visual.quads["down"],
        *(np.array([i.origin, np.add(i.origin, i.right)]) for i in visual.image_quads),
        *(np.array([t.origin, np.add(t.origin, (0, t.height, 0))]) for t in visual.labels),
    ]  # fmt: skip
    return frame_points(
        np.concatenate(ends), Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, OVERVIEW_MARGIN
    )
