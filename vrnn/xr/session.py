"""The session with a headset: from idle to the end, and each frame in between.

headset = Headset(ctx, settings)
while headset.alive:
    headset.poll()
    if headset.running:
        with headset.frame() as frame:
            ...                               # everything that needs no eyes
            if frame.shown:
                eyes, tracked = frame.eyes()  # located as late as can be
                target = frame.target(eyes, depths)
                renderer.draw_eyes(target, eyes_view(eyes, ...), ...)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_float, c_uint32, c_void_p, cast, pointer
from time import perf_counter
from typing import Any

import moderngl
import numpy as np

from vrnn.config.schema import HeadsetSettings as Settings
from vrnn.render.gl_raw import DEPTH_COMPONENT32F
from vrnn.render.stereo import StereoTarget, edges
from vrnn.scene.headset.tracking import Eye, Pose
from vrnn.scene.linalg import normalized_quaternion
from vrnn.storage.closeable import Closeable
from vrnn.xr import graphics_binding as graphics
from vrnn.xr.projection_layer import ProjectionLayer
from vrnn.xr.runtime import HeadsetLost, Runtime, suppress_errors, translate_errors
from vrnn.xr.swapchain import Swapchain, color_format, depth_format

STANDING_EYE_HEIGHT = 1.6
"""Meters of the eye above the floor, where the runtime does not know the floor."""
DEPTH_LAYER = "XR_KHR_composition_layer_depth"
VISIBILITY_MASK = "XR_KHR_visibility_mask"
REFRESH_RATE = "XR_FB_display_refresh_rate"
LOCAL_FLOOR = "XR_EXT_local_floor"

Depths = tuple[float, float]
"""Meters of the stage between which things were drawn."""


class HeadsetFrameState:
    """One frame, between waiting for it and handing it over."""

    def __init__(
        self, headset: HeadsetSession, time: int, period: int, should_render: bool
    ) -> None:
        """time: at which it will be seen, nanoseconds of the runtime's clock; period: from one
        frame to the next; shown: whether it is worth drawing."""
        self._headset = headset
        self.time, self.period, self.should_render = time, period, should_render
        self.depths: Depths = (0.05, 4000.0)
        self.views: tuple[Eye, Eye] | None = None

    @property
    def seconds(self) -> float:
        """When it will be seen, of the runtime's clock."""
        return self.time * 1e-9

    def head(self) -> Pose | None:
        """Where the head is predicted to be; None while it is not tracked."""
        return self._headset.locate(self._headset.view_space, self.time)

    def eyes(self) -> tuple[tuple[Eye, Eye], bool]:
        """Where both eyes are predicted to be, located now, and whether they are tracked; where
        they were last while they are not."""
        return self._headset.locate_eyes(self.time)

    def target(self, eyes: tuple[Eye, Eye], depths: Depths) -> StereoTarget:
        """Where to draw what these eyes see. depths: see `Depths`."""
        self.views, self.depths = eyes, depths
        return self._headset.acquire_target()


