"""The headset beside a window: put on, mirrored, lost and found again."""

from __future__ import annotations

import time
from collections.abc import Callable

import moderngl

from vrnn.app.headset_view import Guide, Standing, Visit
from vrnn.config.schema import Headset as Settings
from vrnn.controls.hands.guide import HandsGuide
from vrnn.errors import VrnnError
from vrnn.render.render_target import Target
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget
from vrnn.render.uniforms import Look
from vrnn.workspace.workspace import Place
from vrnn.xr.runtime import HeadsetError

AGAIN = "the window goes on; 'Into the headset' in the palette (Ctrl+P) connects again"
PATIENCE = 2.0
"""Seconds that a session may take to come to its end."""


class Immersion:
    """Whether a headset is worn, and what the monitor shows meanwhile."""

    def __init__(
        self, ctx: moderngl.Context, place: Place, renderer: Renderer, settings: Settings,
        look: Look, stereo: str, note: Callable[[str], None],
        guided: Callable[[], HandsGuide] | None = None,
    ) -> None:  # fmt: skip
        """ctx: of the window, current on this thread; note: says a sentence; guided: makes who
        leads, when a headset is put on for the first time."""
        self._ctx, self._place, self._renderer = ctx, place, renderer
        self._settings, self._look, self._stereo, self._note = settings, look, stereo, note
        self.visit: Visit | None = None
        self.guide: Guide = Standing(place)  # who comes again stands where they were
        self.hands: HandsGuide | None = None
        self._guided = guided
        self._mirror: Target | None = None
        self._next = 0.0

    def put_on(self) -> None:
        """Begin a visit. Raises HeadsetError when there is no headset."""
        if self.visit is not None:
            return
        visit = Visit(
            self._ctx, self._place, self._renderer, self._settings, self._look, self._stereo,
            self.guide,
        )  # fmt: skip
        try:
            self._meet(visit)
        except BaseException:
            visit.close()
            raise
        self.visit = visit

    def _meet(self, visit: Visit) -> None:
        """Let hands lead it."""
        if self.hands is None and self._guided is not None:
            self.hands = self.guide = self._guided()
        if self.hands is not None:
            self.hands.meet(visit.headset)
            visit.guide, visit.read_hands = self.hands, self.hands.read

    def take_off(self) -> None:
        """End the visit in good order."""
        visit, self.visit = self.visit, None
        if visit is None:
            return
        end = time.perf_counter() + PATIENCE
        try:
            visit.headset.ask_to_end()
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

    def poll(self) -> Visit | None:
        """The visit, when the headset wants pictures now; None: the window is all there is."""
        if self.visit is None:
            return None
        headset = self.visit.headset
        try:
            headset.poll()
        except HeadsetError as error:
            self._lose(str(error))
            return None
        if not headset.alive:
            self._lose("the headset ended the visit")
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
            self._lose(str(error))
        return 0.0

    def _lose(self, why: str) -> None:
        visit, self.visit = self.visit, None
        if visit is not None:
            self._part(visit)
        self._drop_mirror()
        self._note(f"{why}; {AGAIN}")

    def _part(self, visit: Visit) -> None:
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
        self.take_off()
        if self.hands is not None:
            self.hands.close()
            self.hands, self.guide = None, Standing(self._place)


def wanted(immersion: Immersion, xr: str, note: Callable[[str], None]) -> None:
    """Put the headset on as `--xr` says. Raises HeadsetError for `on` where there is none."""
    if xr == "off":
        return
    try:
        immersion.put_on()
    except VrnnError as error:
        if xr == "on":
            raise
        note(f"no headset: {error}")
