"""The pointer, a mouse or a hand: turns presses, drags and clicks in the world into commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from vrnn.commands.base import Command, UndoableCommand, layer_name
from vrnn.commands.connections import open_ribbon
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.display import Fold
from vrnn.commands.explain import explain_class, explain_target
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.inputs import DropImage, GrabImage
from vrnn.commands.layers import MoveLayer, ScaleLayer, UnpinLayer
from vrnn.commands.view import FrameLayer
from vrnn.controls.region_command import region_command
from vrnn.errors import VrnnError
from vrnn.scene.cka_pointing import pointed_pair
from vrnn.scene.image_cloud import CLOUD_KIND
from vrnn.scene.map_areas import begin_region
from vrnn.scene.picking import Hit, Ray
from vrnn.scene.ribbon_picking import PointedRibbon
from vrnn.workspace.workspace import Workspace

MAX_CLICK_PIXELS = 5
"""Pixels that the mouse may move between press and release of a click."""
DOUBLE_CLICK_SECONDS = 0.35
"""Seconds between the two clicks of a double click, at most."""


MAX_DRAG_DISTANCE = 500.0
"""Meters; a ray that meets the plane of a drag farther away does not move the layer."""


@dataclass
class _Drag:
    """A layer that is being moved or scaled.

    Attributes:
        kind: `handle` to move, `corner` to scale.
        name: The layer.
        slot: Its network.
        start: (3,) point at which it was grabbed, meters.
        center: (3,) center of the layer, meters.
        change: The command so far; None before the first move.
    """

    kind: str
    name: str
    slot: int
    start: np.ndarray
    center: np.ndarray
    change: UndoableCommand | None = None


class Pointer:
    """Turns presses into commands."""

    def __init__(
        self, workspace: Workspace, dispatcher: CommandDispatcher,
        on_nothing: Callable[[], None],
        preview: Callable[[UndoableCommand], None] | None = None,
    ) -> None:  # fmt: skip
        """Create a pointer.

        Args:
            workspace: What it points at.
            dispatcher: Executes the commands.
            on_nothing: Called when a click hits nothing.
            preview: Shows a change while it is being made; None for the workspace's preview.
        """
        self._workspace, self._dispatcher, self._on_nothing = workspace, dispatcher, on_nothing
        self._preview = preview or workspace.preview
        self._drag: _Drag | None = None
        self._pressed: tuple[Hit | None, float, float] | None = None
        self._clicked: tuple[tuple[int, int] | None, float] = (None, 0.0)

    @property
    def dragging(self) -> bool:
        """Whether a layer is being moved or scaled, or a box of positions is being dragged."""
        return self._drag is not None or self._workspace.world.dragged_region is not None

    def press(
        self, hit: Hit | None, ray: Ray, x: float = 0.0, y: float = 0.0, boxes: bool = False
    ) -> None:
        """Press the button.

        Args:
            hit: What is pointed at; None for nothing.
            ray: The ray that points.
            x: Position of the mouse, pixels to the right.
            y: Position of the mouse, pixels down.
            boxes: Whether a drag over a map, or over the input, chooses the positions between.
        """
        if self.dragging:
            self.cancel()  # its release was never told
        self._pressed = (hit, x, y)
        if boxes:
            self._workspace.world.dragged_region = begin_region(self._workspace.world, hit)
        is_put = self._workspace.hand.image is not None and self._takes_image(hit)
        if hit is not None and hit.kind in ("handle", "corner") and not is_put:
            frame = self._workspace.world.placement_frame(hit.slot)
            px, py, pz, _, height = frame.panel_rect(hit.node).tolist()
            name = self._workspace.world.visible_node(hit.slot, hit.node).name
            start = ray.at(hit.distance)
            self._drag = _Drag(hit.kind, name, hit.slot, start, np.array([px, py + height / 2, pz]))

    def move(self, ray: Ray, along_floor: bool) -> None:
        """Point elsewhere, which drags a pressed layer, or the end of a box of positions.

        Args:
            ray: The ray that points.
            along_floor: Whether a layer is moved parallel to the floor; else in its own plane.
        """
        drag, world = self._drag, self._workspace.world
        if world.dragged_region is not None:
            world.dragged_region = world.dragged_region.dragged_to(ray)
        if drag is None:
            return
        at = _intersect_plane(ray, drag.start, along_floor and drag.kind == "handle")
        if at is None:
            return
        if drag.kind == "handle":
            x, y, z = (at - drag.start).tolist()
            drag.change = MoveLayer(drag.name, drag.slot, (x, y, z))
        else:
            before = float(np.linalg.norm((drag.start - drag.center)[:2]))
            now = float(np.linalg.norm((at - drag.center)[:2]))
            drag.change = ScaleLayer(drag.name, drag.slot, max(now, 0.02) / max(before, 0.02))
        self._preview(drag.change)

    def release(self, x: float = 0.0, y: float = 0.0) -> None:
        """Release the button: executes the drag or the click.

        Args:
            x: Position of the mouse, pixels to the right.
            y: Position of the mouse, pixels down.

        Raises:
            VrnnError: When the command cannot be done.
        """
        drag, self._drag = self._drag, None
        pressed, self._pressed = self._pressed, None
        world = self._workspace.world
        region, world.dragged_region = world.dragged_region, None
        if region is not None:
            self._dispatcher.execute(region_command(world, region))
            return
        if drag is not None:
            if drag.change is not None:
                try:
                    self._dispatcher.execute(drag.change)
                except VrnnError:
                    self._end_preview()
                    raise
            return
        if pressed is None or max(abs(x - pressed[1]), abs(y - pressed[2])) > MAX_CLICK_PIXELS:
            return
        hit = pressed[0]
        command = self._double_click(hit) or self.command_for(hit)
        if command is None:
            self._on_nothing()
        else:
            self._dispatcher.execute(command)

    def cancel(self) -> bool:
        """Cancel a drag, or empty the hand; False when there is neither."""
        world = self._workspace.world
        if self._drag is not None or world.dragged_region is not None:
            if self._drag is not None:
                self._end_preview()
            self._drag = self._pressed = world.dragged_region = None
            return True
        if self._workspace.hand.image is not None:
            self._dispatcher.execute(DropImage(into_input=False))
            return True
        return False

    def _end_preview(self) -> None:
        """Show everything as it was before the drag."""
        self._workspace.apply_state(self._workspace.history.state)

    def command_for(self, hit: Hit | None) -> Command | None:
        """Return the command that a click on something executes; None for none."""
        if hit is None:
            return None
        context = self._dispatcher.context
        if self._workspace.hand.image is not None and self._takes_image(hit):
            return DropImage()
        if hit.kind == "input":
            return GrabImage(source="input")
        if hit.kind == "class":
            return explain_class(self._workspace.world.state.relevance, hit.slot, int(hit.value))
        if hit.kind == "target":
            return explain_target(self._workspace.world.state.relevance, hit.slot, str(hit.value))
        if hit.kind == "bracket":
            return Fold(str(hit.value), hit.slot)
        if hit.kind == "features":
            return ShowFeatureVisualization.for_hit(context, hit)
        if isinstance(hit.value, PointedRibbon):
            return open_ribbon(self._workspace.world.state.connections, hit.value)
        pair = pointed_pair(hit)
        if pair is not None:
            slot, name = pair.layers[0]
            return FrameLayer(name, slot)
        if hit.kind == CLOUD_KIND:
            return GrabImage(int(hit.value))
        if hit.kind == "pin":
            return UnpinLayer(int(hit.value))
        if hit.kind == "layer" and hit.channel >= 0:
            name = layer_name(self._workspace.world, hit)
            return GrabImage(layer=name, channel=hit.channel, network=hit.slot)
        # Everything else that can be clicked (thumbnails, buttons, …) carries its command.
        return cast(Command | None, hit.value)

    def _takes_image(self, hit: Hit | None) -> bool:
        """Whether what is in the hand can be put there: the input's picture, or its panel.

        From afar handles cover most of a small panel, so they take it too.
        """
        network = None if hit is None else self._workspace.world.networks.get(hit.slot)
        if hit is None or network is None or hit.kind not in ("layer", "handle", "corner"):
            return hit is not None and hit.kind == "input"
        return network.info.takes_other_images and hit.node in network.network.inputs

    def _double_click(self, hit: Hit | None) -> Command | None:
        """Return the command of a double click, which folds or unfolds a layer; else None."""
        layer = hit.layer if hit is not None and hit.kind == "layer" else None
        now = time.perf_counter()
        last_layer, last_time = self._clicked
        self._clicked = (layer, now)
        if (
            hit is None
            or layer is None
            or layer != last_layer
            or now - last_time > DOUBLE_CLICK_SECONDS
        ):
            return None
        self._clicked = (None, 0.0)
        self._workspace.hand.image = None
        return Fold.for_hit(self._dispatcher.context, hit)


def _intersect_plane(ray: Ray, start: np.ndarray, along_floor: bool) -> np.ndarray | None:
    """Intersect a ray with a plane.

    Args:
        ray: The ray.
        start: (3,) point of the plane, meters.
        along_floor: Whether the plane is level; else it is upright and faces along z.

    Returns:
        (3,) the intersection; None when it is behind the ray or more than 500 m away.
    """
    axis = 1 if along_floor else 2
    if abs(ray.direction[axis]) < 1e-6:
        return None
    t = (start[axis] - ray.origin[axis]) / ray.direction[axis]
    return ray.at(t) if 0 < t < MAX_DRAG_DISTANCE else None
