"""Headset only."""

from __future__ import annotations

import sys
import time

from vrnn.app.headset_view import HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.controls.hands.guide import HandRigController

IDLE = 0.02
"""Seconds between looks at a headset that is not worn."""


def run_headset_loop(
    studio: OffscreenApp, visit: HeadsetView, guide: HandRigController, most_bytes: float
) -> None:
    """Frame after frame until the session ends. Raises HeadsetLost when the runtime is gone."""
    headset = visit.headset
    while headset.alive:
        headset.poll()
        if not headset.running:
            time.sleep(IDLE)
            continue
        seconds = visit.frame()
        studio.advance(
            visit.pace.elapsed(seconds),
            most_bytes,
            None if visit.moment is None else visit.moment.camera,
        )
        visit.prepare_next_frame()
        for note in studio.workspace.messages:
            print(f"vrnn: {note}", file=sys.stderr)
            guide.note(note)
        studio.workspace.messages.clear()