class HeadsetSession(Closeable):
    """A headset's session, from its making to its end."""

    def __init__(
        self, ctx: moderngl.Context, settings: Settings, stereo: str = "auto", samples: int = 0
    ) -> None:
        """ctx: current on this thread; stereo: `auto`, `multiview`, `layer` or `two`; samples: of
        each pixel. Raises HeadsetError when there is none."""
        self.ctx, self._settings = ctx, settings
        self._stereo, self._samples = stereo, samples
        self.state = "UNKNOWN"
        self.states: list[str] = []
        self.running = False
        self.frames = self.open_frames = 0
        self.frame_seconds = (
            0.0  # that were ours of the last frame, between waiting and handing over
        )
        self.recentered = 0
        self.notes: list[str] = []
        self.stage_kind = ""
        self._eyes = (Eye(), Eye())
        self._ending = False
        self._color: Swapchain | None = None
        self._depth: Swapchain | None = None
        self._target: StereoTarget | None = None
        self._layer: ProjectionLayer | None = None
        self._current: graphics.ContextGuard | None = None
        self._mask_wanted = True
        self.session: Any = None
        self.stage: Any = None
        self.view_space: Any = None
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
        self._current = current = graphics.ContextGuard()
        with translate_errors(xr):
            info = xr.SessionCreateInfo(
                next=cast(pointer(self._binding), c_void_p), system_id=runtime.system
            )
            self.session = xr.create_session(runtime.instance, info)
            self.view_space = self._space(xr.ReferenceSpaceType.VIEW)
            self._stand()
            self._refresh()
        current.keep()
        self._view_info = xr.ViewLocateInfo(xr.ViewConfigurationType.PRIMARY_STEREO, 0, self.stage)
        self._views = (xr.View * 2)(xr.View(), xr.View())
        self._view_state, self._count = xr.ViewState(), c_uint32(2)
        flags = xr.ViewStateFlags
        self._valid = int(flags.ORIENTATION_VALID_BIT | flags.POSITION_VALID_BIT)

    def _space(self, kind: Any, height: float = 0.0) -> Any:
        xr = self.runtime.xr
        pose = xr.Posef()
        pose.position.y = height
        return xr.create_reference_space(self.session, xr.ReferenceSpaceCreateInfo(kind, pose))

    def _stand(self) -> None:
        """Choose the space whose floor is y = 0: the stage, or one about the head."""
        xr = self.runtime.xr
        kinds = xr.ReferenceSpaceType
        offered = {int(kind) for kind in xr.enumerate_reference_spaces(self.session)}
        if kinds.STAGE.value in offered:
            self.stage, self.stage_kind = self._space(kinds.STAGE), "stage"
        elif self.runtime.has_extension(LOCAL_FLOOR) and kinds.LOCAL_FLOOR.value in offered:
            self.stage, self.stage_kind = self._space(kinds.LOCAL_FLOOR), "local floor"
        else:
            self.stage, self.stage_kind = self._space(kinds.LOCAL, -STANDING_EYE_HEIGHT), "local"

    def _refresh(self) -> None:
        """Ask for the rate of pictures that the settings want."""
        xr, wanted = self.runtime.xr, self._settings.refresh_rate
        if not wanted or not self.runtime.has_extension(REFRESH_RATE):
            return
        with suppress_errors(xr):
            offered = list(xr.enumerate_display_refresh_rates_fb(self.session))
            if offered:
                nearest = min(offered, key=lambda rate: abs(rate - wanted))
                xr.request_display_refresh_rate_fb(self.session, nearest)

    @property
    def refresh_rate(self) -> float:
        """Pictures a second that the headset shows; 0 where it does not say."""
        xr = self.runtime.xr
        if not self.runtime.has_extension(REFRESH_RATE):
            return 0.0
        # pyopenxr's own function gives the rate as a text.
        found = xr.get_instance_proc_addr(self.runtime.instance, "xrGetDisplayRefreshRateFB")
        rate = c_float()
        result = cast(found, xr.PFN_xrGetDisplayRefreshRateFB)(self.session, byref(rate))
        return 0.0 if xr.exception.check_result(result).is_exception() else rate.value

    @property
    def alive(self) -> bool:
        """Whether the session has not come to its end."""
        return self.session is not None and self.state not in ("EXITING", "LOSS_PENDING")

    @property
    def visible(self) -> bool:
        """Whether what is drawn is seen: the headset is worn."""
        return self.running and self.state in ("VISIBLE", "FOCUSED")

    @property
    def focused(self) -> bool:
        """Whether controllers are for us."""
        return self.running and self.state == "FOCUSED"

    @property
    def size(self) -> tuple[int, int]:
        """Of one eye's picture, pixels."""
        facts, scale = self.runtime.info, self._settings.resolution
        width, height = (
            max(16, min(most, round(side * scale / 2) * 2))
            for side, most in zip(facts.recommended_size, facts.max_size, strict=True)
        )
        return width, height

    # What happens.

    def poll(self) -> None:
        """Take what the runtime tells: states, and that the floor's middle was moved.

        Raises HeadsetLost when the runtime is gone.
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
        kind = int(event._type)  # as a number: a runtime may tell what pyopenxr has no name for
        if kind == kinds.EVENT_DATA_SESSION_STATE_CHANGED.value:
            changed = cast(byref(event), POINTER(xr.EventDataSessionStateChanged)).contents
            self._on_state(xr.SessionState(changed.state).name)
        elif kind == kinds.EVENT_DATA_INSTANCE_LOSS_PENDING.value:
            self.running = False
            self.state = "LOSS_PENDING"
            raise HeadsetLost("the headset's runtime is about to end")
        elif kind == kinds.EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING.value:
            self.recentered += 1
        elif kind == kinds.EVENT_DATA_VISIBILITY_MASK_CHANGED_KHR.value:
            self._mask_wanted = True

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
        """Let the session come to its end; go on until it is no longer alive."""
        if self._ending or not self.running:
            return
        self._ending = True
        with translate_errors(self.runtime.xr):
            self.runtime.xr.request_exit_session(self.session)

    # A frame.

    @contextmanager
    def frame(self) -> Iterator[HeadsetFrameState]:
        """Wait until the runtime wants a picture, and hand it over at the end of the `with`.

        What was begun is ended, also when drawing fails. Raises HeadsetLost.
        """
        xr = self.runtime.xr
        with translate_errors(xr):
            state = xr.wait_frame(self.session)
            self.runtime.calls.begin_frame(self.session)
        self._keep_context()
        began = perf_counter()
        self.open_frames += 1
        time, period = state.predicted_display_time, state.predicted_display_period
        frame = HeadsetFrameState(self, time, period, bool(state.should_render))
        complete = False
        try:
            yield frame
            complete = True
        finally:
            if complete:
                self._end(frame, began)
            else:
                with suppress_errors(xr):  # what went wrong first is told
                    self._give_back()
                    self._hand_over(frame, None)

    def _end(self, frame: HeadsetFrameState, began: float) -> None:
        info = None
        with translate_errors(self.runtime.xr):
            if frame.views is not None and self._layer is not None:
                self._give_back()
                info = self._layer.fill(frame.time, frame.views, frame.depths)
            self.frame_seconds = perf_counter() - began
            self._hand_over(frame, info)
        self.frames += 1

    def _give_back(self) -> None:
        for swapchain in (self._color, self._depth):
            if swapchain is not None:
                swapchain.release_image()

    def _hand_over(self, frame: HeadsetFrameState, info: Any) -> None:
        """info: of what was drawn; None where nothing was."""
        xr = self.runtime.xr
        if info is None:
            info = xr.FrameEndInfo(frame.time, xr.EnvironmentBlendMode.OPAQUE)
        try:
            xr.end_frame(self.session, info)
        finally:
            self.open_frames -= 1
            self._keep_context()

    # Where things are.

    def locate(self, space: Any, time: int) -> Pose | None:
        """Where a space is on the stage; None while it is not tracked. Raises HeadsetError."""
        xr = self.runtime.xr
        with translate_errors(xr):
            found = xr.locate_space(space, self.stage, time)
        flags = xr.SpaceLocationFlags
        valid = flags.ORIENTATION_VALID_BIT | flags.POSITION_VALID_BIT
        if int(found.location_flags) & int(valid) != int(valid):
            return None
        return pose_of(found.pose)

    def locate_eyes(self, time: int) -> tuple[tuple[Eye, Eye], bool]:
        """Both eyes, and whether they are tracked; else they are where they were."""
        xr = self.runtime.xr
        self._view_info.display_time = time
        with translate_errors(xr):
            self.runtime.calls.locate_views(
                self.session, self._view_info, self._view_state, self._count, self._views
            )
        # As a number: pyopenxr's own property looks every flag up, which takes longer than asking.
        tracked = int(self._view_state._view_state_flags) & self._valid == self._valid
        if tracked:
            left, right = (eye_of(view) for view in self._views)
            self._eyes = (left, right)
        return self._eyes, tracked

    # Where to draw.

    def acquire_target(self) -> StereoTarget:
        """The target of this frame. Raises HeadsetError."""
        if self._target is None:
            self._make_target()
        assert self._target is not None
        assert self._color is not None
        depth = self._depth.acquire() if self._depth is not None else 0
        color = self._color.acquire()
        self._keep_context()
        self._target.into(color, depth)
        if self._mask_wanted:
            self._mask_wanted = False
            self._target.hide(self._masks(self._eyes))
        return self._target

    @property
    def target(self) -> StereoTarget | None:
        """What the last frame was drawn into."""
        return self._target

    def _make_target(self) -> None:
        runtime, size = self.runtime, self.size
        self._color = Swapchain(runtime, self.session, color_format(runtime, self.session), size)
        kind = 0
        if self._settings.depth and runtime.has_extension(DEPTH_LAYER):
            kind = depth_format(runtime, self.session)
        if kind:
            self._depth = Swapchain(runtime, self.session, kind, size, depth=True)
        self._keep_context()
        self._layer = ProjectionLayer(runtime.xr, self.stage, self._color, self._depth)
        self._target = StereoTarget(
            self.ctx, size, self._samples, self._stereo, kind or DEPTH_COMPONENT32F, own=False
        )

    def _masks(self, eyes: tuple[Eye, Eye]) -> list[np.ndarray]:
        """Triangles (N, 3, 2) of each eye that its lens hides, by tangents right and up."""
        xr = self.runtime.xr
        if not self.runtime.has_extension(VISIBILITY_MASK):
            return []
        try:
            found = [_mask(xr, self.runtime.instance, self.session, number) for number in (0, 1)]
        except xr.exception.XrException:
            return []
        fits = [_fits(mask, eye) for mask, eye in zip(found, eyes, strict=True)]
        return found if all(fits) else []

    # The end.

    def close(self) -> None:
        """End the session at once and let go of everything; the runtime may be gone."""
        if self._target is not None:
            self._target.release()
            self._target = None
        for swapchain in (self._color, self._depth):
            if swapchain is not None:
                swapchain.destroy()
        self._color = self._depth = None
        session, self.session = self.session, None
        self.running = False
        self._keep_context()
        if session is not None:
            xr = self.runtime.xr
            for space in (self.stage, self.view_space):
                if space is not None:
                    with suppress_errors(xr):
                        xr.destroy_space(space)
            with suppress_errors(xr):
                xr.destroy_session(session)
        self.runtime.close()
        self._keep_context()

    def _keep_context(self) -> None:
        """OpenGL goes on in the context that it was begun in, whatever the runtime did."""
        if self._current is not None:
            self._current.keep()


def pose_of(pose: Any) -> Pose:
    """The runtime's pose as ours, its quaternion made exactly a unit's long."""
    position, orientation = pose.position, pose.orientation
    quaternion = np.array([orientation.x, orientation.y, orientation.z, orientation.w], np.float64)
    return Pose(
        np.array([position.x, position.y, position.z], np.float64),
        normalized_quaternion(quaternion),
    )


def eye_of(view: Any) -> Eye:
    """The runtime's view as an eye."""
    fov = view.fov
    angles = (fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down)
    return Eye(pose_of(view.pose), angles)


