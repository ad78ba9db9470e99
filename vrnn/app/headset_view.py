"""A visit with a headset: each frame from tracking to what both eyes see. Knows no window."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import asin, atan2
from typing import Protocol

import moderngl
import numpy as np

from vrnn.app.frame_pacing import UpdateThrottle
from vrnn.config.schema import HeadsetSettings as Settings
from vrnn.render.context import is_software
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget, eyes_view, near_and_far
from vrnn.render.uniforms import EyesView, RenderColors
from vrnn.scene.camera import Camera
from vrnn.scene.headset.rig_math import direction
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, Rig, TrackingFrame
from vrnn.scene.headset.tracking_loss import TrackingLossFade, fade_quad, head_of
from vrnn.scene.primitives import QUAD, DrawList, TextLabel
from vrnn.scene.viewpoints import near_and_fog, start_camera
from vrnn.storage.closeable import Closeable
from vrnn.workspace.workspace import Workspace
from vrnn.xr.session import HeadsetFrameState, HeadsetSession

MAX_STEP = 0.1
"""Seconds that a frame lets pass in the world, however long it took."""
Hands = tuple[HandInput, HandInput]


class RigController(Protocol):
    """Who moves the stage through the world, and does what hands ask for."""

    @property
    def rig(self) -> Rig:
        """Where the stage stands."""

    def update(self, tracked: TrackingFrame, seconds: float) -> object:
        """Take a moment's input. seconds: since the last one."""

    def go_to(self, camera: Camera) -> None:
        """Stand where a flat camera is, looking its way."""

    def draw(self, tracked: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """What stands in the world beside what is always there, and what floats over it."""

    def prepare_next_frame(self) -> None:
        """Between two frames: do what need not be seen in the very same one."""


class StationaryRig:
    """A guide that leads nowhere: one stands before the input, and walks on one's own feet."""

    def __init__(self, workspace: Workspace) -> None:
        self._place = workspace
        self.rig = Rig()
        self._begun = False
        self._head: Pose | None = None

    def go_to(self, camera: Camera) -> None:
        """Stand where a flat camera is, looking its way."""
        if self._head is not None:
            self.rig = rig_for_camera(camera, self._head)

    def update(self, tracked: TrackingFrame, seconds: float) -> None:
        """Stand before the input once it is there."""
        self._head = tracked.head or self._head
        if not self._begun and tracked.head is not None and self._place.world.slots:
            self._begun = True
            self.rig = rig_for_camera(
                start_camera(self._place.world, 1.0), tracked.head, on_floor=True
            )

    def draw(self, tracked: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """Nothing."""
        return None, None

    def prepare_next_frame(self) -> None:
        """Nothing."""


@dataclass(frozen=True)
class HeadsetFrame:
    """What the last frame was drawn from. camera: of the head, for whatever needs a flat one."""

    tracked: TrackingFrame
    eyes: tuple[Eye, Eye]
    rig: Rig
    camera: Camera


class HeadsetView(Closeable):
    """A place seen with a headset."""

    def __init__(
        self,
        ctx: moderngl.Context,
        workspace: Workspace,
        renderer: Renderer,
        settings: Settings,
        colors: RenderColors,
        stereo: str = "auto",
        rig_controller: RigController | None = None,
        samples: int | None = None,
    ) -> None:
        """ctx: current on this thread; guide: who moves the stage; samples: of each pixel, None:
        as many as the settings want where a GPU draws. Raises HeadsetError."""
        self.workspace, self._renderer, self._look = workspace, renderer, colors
        if samples is None:
            samples = 0 if is_software(ctx) else settings.multisample
        self.headset = HeadsetSession(ctx, settings, stereo, samples)
        self.rig_controller: RigController = rig_controller or StationaryRig(workspace)
        self.read_hands: Callable[[HeadsetFrameState], Hands] = lambda frame: (
            HandInput(),
            HandInput(),
        )
        self.tracking_loss = TrackingLossFade()
        self.last_frame: HeadsetFrame | None = None
        self._last: int | None = None
        self._fog: tuple[object, np.ndarray, float] = (None, np.zeros(3), 88.0)
        self._view: EyesView | None = None
        self._stood = -1  # networks, when what there is was last set apart from garbage
        self._words: tuple[tuple[object, ...], DrawList] | None = None
        self._ready: DrawList | None = None
        self.throttle = UpdateThrottle()

    def frame(self, on_drawn: Callable[[StereoTarget], None] | None = None) -> float:
        """One frame; returns the seconds since the one before, as they are shown.

        seen: gets what was drawn before it is handed over, to mirror it. Raises HeadsetLost.
        """
        with self.headset.frame() as frame:
            seconds = self._since(frame)
            tracked = self._tracked(frame)
            self.rig_controller.update(tracked, seconds)
            if frame.should_render:
                self._draw(frame, tracked, seconds, on_drawn)
            else:
                self.tracking_loss.opacity = 1.0  # it comes again as gently as it came at first
        return seconds

    def prepare_next_frame(self) -> None:
        """Between two frames, after the world has gone on: do what the next one would have to."""
        self.rig_controller.prepare_next_frame()
        self._freeze_gc()
        if self._view is not None:
            began = time.perf_counter()
            drawing = self.workspace.world.draw_list()
            self._fog_at(drawing, self._view.eye)
            self._renderer.prepare(self._view, drawing)
            if drawing is not self._ready:
                self._ready = drawing
                self.throttle.record_cost(time.perf_counter() - began)

    def _freeze_gc(self) -> None:
        """Python looks for garbage among all there is, which takes tens of milliseconds with a
        network in the world: not among what stands."""
        stood = len(self.workspace.world.slots)
        if stood != self._stood:
            self._stood = stood
            gc.collect()
            gc.freeze()

    def _since(self, frame: HeadsetFrameState) -> float:
        last, self._last = self._last, frame.time
        return 0.0 if last is None else min(max((frame.time - last) * 1e-9, 0.0), MAX_STEP)

    def _tracked(self, frame: HeadsetFrameState) -> TrackingFrame:
        eyes, known = frame.eyes()
        head = head_of(eyes) if known else None
        focused = self.headset.focused
        hands = self.read_hands(frame) if focused else (HandInput(), HandInput())
        return TrackingFrame(frame.seconds, head, eyes, hands, focused)

    def _draw(
        self, frame: HeadsetFrameState, tracked: TrackingFrame, seconds: float,
        seen: Callable[[StereoTarget], None] | None,
    ) -> None:  # fmt: skip
        drawing, rig = self.workspace.world.draw_list(), self.rig_controller.rig
        near, front = self.rig_controller.draw(tracked)
        if not self.workspace.world.slots:
            near = self._opening(tracked, rig)
        fog = self._fog_at(drawing, rig.apply(tracked.eyes[0].pose.position))
        low, high = near_and_far(rig)
        target = frame.target(tracked.eyes, (low / rig.scale, high / rig.scale))
        # As late as can be: everything else is ready, and only the eyes are missing.
        eyes = self.tracking_loss.update(*frame.eyes(), seconds)
        frame.views = eyes
        if self.tracking_loss.opacity > 0:
            front = _behind(
                front, fade_quad(eyes, rig, self.tracking_loss.opacity, self._look.background)
            )
        view = eyes_view(eyes, rig, target.size, fog, self._look)
        self._view = view
        self._renderer.draw_eyes(target, view, drawing, near, front)
        self.last_frame = HeadsetFrame(tracked, eyes, rig, camera_of(head_of(eyes), rig))
        if seen is not None:
            seen(target)

    def _fog_at(self, drawing: DrawList, eye: np.ndarray) -> float:
        """Meters at which fog has taken most of the light; found anew now and then."""
        known, where, fog = self._fog
        moved = float(np.abs(where - eye).max()) > 0.05 * fog
        if self.workspace.world.slots and (known is not drawing or moved):
            x, y, z = eye.tolist()
            fog = near_and_fog(self.workspace.world, Camera(x, y, z))[1]
            self._fog = (drawing, eye, fog)
        return fog

    def _opening(self, tracked: TrackingFrame, rig: Rig) -> DrawList:
        """What is being waited for, as a line of text before one's eyes."""
        text = self.workspace.feed.progress or "opening the model"
        if self.workspace.feed.failures:
            text = self.workspace.feed.failures[0].message[:90]
        key = (text, tracked.head is None)
        if self._words is None or self._words[0] != key:
            eye = head_of(tracked.eyes)
            ahead = eye.matrix() @ np.array([-0.6, 0.0, -2.0, 1.0])
            height = 0.05 * rig.scale
            origin = rig.apply(np.array([ahead[0], eye.position[1], ahead[2]]))
            x, y, z = origin.tolist()
            label = TextLabel(text, (x, y, z), height, (0.75, 0.78, 0.84, 1.0), fade=0)
            self._words = (key, DrawList(labels=(label,)))
        return self._words[1]

    def close(self) -> None:
        """End the session and let go of the runtime, which may be gone."""
        self.headset.close()
        gc.unfreeze()


def _behind(front: DrawList | None, quads: np.ndarray) -> DrawList:
    """Rectangles over the world, and under what floats before the eyes."""
    if front is None:
        return DrawList(quads=quads)
    room = np.zeros(2 * len(front.image_quads), QUAD)
    own = front.quads[: 2 * len(front.image_quads)]
    rest = front.quads[2 * len(front.image_quads) :]
    room[: len(own)] = own
    return DrawList(
        quads=np.concatenate([room, rest, quads]),
        labels=front.labels,
        image_quads=front.image_quads,
    )


def camera_of(head: Pose, rig: Rig) -> Camera:
    """A flat camera where the head is, looking where it looks; a tilted head is held level."""
    forward = direction(head)
    yaw = atan2(-forward[0], -forward[2]) + rig.yaw
    pitch = asin(max(-1.0, min(1.0, float(forward[1]))))
    x, y, z = rig.apply(head.position).tolist()
    return Camera(x, y, z, yaw, pitch)


def rig_for_camera(camera: Camera, head: Pose, on_floor: bool = False) -> Rig:
    """Where the stage has to stand for the head to be at a camera, turned its way. on_floor: on
    the world's floor, whatever the camera's height; else at most so low."""
    forward = direction(head)
    yaw = camera.yaw - atan2(-forward[0], -forward[2])
    turned = Rig(np.zeros(3), yaw).apply(head.position)
    height = 0.0 if on_floor else max(0.0, camera.y - turned[1])
    return Rig(np.array([camera.x - turned[0], height, camera.z - turned[2]]), yaw)
