"""The loop of a headset without a window: `vrnn --xr` where there is no display."""

from __future__ import annotations

import time

from vrnn.app.frame_guard import FrameGuard
from vrnn.app.headset_view import HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.app.startup_timings import StartupTimings
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.storage.log import logger

IDLE_SECONDS = 0.02
"""Between two looks at a headset that is not worn."""


def run_headset_loop(
    app: OffscreenApp, view: HeadsetView, controller: HandRigController,
    max_upload_bytes: float, timings: StartupTimings,
) -> None:  # fmt: skip
    """Draws frame after frame until the session ends.

    Args:
        app: Whose workspace is seen.
        view: Draws the frames.
        controller: Shows messages before the eyes.
        max_upload_bytes: Of maps that go to the GPU in a frame.
        timings: Told when the headset shows the first frame.

    Raises:
        HeadsetLost: The runtime is gone.
    """
    headset, guard = view.headset, FrameGuard(app.workspace)
    for note in headset.notes:
        logger.warning(note)
    while headset.alive:
        headset.poll()
        if not headset.running:
            time.sleep(IDLE_SECONDS)
            continue
        seconds = view.frame()
        if not headset.worn:
            continue  # nobody sees it: no live image, and no layout, until someone does
        if view.last_frame is not None:
            timings.mark("headset")
        camera = None if view.last_frame is None else view.last_frame.camera
        elapsed = view.throttle.elapsed(seconds)
        limit, looked_at = max_upload_bytes, view.view_cones
        guard.run("letting time go on", None, app.advance, elapsed, limit, camera, looked_at)
        view.prepare_next_frame()
        for message in app.workspace.messages:
            logger.warning(message)
            controller.notify(message)
        app.workspace.messages.clear()