def _mask(xr: Any, instance: Any, session: Any, eye: int) -> np.ndarray:
    """(N, 3, 2) float32."""
    function = cast(
        xr.get_instance_proc_addr(instance, "xrGetVisibilityMaskKHR"), xr.PFN_xrGetVisibilityMaskKHR
    )
    mask = xr.VisibilityMaskKHR()
    words = (
        session, xr.ViewConfigurationType.PRIMARY_STEREO.value, eye,
        xr.VisibilityMaskTypeKHR.HIDDEN_TRIANGLE_MESH.value, byref(mask),
    )  # fmt: skip
    raised = xr.exception.check_result(function(*words))
    if raised.is_exception():
        raise raised
    points, corners = mask.vertex_count_output, mask.index_count_output
    if not points or not corners:
        return np.zeros((0, 3, 2), np.float32)
    vertices, indices = (xr.Vector2f * points)(), (c_uint32 * corners)()
    mask.vertex_capacity_input, mask.index_capacity_input = points, corners
    kinds = dict(xr.VisibilityMaskKHR._fields_)
    mask.vertices, mask.indices = cast(vertices, kinds["vertices"]), cast(indices, kinds["indices"])
    raised = xr.exception.check_result(function(*words))
    if raised.is_exception():
        raise raised
    places = np.frombuffer(vertices, np.float32).reshape(-1, 2)
    return places[np.frombuffer(indices, np.uint32)].reshape(-1, 3, 2).copy()


def _fits(mask: np.ndarray, eye: Eye) -> bool:
    """Whether a mask is for the field of view that an eye has; some runtimes keep an older one."""
    if not len(mask):
        return True
    left, right, up, down = edges(eye)
    low, high = mask.reshape(-1, 2).min(0), mask.reshape(-1, 2).max(0)
    beyond = np.array([low[0] - left, low[1] - down, right - high[0], up - high[1]])
    return bool(np.abs(beyond).max() < 0.05 * max(right - left, up - down))
