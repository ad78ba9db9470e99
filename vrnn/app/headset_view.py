"""The view of a workspace in a headset: each frame from tracking to both eyes. Knows no window."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import moderngl
import numpy as np

from vrnn.app.frame_guard import FrameGuard
from vrnn.app.frame_pacing import UpdateThrottle
from vrnn.app.frame_priority import FramePriority
from vrnn.app.rig_controller import RigController, StationaryRig
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.config.schema import HeadsetSettings
from vrnn.render.context import is_software
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget
from vrnn.render.stereo_view import near_and_far, stereo_view
from vrnn.render.uniforms import NO_FOG, RenderColors, StereoView
from vrnn.scene.camera import Camera
from vrnn.scene.headset.rig_math import camera_of
from vrnn.scene.headset.tracking import Eye, HandInput, Rig, TrackingFrame
from vrnn.scene.headset.tracking_loss import TrackingLossFade, fade_quad, head_of
from vrnn.scene.primitives import QUAD, DrawList, TextLabel
from vrnn.scene.view_cone import ViewCone
from vrnn.scene.viewpoints import near_and_fog
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.storage.closeable import Closeable
from vrnn.workspace.workspace import Workspace
from vrnn.xr.session import HeadsetFrameState, HeadsetSession

MAX_STEP = 0.1
"""Seconds by which a frame advances the world at most, however long it took."""
MAX_HEAD_TURN = 0.6
"""Radians that a head may turn before another image of a stream comes, about."""
FOG_STEP = 0.05
"""Part of the fog's distance that the eye moves before the fog is computed again."""
Hands = tuple[HandInput, HandInput]


@dataclass(frozen=True)
class HeadsetSetup:
    """What a view in a headset is made of.

    Attributes:
        ctx: The OpenGL context, current on this thread.
        workspace: What is seen.
        renderer: Draws it.
        settings: Of the headset.
        colors: Of background and fog.
        stereo: How both eyes are drawn, see `HeadsetSession`.
        gate: Passes of models on a GPU wait at it while a frame is made.
    """

    ctx: moderngl.Context
    workspace: Workspace
    renderer: Renderer
    settings: HeadsetSettings
    colors: RenderColors
    stereo: str = "auto"
    gate: FrameGate = field(default_factory=FrameGate)


@dataclass(frozen=True)
class HeadsetFrame:
    """What the last frame was drawn from.

    Attributes:
        tracking: What the headset reported.
        eyes: The left and the right one that it was drawn for, in the stage.
        rig: Where the stage was in the world.
        camera: Where the head was, for whatever needs a flat camera.
    """

    tracking: TrackingFrame
    eyes: tuple[Eye, Eye]
    rig: Rig
    camera: Camera


