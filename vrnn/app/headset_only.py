"""Headset only."""

from __future__ import annotations

import sys
import time

from vrnn.app.headset_view import HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.controls.hands.rig_controller import HandRigController

IDLE_SECONDS = 0.02
"""Seconds between looks at a headset that is not worn."""


def run_headset_loop(
    app: OffscreenApp, view: HeadsetView, controller: HandRigController, max_upload_bytes: float
) -> None:
    """Frame after frame until the session ends. Raises HeadsetLost when the runtime is gone."""
    headset = view.headset
    while headset.alive:
        headset.poll()
        if not headset.running:
            time.sleep(IDLE_SECONDS)
            continue
        seconds = view.frame()
        app.advance(
            view.throttle.elapsed(seconds),
            max_upload_bytes,
            None if view.last_frame is None else view.last_frame.camera,
        )
        view.prepare_next_frame()
        for note in app.workspace.messages:
            print(f"vrnn: {note}", file=sys.stderr)
            controller.notify(note)
        app.workspace.messages.clear()
