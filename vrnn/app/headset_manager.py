"""The headset beside a window: put on, mirrored, lost and found again."""

from __future__ import annotations

import time
from collections.abc import Callable

import moderngl

from vrnn.app.headset_view import HeadsetView, RigController, StationaryRig
from vrnn.config.schema import HeadsetSettings as Settings
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.errors import VrnnError
from vrnn.render.render_target import Target
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget
from vrnn.render.uniforms import RenderColors
from vrnn.workspace.workspace import Workspace
from vrnn.xr.runtime import HeadsetError

RECONNECT_HINT = "the window goes on; 'Into the headset' in the palette (Ctrl+P) connects again"
MAX_EXIT_SECONDS = 2.0
"""Seconds that a session may take to come to its end."""


class HeadsetManager:
    """Whether a headset is worn, and what the monitor shows meanwhile."""

    def __init__(
        self, ctx: moderngl.Context, workspace: Workspace, renderer: Renderer, settings: Settings,
        colors: RenderColors, stereo: str, notify: Callable[[str], None],
        make_controller: Callable[[], HandRigController] | None = None,
    ) -> None:  # fmt: skip
        """ctx: of the window, current on this thread; note: says a sentence; guided: makes who
        leads, when a headset is put on for the first time."""
        self._ctx, self._place, self._renderer = ctx, workspace, renderer
        self._settings, self._look, self._stereo, self._note = settings, colors, stereo, notify
        self.view: HeadsetView | None = None
        # Kept between sessions: who comes again stands where they were.
        self.rig_controller: RigController = StationaryRig(workspace)
        self.hand_controller: HandRigController | None = None
        self._guided = make_controller
        self._mirror: Target | None = None
        self._next = 0.0

    def start(self) -> None:
        """Begin a visit. Raises HeadsetError when there is no headset."""
        if self.view is not None:
            return
        visit = HeadsetView(
            self._ctx, self._place, self._renderer, self._settings, self._look, self._stereo,
            self.rig_controller,
        )  # fmt: skip
        try:
            self._meet(visit)
        except BaseException:
            visit.close()
            raise
        self.view = visit

    def _meet(self, visit: HeadsetView) -> None:
        """Let hands lead it."""
        if self.hand_controller is None and self._guided is not None:
            self.hand_controller = self.rig_controller = self._guided()
        if self.hand_controller is not None:
            self.hand_controller.attach(visit.headset)
            visit.rig_controller, visit.read_hands = (
                self.hand_controller,
                self.hand_controller.read_hands,
            )

    def stop(self) -> None:
        """End the visit in good order."""
        visit, self.view = self.view, None
        if visit is None:
            return
        end = time.perf_counter() + MAX_EXIT_SECONDS
        try:
            visit.headset.request_exit()
            while visit.headset.alive and time.perf_counter() < end:
                visit.headset.poll()
                if not visit.headset.running:
                    break
                with visit.headset.frame():
                    pass
        except HeadsetError:
            pass  # it is gone already
        self._part(visit)
        self._drop_mirror()

    def poll(self) -> HeadsetView | None:
        """The visit, when the headset wants pictures now; None: the window is all there is."""
        if self.view is None:
            return None
        headset = self.view.headset
        try:
            headset.poll()
        except HeadsetError as error:
            self._on_lost(str(error))
            return None
        if not headset.alive:
            self._on_lost("the headset ended the visit")
            return None
        return self.view if headset.running else None

    def frame(self, on_drawn: Callable[[StereoTarget], None] | None = None) -> float:
        """A frame of the visit that `poll` gave; seconds since the one before, 0 when it is lost.

        seen: see `Visit.frame`.
        """
        assert self.view is not None
        try:
            return self.view.frame(on_drawn)
        except HeadsetError as error:
            self._on_lost(str(error))
        return 0.0

    def _on_lost(self, why: str) -> None:
        visit, self.view = self.view, None
        if visit is not None:
            self._part(visit)
        self._drop_mirror()
        self._note(f"{why}; {RECONNECT_HINT}")

    def _part(self, visit: HeadsetView) -> None:
        if self.hand_controller is not None:
            self.hand_controller.detach()
        visit.close()

    # The monitor.

    @property
    def mirror_is_due(self) -> bool:
        """Whether the monitor is to show something new; then again after a while only."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = max(self._next + 1 / self._settings.mirror_rate, now)
        return True

    @property
    def mirrors_eyes(self) -> bool:
        """Whether the monitor shows what the eyes see, and not a view of its own."""
        return self._settings.mirror != "free"

    def mirror(self, size: tuple[int, int]) -> Callable[[StereoTarget], None]:
        """What copies the eyes' picture for the monitor. size: (width, height) pixels."""
        if self._mirror is None or self._mirror.size != size:
            self._drop_mirror()
            self._mirror = Target(self._ctx, size)
        number, (width, height) = self._mirror.number, size
        both = self._settings.mirror == "both"

        def copy(seen: StereoTarget) -> None:
            if both:
                half = width // 2
                seen.copy_to(number, (0, 0, half, height), 0)
                seen.copy_to(number, (half, 0, width - half, height), 1)
            else:
                seen.copy_to(number, (0, 0, width, height), 0)

        return copy

    @property
    def mirrored(self) -> Target | None:
        """What was copied last."""
        return self._mirror

    def _drop_mirror(self) -> None:
        if self._mirror is not None:
            self._mirror.release()
            self._mirror = None

    def close(self) -> None:
        """End the visit, if there is one."""
        self.stop()
        if self.hand_controller is not None:
            self.hand_controller.close()
            self.hand_controller, self.rig_controller = None, StationaryRig(self._place)


def start_if_requested(manager: HeadsetManager, xr: str, notify: Callable[[str], None]) -> None:
    """Put the headset on as `--xr` says. Raises HeadsetError for `on` where there is none."""
    if xr == "off":
        return
    try:
        manager.start()
    except VrnnError as error:
        if xr == "on":
            raise
        notify(f"no headset: {error}")