class HeadsetView(Closeable):
    """A workspace seen with a headset.

    Attributes:
        workspace: What is seen.
        headset: The session.
        rig_controller: Moves the stage.
        read_hands: Reads the input of both hands for a frame.
        tracking_loss: Fades the picture while tracking is lost.
        last_frame: What the last frame was drawn from; None before the first one.
        throttle: Says by how much the world is to advance.
    """

    def __init__(
        self, setup: HeadsetSetup, rig_controller: RigController | None = None,
        samples: int | None = None,
    ) -> None:  # fmt: skip
        """Creates the session.

        Args:
            setup: What the view is made of.
            rig_controller: Moves the stage; None: nothing does.
            samples: Of each pixel; None: as many as the settings have where a GPU draws.

        Raises:
            HeadsetError: There is no headset, or the runtime refuses.
        """
        self.workspace, self._renderer = setup.workspace, setup.renderer
        self._colors = setup.colors
        if samples is None:
            samples = 0 if is_software(setup.ctx) else setup.settings.multisample
        self.headset = HeadsetSession(setup.ctx, setup.settings, setup.stereo, samples)
        self._priority = FramePriority(setup.gate)
        self.rig_controller: RigController = rig_controller or StationaryRig(self.workspace)
        self.read_hands: Callable[[HeadsetFrameState], Hands] = _no_hands
        self.tracking_loss = TrackingLossFade()
        self.last_frame: HeadsetFrame | None = None
        self.throttle = UpdateThrottle()
        self._last_time: int | None = None
        self._fog: tuple[object, np.ndarray, float] = (None, np.zeros(3), 88.0)
        self._eyes_view: StereoView | None = None
        self._frozen_networks = -1
        self._loading_text: tuple[tuple[object, ...], DrawList] | None = None
        self._prepared: DrawList | None = None
        self._guard = FrameGuard(self.workspace)
        self._last_list = DrawList()

    def frame(self, on_drawn: Callable[[StereoTarget], None] | None = None) -> float:
        """Draws a frame.

        Args:
            on_drawn: Gets what was drawn before it is submitted, to mirror it.

        Returns:
            Seconds from the display of the frame before to that of this one.

        Raises:
            HeadsetLost: The runtime is gone.
        """
        with self._priority.frame(), self.headset.frame() as frame:
            if frame.should_render:
                self._priority.begin()
            seconds = self._elapsed(frame)
            tracking = self._track(frame)
            self._guard.run(
                "taking the hands' input", None, self.rig_controller.update, tracking, seconds
            )
            if frame.should_render:
                self._draw(frame, tracking, seconds, on_drawn)
            else:
                self.tracking_loss.opacity = 1.0  # it fades in again as gently as at first
        return seconds

    @property
    def view_cones(self) -> tuple[ViewCone, ...]:
        """What both eyes look at, and may before another image of a stream comes."""
        view = self._eyes_view
        if view is None:
            return ()
        clips = view.clip_matrices
        return tuple(ViewCone.of(clip, view.eye, view.max_move, MAX_HEAD_TURN) for clip in clips)

    def prepare_next_frame(self) -> None:
        """Does what the next frame would have to; called after the world has advanced."""
        run = self._guard.run
        run("preparing the hands and panels", None, self.rig_controller.prepare_next_frame)
        self._freeze_gc()
        if self._eyes_view is not None:
            run("preparing a frame", None, self._prepare, self._eyes_view)
        self._priority.look()

    def _prepare(self, view: StereoView) -> None:
        began = time.perf_counter()
        draw_list = self._draw_list()
        self._fog_distance(draw_list, view.eye)
        self._renderer.prepare(view, draw_list)
        if draw_list is not self._prepared:
            self._prepared = draw_list
            self.throttle.record_cost(time.perf_counter() - began)

    def _draw_list(self) -> DrawList:
        """Returns the world; what cannot be laid out is as it last was."""
        self._last_list = self._guard.run(
            "laying out the world", self._last_list, self.workspace.world.draw_list
        )
        return self._last_list

    def _freeze_gc(self) -> None:
        """Exempts all that there is from garbage collection, for each network that is opened.

        Python looks for garbage among all there is, which takes tens of milliseconds with a network
        in the world.
        """
        networks = len(self.workspace.world.slots)
        if networks != self._frozen_networks:
            self._frozen_networks = networks
            gc.collect()
            gc.freeze()

    def _elapsed(self, frame: HeadsetFrameState) -> float:
        """Returns seconds since the last frame, 0…`MAX_STEP`."""
        last, self._last_time = self._last_time, frame.time
        return 0.0 if last is None else min(max((frame.time - last) * 1e-9, 0.0), MAX_STEP)

    def _track(self, frame: HeadsetFrameState) -> TrackingFrame:
        eyes, tracked = frame.eyes()
        head = head_of(eyes) if tracked else None
        focused = self.headset.focused
        hands = self.read_hands(frame) if focused else (HandInput(), HandInput())
        return TrackingFrame(frame.seconds, head, eyes, hands, focused)

    def _draw(
        self, frame: HeadsetFrameState, tracking: TrackingFrame, seconds: float,
        on_drawn: Callable[[StereoTarget], None] | None,
    ) -> None:  # fmt: skip
        draw_list, rig = self._draw_list(), self.rig_controller.rig
        nothing: tuple[DrawList | None, DrawList | None] = (None, None)
        near, front = self._guard.run(
            "drawing the hands", nothing, self.rig_controller.draw, tracking
        )
        if not self.workspace.world.slots:
            near = self._draw_loading_text(tracking, rig)
        frame.panels = self.rig_controller.panel_images(self.headset.max_panels)
        self._renderer.set_see_through(panel.name for panel in frame.panels)
        fog = self._fog_distance(draw_list, rig.apply(tracking.eyes[0].pose.position))
        near_plane, far_plane = near_and_far(rig)
        target = frame.target(tracking.eyes, (near_plane / rig.scale, far_plane / rig.scale))
        # As late as can be: everything else is ready, and only the eyes are missing.
        eyes = self.tracking_loss.update(*frame.eyes(), seconds)
        frame.views = eyes
        opacity = self.tracking_loss.opacity
        room = self.headset.shows_room
        if room and opacity >= 1:
            draw_list, near, front = DrawList(), None, None  # the room alone: nothing covers it
        elif opacity > 0 and not room:
            front = _behind(front, fade_quad(eyes, rig, opacity, self._colors.background))
        view = stereo_view(eyes, rig, target.size, NO_FOG if room else fog, self._colors)
        view = replace(view, seconds=self.workspace.world.flow_seconds, transparent=room)
        self._eyes_view = view
        self.workspace.world.viewer = Viewer(view.eye, view.pixels_per_unit)
        self._renderer.draw_eyes(target, view, draw_list, near, front)
        self.last_frame = HeadsetFrame(tracking, eyes, rig, camera_of(head_of(eyes), rig))
        if on_drawn is not None:
            on_drawn(target)

    def _fog_distance(self, draw_list: DrawList, eye: np.ndarray) -> float:
        """Returns meters at which fog has taken most of the light.

        It is computed again when the draw list is another, or the eye (3,) has moved.
        """
        known, where, fog = self._fog
        has_moved = float(np.abs(where - eye).max()) > FOG_STEP * fog
        if self.workspace.world.slots and (known is not draw_list or has_moved):
            x, y, z = eye.tolist()
            camera = Camera(x, y, z)
            run = self._guard.run
            fog = run("finding the fog", (0.0, fog), near_and_fog, self.workspace.world, camera)[1]
            self._fog = (draw_list, eye, fog)
        return fog

    def _draw_loading_text(self, tracking: TrackingFrame, rig: Rig) -> DrawList:
        """Returns what is being waited for, as a line of text before the eyes."""
        text = self.workspace.feed.progress or "opening the model"
        if self.workspace.feed.failures:
            text = self.workspace.feed.failures[0].message[:90]
        key = (text, tracking.head is None)
        if self._loading_text is None or self._loading_text[0] != key:
            head = head_of(tracking.eyes)
            ahead = head.matrix() @ np.array([-0.6, 0.0, -2.0, 1.0])
            height = 0.05 * rig.scale
            origin = rig.apply(np.array([ahead[0], head.position[1], ahead[2]]))
            x, y, z = origin.tolist()
            label = TextLabel(text, (x, y, z), height, (0.75, 0.78, 0.84, 1.0), fade=0)
            self._loading_text = (key, DrawList(labels=(label,)))
        return self._loading_text[1]

    def close(self) -> None:
        """Ends the session; the runtime may be gone."""
        self._priority.close()
        self.headset.close()
        gc.unfreeze()


def _no_hands(frame: HeadsetFrameState) -> Hands:
    return HandInput(), HandInput()


def _behind(front: DrawList | None, quads: np.ndarray) -> DrawList:
    """Returns a draw list with QUADs over the world, and under what floats before the eyes."""
    if front is None:
        return DrawList(quads=quads)
    # The renderer draws the first two quads for each image behind the images.
    room = np.zeros(2 * len(front.image_quads), QUAD)
    own = front.quads[: 2 * len(front.image_quads)]
    rest = front.quads[2 * len(front.image_quads) :]
    room[: len(own)] = own
    return DrawList(
        quads=np.concatenate([room, rest, quads]),
        labels=front.labels,
        image_quads=front.image_quads,
    )
