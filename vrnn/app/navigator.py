"""Navigation in the window: flies the camera, and stores viewpoints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.held_place import HeldPlace
from vrnn.app.opening_flight import OpeningFlight
from vrnn.app.window_parts import WindowParts
from vrnn.commands.context import NavigationActions
from vrnn.commands.key_bindings import printed_key
from vrnn.config.schema import Keys
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.framing import frame_named
from vrnn.scene.layout.picture_aspect import laid_out_aspect
from vrnn.scene.revealing import Revealed, is_seen, reveal_camera
from vrnn.scene.viewpoints import start_camera

READY_VIEWS = ("overview", "front", "top")
"""Viewpoints 1, 2 and 3 until others are stored; 4 is the start."""


@dataclass(frozen=True)
class _Overview:
    """What a view of the whole network depends on.

    Attributes:
        shape: Width / height of the view, and the part of it that the legend takes.
        content: Identities of the networks, whether each shows a result, and what is beside them.
        layout: The arrangement, the folds and the shape of the picture that layers are laid out
            for, and what they show of a training; what is moved by hand leaves the view as it is.
    """

    shape: tuple[float, float]
    content: tuple[object, ...]
    layout: tuple[object, ...]


class WindowNavigator(NavigationActions):
    """Flies the camera of the window, or moves the user in the headset.

    Attributes:
        viewpoints: The stored cameras, by number from 0.
        user_has_moved: Whether the user has moved the camera; the first view is then left as it
            is.
        opening: The flight of the first seconds.
        holds_overview: Whether the camera shows the whole network and goes on to do so when that
            or the window changes; until the user takes it elsewhere.
    """

    def __init__(
        self, parts: WindowParts, headset: HeadsetManager, keys: Keys, has_opening: bool = False
    ) -> None:
        self.viewpoints: dict[int, Camera] = {}
        self.user_has_moved = False
        self.holds_overview = True
        self._overview_of: _Overview | None = None
        self._place: HeldPlace | None = None
        self._world, self._view, self._fly_camera = parts.world, parts.view, parts.fly_camera
        self._window = parts.window
        self._headset, self._keys = headset, keys
        self.opening = OpeningFlight(
            parts.world, parts.fly_camera, lambda: parts.view.camera("overview"), has_opening
        )

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Fly to a camera by name, aimed at where everything will be at rest.

        For a view of everything, networks are laid out so that they fill it.

        Args:
            camera: Its name, see `vrnn.scene.viewpoints.camera_by_name`.
            network: Number of the network of a layer; None for any.

        Raises:
            VrnnError: When there is no such camera.
        """
        if camera == READY_VIEWS[0]:
            self._fit_layout()
        self._fly(self._camera(camera, network), camera == READY_VIEWS[0])

    def _camera(self, camera: str, network: int | None) -> Camera:
        name = camera.removeprefix("layer:")
        if name == camera:
            return self._view.camera(name, at_rest=True)
        fov = self._fly_camera.camera.fov
        return frame_named(self._world.at_rest(), name, network, self._view.aspect, fov)

    def _fly(self, camera: Camera, is_overview: bool = False) -> None:
        self.user_has_moved, self.holds_overview = True, is_overview
        self._overview_of = self._overview()
        headset_view = self._headset.view
        if headset_view is not None and self.follows_head:
            headset_view.rig_controller.go_to(camera)
        else:
            self._fly_camera.fly_to(camera)

    def reveal(self, revealed: Revealed) -> None:
        """Fly to where something that has appeared is seen, unless it is in view already."""
        camera = self._fly_camera.destination
        clip = camera.clip_from_world(self._view.aspect)
        seen = is_seen(revealed.points, clip, revealed.min_height)
        if not seen and self._headset.view is None:
            world = self._world.at_rest()
            self._fly(reveal_camera(world, revealed, self._view.aspect, camera.fov))

    def look_at(self, points: np.ndarray) -> None:
        """Fly to where (N, 3) points, meters, fill the view."""
        if len(points) and self._headset.view is None:
            overview = self._view.camera(READY_VIEWS[0], at_rest=True)
            ahead = replace(overview, yaw=overview.yaw / 3, pitch=overview.pitch / 3)
            self._fly(frame_points(points, ahead, self._view.aspect, margin=0.12))

    def toggle_walking(self) -> None:
        """Capture the mouse, so that it looks around, or release it."""
        self._window.capture(not self._window.captured)

    @property
    def walking_hint(self) -> str:
        """How to walk, while the mouse looks around; '' else."""
        if not self._window.captured:
            return ""
        keys = self._keys
        walk = " ".join(map(printed_key, (keys.forward, keys.left, keys.back, keys.right)))
        rise = f"{printed_key(keys.up)} {printed_key(keys.down)}"
        return (
            f"walking: the mouse looks around · {walk} move, {rise} up and down · the wheel sets "
            "the speed · Esc ends"
        )

    def take_camera(self) -> None:
        """Leave the camera to the user from now on."""
        self.user_has_moved, self.holds_overview = True, False

    def hold_place(self, slot: int) -> None:
        """Remember what the camera looks at in a network that is loaded anew."""
        taken = not self.holds_overview and self._headset.view is None
        camera = self._fly_camera.destination
        self._place = HeldPlace.of(self._world, slot, camera) if taken else None

    def _return_to_place(self) -> None:
        """See the same layer as before, wherever it stands now, if the camera was left there."""
        place, self._place = self._place, None
        if place is not None and place.camera == self._fly_camera.destination:
            camera = place.again(self._world)
            if camera is not None:
                self._fly_camera.jump(camera)

    def begin_opening(self) -> None:
        """Fly to the first view, or jump there where that has been seen."""
        self._return_to_place()
        flies = not self.user_has_moved and self._headset.view is None
        if not flies or not self.opening.begin(self._view.aspect):
            self.follow_overview()

    def advance_opening(self, seconds: float) -> None:
        """Let time go on in the opening flight."""
        if self.user_has_moved or self._headset.view is not None:
            self.opening.stop()
        self.opening.advance(seconds, self._view.aspect)

    def follow_overview(self) -> None:
        """Let a camera that shows the whole network show it again when something has changed.

        It jumps with the window and to another network, and flies where layers move. They do where
        the view has become much wider or narrower, so that they fill it.
        """
        is_flat = self._headset.view is None
        if not (self.holds_overview and is_flat) or self.opening.running:
            return
        self._fit_layout()
        if not self._world.slots:
            return
        now, before = self._overview(), self._overview_of
        if now == before:
            return
        self._overview_of = now
        camera = self._view.camera(READY_VIEWS[0], at_rest=True)
        if before is None or before.content != now.content or before.layout == now.layout:
            self._fly_camera.jump(camera)
        else:
            self._fly_camera.fly_to(camera)

    def _overview(self) -> _Overview:
        world = self._world
        networks = [world.networks[slot] for slot in world.slots]
        content = (
            *((id(one.network), one.result is not None) for one in networks), tuple(world.visuals),
        )  # fmt: skip
        shape = self._view.aspect, self._view.legend_share
        training = world.state.training  # differences of maps are panels of another shape
        layout = (
            world.state.arrangement, world.state.folds, world.placement.aspect,
            training.values, training.difference,
        )  # fmt: skip
        return _Overview(shape, content, layout)

    def _fit_layout(self) -> None:
        """Lay networks out for the room that panels leave to each; with a head in it, nothing."""
        world = self._world
        if self._headset.view is None:
            room = self._view.aspect / max(len(world.slots), 1)
            world.set_aspect(laid_out_aspect(room, world.placement.aspect))

    def jump(self, camera: Camera) -> None:
        """Move the eye to the camera of a session at once."""
        self.take_camera()
        self._fly_camera.jump(camera)

    def fly(self, camera: Camera) -> None:
        """Fly to the camera of a session."""
        self._fly(camera)

    @property
    def follows_head(self) -> bool:
        """Whether the window's camera is where a head is."""
        return self._headset.view is not None and self._headset.mirrors_eyes

    def store_viewpoint(self, number: int) -> None:
        """Store the present camera under a number from 1."""
        self.viewpoints[number - 1] = self._fly_camera.camera

    def go_to_viewpoint(self, number: int) -> None:
        """Fly to a viewpoint.

        Args:
            number: Its number from 1.

        Raises:
            VrnnError: When none is stored under this number.
        """
        index = number - 1
        if index in self.viewpoints:
            self.fly(self.viewpoints[index])
        elif index < len(READY_VIEWS):
            if self._world.slots:
                self.go_to(READY_VIEWS[index])
        elif index == len(READY_VIEWS) and self._world.slots:
            self.fly(start_camera(self._world, self._fly_camera.camera.fov))
        else:
            modifier = self._keys.store.capitalize()
            raise VrnnError(
                f"viewpoint {number} is empty: {modifier}+{number} stores where you are"
            )
