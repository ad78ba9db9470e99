"""The headset beside a window: put on, mirrored, lost and found again."""

from __future__ import annotations

import time
from collections.abc import Callable

import moderngl

from vrnn.app.headset_view import HeadsetView, RigController, StationaryRig
from vrnn.config.schema import HeadsetSettings as Settings
from vrnn.controls.hands.guide import HandRigController
from vrnn.errors import VrnnError
from vrnn.render.render_target import Target
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget
from vrnn.render.uniforms import RenderColors
from vrnn.workspace.workspace import Workspace
from vrnn.xr.runtime import HeadsetError

AGAIN = "the window goes on; 'Into the headset' in the palette (Ctrl+P) connects again"
PATIENCE = 2.0
"""Seconds that a session may take to come to its end."""


class HeadsetManager:
    """Whether a headset is worn, and what the monitor shows meanwhile."""

    def __init__(
        self, ctx: moderngl.Context, place: Workspace, renderer: Renderer, settings: Settings,
        look: RenderColors, stereo: str, note: Callable[[str], None],
        guided: Callable[[], HandRigController] | None = None,
    ) -> None:  # fmt: skip
        """ctx: of the window, current on this thread; note: says a sentence; guided: makes who
        leads, when a headset is put on for the first time."""
        self._ctx, self._place, self._renderer = ctx, place, renderer
        self._settings, self._look, self._stereo, self._note = settings, look, stereo, note
        self.visit: HeadsetView | None = None
        self.guide: RigController = StationaryRig(place)  # who comes again stands where they were
        self.hands: HandRigController | None = None
        self._guided = guided
        self._mirror: Target | None = None
        self._next = 0.0

    def start(self) -> None:
        """Begin a visit. Raises HeadsetError when there is no headset."""
        if self.visit is not None:
            return
        visit = HeadsetView(
            self._ctx, self._place, self._renderer, self._settings, self._look, self._stereo,
            self.guide,
        )  # fmt: skip
        try:
            self._meet(visit)
        except BaseException:
            visit.close()
            raise
        self.visit = visit

    def _meet(self, visit: HeadsetView) -> None:
        """Let hands lead it."""
        if self.hands is None and self._guided is not None:
            self.hands = self.guide = self._guided()
        if self.hands is not None:
            self.hands.meet(visit.headset)
            visit.guide, visit.read_hands = self.hands, self.hands.read

    def stop(self) -> None:
        """End the visit in good order."""
        visit, self.visit = self.visit, None
        if visit is None:
            return
        end = time.perf_counter() + PATIENCE
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
        if self.visit is None:
            return None
        headset = self.visit.headset
        try:
            headset.poll()
        except HeadsetError as error:
            self._on_lost(str(error))
            return None
        if not headset.alive:
            self._on_lost("the headset ended the visit")
            return None
        return self.visit if headset.running else None

    def frame(self, seen: Callable[[StereoTarget], None] | None = None) -> float:
        """A frame of the visit that `poll` gave; seconds since the one before, 0 when it is lost.

        seen: see `Visit.frame`.
        """
        assert self.visit is not None
        try:
            return self.visit.frame(seen)
        except HeadsetError as error:
            self._on_lost(str(error))
        return 0.0

    def _on_lost(self, why: str) -> None:
        visit, self.visit = self.visit, None
        if visit is not None:
            self._part(visit)
        self._drop_mirror()
        self._note(f"{why}; {AGAIN}")

    def _part(self, visit: HeadsetView) -> None:
        if self.hands is not None:
            self.hands.part()
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
        if self.hands is not None:
            self.hands.close()
            self.hands, self.guide = None, StationaryRig(self._place)


def start_if_requested(immersion: HeadsetManager, xr: str, note: Callable[[str], None]) -> None:
    """Put the headset on as `--xr` says. Raises HeadsetError for `on` where there is none."""
    if xr == "off":
        return
    try:
        immersion.start()
    except VrnnError as error:
        if xr == "on":
            raise
        note(f"no headset: {error}")
