"""The headset beside a window: started, mirrored on the monitor, lost and found again."""

from __future__ import annotations

import time
from collections.abc import Callable

from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.rig_controller import RigController, StationaryRig
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.errors import VrnnError
from vrnn.render.render_target import RenderTarget, fitting_size
from vrnn.render.stereo import StereoTarget
from vrnn.xr.runtime import HeadsetError

RECONNECT_HINT = "the window stays open; 'Enter the headset' in the palette (Ctrl+P) reconnects"
MAX_EXIT_SECONDS = 2.0
"""Time that a session may take to come to its end."""


class HeadsetManager:
    """Starts and stops the view in a headset, and mirrors it on the monitor.

    Attributes:
        view: The view while there is a session; None for none.
        rig_controller: Moves the stage. Kept between sessions: who comes again stands where they
            were.
        hand_controller: The same where hands move it; None before the first session.
    """

    def __init__(
        self, setup: HeadsetSetup, notify: Callable[[str], None],
        make_controller: Callable[[], HandRigController] | None = None,
    ) -> None:  # fmt: skip
        """Starts without a session.

        Args:
            setup: What each view is made of, with the context of the window.
            notify: Shows a message.
            make_controller: Makes what moves the stage, for the first session; None: nothing does.
        """
        self._setup, self._settings = setup, setup.settings
        self._notify, self._make_controller = notify, make_controller
        self.view: HeadsetView | None = None
        self.rig_controller: RigController = StationaryRig(setup.workspace)
        self.hand_controller: HandRigController | None = None
        self._mirror: RenderTarget | None = None
        self._next_mirror = 0.0

    def start(self) -> None:
        """Starts a session, if there is none.

        Raises:
            HeadsetError: There is no headset.
        """
        if self.view is not None:
            return
        view = HeadsetView(self._setup, self.rig_controller)
        try:
            self._attach_hands(view)
        except BaseException:
            view.close()
            raise
        self.view = view
        for note in view.headset.notes:
            self._notify(note)

    def _attach_hands(self, view: HeadsetView) -> None:
        """Lets hands move the stage of a view, where there is something that makes them."""
        if self.hand_controller is None and self._make_controller is not None:
            self.hand_controller = self.rig_controller = self._make_controller()
        if self.hand_controller is not None:
            self.hand_controller.attach(view.headset)
            view.rig_controller = self.hand_controller
            view.read_hands = self.hand_controller.read_hands

    def stop(self) -> None:
        """Ends the session, if there is one, as the runtime wants it."""
        view, self.view = self.view, None
        if view is None:
            return
        deadline = time.perf_counter() + MAX_EXIT_SECONDS
        try:
            view.headset.request_exit()
            while view.headset.alive and time.perf_counter() < deadline:
                view.headset.poll()
                if not view.headset.running:
                    break
                with view.headset.frame():
                    pass
        except HeadsetError:
            pass  # it is gone already
        self._close(view)
        self._drop_mirror()

    def poll(self) -> HeadsetView | None:
        """Handles the runtime's events.

        Returns:
            The view, when the headset wants frames now; None: the window is all there is.
        """
        if self.view is None:
            return None
        headset = self.view.headset
        try:
            headset.poll()
        except HeadsetError as error:
            self._on_lost(str(error))
            return None
        if not headset.alive:
            self._on_lost("the headset ended the session")
            return None
        return self.view if headset.running else None

    def frame(self, on_drawn: Callable[[StereoTarget], None] | None = None) -> float:
        """Draws a frame of the view that `poll` has returned, see `HeadsetView.frame`.

        Returns:
            Seconds since the last frame; 0 when the headset is lost.
        """
        assert self.view is not None
        try:
            return self.view.frame(on_drawn)
        except HeadsetError as error:
            self._on_lost(str(error))
        return 0.0

    def _on_lost(self, reason: str) -> None:
        view, self.view = self.view, None
        if view is not None:
            self._close(view)
        self._drop_mirror()
        self._notify(f"{reason}; {RECONNECT_HINT}")

    def _close(self, view: HeadsetView) -> None:
        if self.hand_controller is not None:
            self.hand_controller.detach()
        view.close()

    # The monitor.

    def mirror_is_due(self) -> bool:
        """Whether the monitor is to show something new now; the next time only after a while."""
        now = time.perf_counter()
        if now < self._next_mirror:
            return False
        self._next_mirror = max(self._next_mirror + 1 / self._settings.mirror_rate, now)
        return True

    @property
    def mirrors_eyes(self) -> bool:
        """Whether the monitor shows what the eyes see, and not a view of its own."""
        return self._settings.mirror != "free"

    def mirror(self, size: tuple[int, int]) -> Callable[[StereoTarget], None]:
        """Returns what copies both eyes' images for the monitor.

        Args:
            size: Width and height on the monitor, pixels.
        """
        size = fitting_size(self._setup.ctx, size)
        if self._mirror is None or self._mirror.size != size:
            self._drop_mirror()
            self._mirror = RenderTarget(self._setup.ctx, size)
        number, (width, height) = self._mirror.framebuffer_id, size
        both = self._settings.mirror == "both"

        def copy(eyes: StereoTarget) -> None:
            if both:
                half = width // 2
                eyes.copy_to(number, (0, 0, half, height), 0)
                eyes.copy_to(number, (half, 0, width - half, height), 1)
            else:
                eyes.copy_to(number, (0, 0, width, height), 0)

        return copy

    @property
    def mirrored(self) -> RenderTarget | None:
        """What was copied last; None for nothing."""
        return self._mirror

    def _drop_mirror(self) -> None:
        if self._mirror is not None:
            self._mirror.release()
            self._mirror = None

    def close(self) -> None:
        """Ends the session, if there is one, and lets go of the hands."""
        self.stop()
        if self.hand_controller is not None:
            self.hand_controller.close()
            self.hand_controller = None
            self.rig_controller = StationaryRig(self._setup.workspace)


def start_if_requested(manager: HeadsetManager, xr: str, notify: Callable[[str], None]) -> None:
    """Starts a session as `--xr` says.

    Args:
        manager: Starts it.
        xr: `on`, `off`, or `auto`: where there is a headset.
        notify: Shows why there is none.

    Raises:
        HeadsetError: There is no headset, and `xr` is `on`.
    """
    if xr == "off":
        return
    try:
        manager.start()
    except VrnnError as error:
        if xr == "on":
            raise
        notify(f"no headset: {error}")
