"""The session with a headset: from idle to the end, and each frame in between.

headset = HeadsetSession(ctx, settings)
while headset.alive:
    headset.poll()
    if headset.running:
        with headset.frame() as frame:
            ...                               # everything that needs no eyes
            if frame.should_render:
                eyes, tracked = frame.eyes()  # located as late as can be
                target = frame.target(eyes, depths)
                renderer.draw_eyes(target, stereo_view(eyes, ...), ...)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_void_p, cast, pointer
from time import perf_counter
from typing import Any

import moderngl
import numpy as np

from vrnn.config.schema import HeadsetSettings
from vrnn.render.stereo import StereoTarget
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.headset.tracking import Eye
from vrnn.storage.closeable import Closeable
from vrnn.xr import graphics_binding as graphics
from vrnn.xr.blend_mode import NO_ROOM, OPAQUE, choose_blend_mode
from vrnn.xr.frame_images import FrameImages, image_size
from vrnn.xr.frame_state import HeadsetFrameState
from vrnn.xr.panel_layer import PanelLayer
from vrnn.xr.poses import EyeLocator
from vrnn.xr.reference_space import create_stage
from vrnn.xr.refresh_rate import request_refresh_rate
from vrnn.xr.runtime import HeadsetLost, Runtime, suppress_errors, translate_errors


class HeadsetSession(Closeable):
    """A session with a headset, from its creation to its end.

    Attributes:
        ctx: The OpenGL context.
        runtime: The runtime and its headset.
        session: OpenXR's session; None once it is destroyed.
        stage: OpenXR's space whose floor is at y = 0.
        stage_kind: Which one it is: `stage`, `local floor` or `local`.
        state: OpenXR's name of the session's state.
        states: All states so far.
        running: Whether the runtime wants frames.
        frames: How many frames were submitted.
        open_frames: How many frames have begun and not ended: 0 between two frames.
        frame_seconds: What the last frame took, from waiting for it to submitting it.
        worn: Whether someone wears the headset, as far as the runtime tells.
        blend_mode: See `choose_blend_mode`.
        notes: Sentences that the user should read once.
    """

    def __init__(
        self, ctx: moderngl.Context, settings: HeadsetSettings, stereo: str = "auto",
        samples: int = 0,
    ) -> None:  # fmt: skip
        """Creates the session, which the runtime begins when it is ready.

        Args:
            ctx: Current on this thread.
            settings: Resolution, refresh rate, and whether depth is submitted.
            stereo: How both eyes are drawn: `auto`, `multiview`, `layer` or `two`.
            samples: Of each pixel, for smooth edges.

        Raises:
            HeadsetError: There is no headset, or the runtime refuses.
        """
        self.ctx, self._settings = ctx, settings
        self._stereo, self._samples = stereo, samples
        self.state = "UNKNOWN"
        self.states: list[str] = []
        self.running = False
        self.frames = self.open_frames = 0
        self.frame_seconds = 0.0
        self.worn = True
        self.blend_mode = OPAQUE
        self.notes: list[str] = []
        self._exit_requested = False
        self._images: FrameImages | None = None
        self._panel_layers: dict[str, PanelLayer] = {}
        self._guard: graphics.ContextGuard | None = None
        self.session: Any = None
        self.stage: Any = None
        self.stage_kind = ""
        self.runtime = Runtime(graphics.required_extensions())
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        runtime, xr = self.runtime, self.runtime.xr
        code = self.ctx.version_code
        graphics.check_version(runtime, (code // 100, code // 10 % 10))
        self._binding = graphics.create_binding(runtime)
        self._guard = guard = graphics.ContextGuard()
        with translate_errors(xr):
            info = xr.SessionCreateInfo(
                next=cast(pointer(self._binding), c_void_p), system_id=runtime.system
            )
            self.session = xr.create_session(runtime.instance, info)
            self.stage, self.stage_kind = create_stage(runtime, self.session)
            request_refresh_rate(runtime, self.session, self._settings.refresh_rate)
        self.blend_mode = choose_blend_mode(runtime, self._settings.room)
        if self._settings.room and not self.shows_room:
            self.notes.append(NO_ROOM)
        guard.keep()
        self._eyes = EyeLocator(runtime, self.session, self.stage)

    @property
    def alive(self) -> bool:
        """Whether the session has not come to its end."""
        return self.session is not None and self.state not in ("EXITING", "LOSS_PENDING")

    @property
    def visible(self) -> bool:
        """Whether what is drawn is seen: the headset is worn."""
        return self.running and self.worn and self.state in ("VISIBLE", "FOCUSED")

    @property
    def shows_room(self) -> bool:
        """Whether the room is seen where nothing is drawn."""
        return self.blend_mode != OPAQUE

    @property
    def max_panels(self) -> int:
        """How many panels the runtime shows by itself: holes in the eyes' alpha then."""
        shows_them = self._settings.panel_layers and not self.shows_room
        return self.runtime.info.max_layers - 1 if shows_them else 0

    @property
    def focused(self) -> bool:
        """Whether the input of controllers is for this program."""
        return self.running and self.state == "FOCUSED"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of one eye's image, pixels."""
        return image_size(self.runtime, self._settings)

    # Events.

    def poll(self) -> None:
        """Handles the runtime's events: changes of the session's state, and of its masks.

        Raises:
            HeadsetLost: The runtime is gone.
        """
        xr = self.runtime.xr
        while self.session is not None:
            try:
                with translate_errors(xr):
                    try:
                        event = xr.poll_event(self.runtime.instance)
                    except xr.EventUnavailable:
                        self._keep_context()
                        return
            except HeadsetLost:
                self.running = False
                self.state = "LOSS_PENDING"
                raise
            self._on_event(event)

    def _on_event(self, event: Any) -> None:
        xr = self.runtime.xr
        kinds = xr.StructureType
        # As a number: a runtime may send what pyopenxr has no name for.
        kind = int(event._type)
        if kind == kinds.EVENT_DATA_SESSION_STATE_CHANGED.value:
            changed = cast(byref(event), POINTER(xr.EventDataSessionStateChanged)).contents
            self._on_state(xr.SessionState(changed.state).name)
        elif kind == kinds.EVENT_DATA_INSTANCE_LOSS_PENDING.value:
            self.running = False
            self.state = "LOSS_PENDING"
            raise HeadsetLost("the headset's runtime is about to end")
        elif kind == kinds.EVENT_DATA_USER_PRESENCE_CHANGED_EXT.value:
            told = cast(byref(event), POINTER(xr.EventDataUserPresenceChangedEXT)).contents
            self.worn = bool(told.is_user_present)
        elif (
            kind == kinds.EVENT_DATA_VISIBILITY_MASK_CHANGED_KHR.value and self._images is not None
        ):
            self._images.mask_outdated = True

    def _on_state(self, state: str) -> None:
        xr = self.runtime.xr
        self.state = state
        self.states.append(state)
        if state == "READY":
            with translate_errors(xr):
                info = xr.SessionBeginInfo(xr.ViewConfigurationType.PRIMARY_STEREO)
                xr.begin_session(self.session, info)
            self.running = True
        elif state == "STOPPING":
            self.running = False
            with translate_errors(xr):
                xr.end_session(self.session)
        elif state in ("EXITING", "LOSS_PENDING"):
            self.running = False
            if state == "LOSS_PENDING":
                raise HeadsetLost("the headset is about to be disconnected")

    def request_exit(self) -> None:
        """Asks the runtime to end the session; frames go on until it is no longer alive.

        Raises:
            HeadsetError: The runtime refuses.
        """
        if self._exit_requested or not self.running:
            return
        self._exit_requested = True
        with translate_errors(self.runtime.xr):
            self.runtime.xr.request_exit_session(self.session)

    # A frame.

    @contextmanager
    def frame(self) -> Iterator[HeadsetFrameState]:
        """Waits until the runtime wants a frame, and submits it at the end of the `with`.

        A frame that has begun is ended, also when drawing fails.

        Yields:
            The frame.

        Raises:
            HeadsetLost: The runtime is gone.
        """
        xr = self.runtime.xr
        with translate_errors(xr):
            state = xr.wait_frame(self.session)
            self.runtime.calls.begin_frame(self.session)
        self._keep_context()
        began = perf_counter()
        self.open_frames += 1
        should_render = bool(state.should_render) and self.worn
        frame = HeadsetFrameState(self, state.predicted_display_time, should_render)
        try:
            yield frame
            with translate_errors(xr):
                info = self._release_frame(frame)
        except BaseException:
            # The error that is raised is told, and not what follows from it.
            with suppress_errors(xr):
                self._release_images()
            with suppress_errors(xr):
                self._submit(frame, None)
            raise
        self.frame_seconds = perf_counter() - began
        with translate_errors(xr):
            self._submit(frame, info)
        self.frames += 1

    def _release_frame(self, frame: HeadsetFrameState) -> Any:
        """Hands the images back; returns what names them, None where nothing was drawn."""
        if frame.views is None or self._images is None:
            return None
        self._release_images()
        eye = (frame.views[0].pose.position + frame.views[1].pose.position) / 2
        panels = sorted(
            frame.panels, key=lambda one: -float(np.linalg.norm(one.billboard.center - eye))
        )
        behind = [self._show_panel(panel) for panel in panels]
        return self._images.frame_info(frame.time, frame.views, frame.depths, behind)

    def _show_panel(self, panel: PanelImage) -> Any:
        """The header of the layer that shows a panel."""
        layer = self._panel_layers.get(panel.name)
        if layer is None or layer.size != panel.size:
            if layer is not None:
                layer.destroy()
            layer = self._panel_layers[panel.name] = PanelLayer(
                self.runtime, self.session, self.stage, self.ctx, panel.size
            )
        layer.show(panel)
        self._keep_context()
        return layer.header

    def _drop_panel_layers(self) -> None:
        while self._panel_layers:
            self._panel_layers.popitem()[1].destroy()

    def _release_images(self) -> None:
        if self._images is not None:
            self._images.release()

    def _submit(self, frame: HeadsetFrameState, info: Any) -> None:
        """Ends a frame; `info` names what was drawn, None where nothing was."""
        xr = self.runtime.xr
        if info is None:
            info = xr.FrameEndInfo(frame.time, xr.EnvironmentBlendMode[self.blend_mode])
        try:
            xr.end_frame(self.session, info)
        finally:
            self.open_frames -= 1
            self._keep_context()

    def locate_eyes(self, time: int) -> tuple[tuple[Eye, Eye], bool]:
        """Locates both eyes, see `EyeLocator.locate`."""
        return self._eyes.locate(time)

    def acquire_target(self) -> StereoTarget:
        """Acquires what the current frame is drawn into.

        Raises:
            HeadsetError: The runtime refuses.
        """
        if self._images is None:
            assert self._guard is not None
            self._images = FrameImages(
                self.runtime, self.session, self.stage, self._settings, self._guard,
                self._make_target, self.blend_mode,
            )  # fmt: skip
        return self._images.acquire(self._eyes.last_eyes)

    def _make_target(self, size: tuple[int, int], depth_format: int) -> StereoTarget:
        return StereoTarget(
            self.ctx, size, self._samples, self._stereo, depth_format, own_color=False
        )

    @property
    def target(self) -> StereoTarget | None:
        """What the last frame was drawn into; None before the first one."""
        return self._images.target if self._images is not None else None

    # The end.

    def close(self) -> None:
        """Ends the session at once and destroys everything; the runtime may be gone."""
        if self._images is not None:
            self._images.destroy()
            self._images = None
        self._drop_panel_layers()
        session, self.session = self.session, None
        self.running = False
        self._keep_context()
        if session is not None:
            xr = self.runtime.xr
            if self.stage is not None:
                with suppress_errors(xr):
                    xr.destroy_space(self.stage)
            with suppress_errors(xr):
                xr.destroy_session(session)
        self.runtime.close()
        self._keep_context()

    def _keep_context(self) -> None:
        """Restores the context that OpenGL was begun in, whatever the runtime did."""
        if self._guard is not None:
            self._guard.keep()
