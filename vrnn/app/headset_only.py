"""Headset only."""

from __future__ import annotations

import sys
import time

from vrnn.app.headset_view import Visit
from vrnn.app.offscreen import Studio
from vrnn.controls.hands.guide import HandsGuide

IDLE = 0.02
"""Seconds between looks at a headset that is not worn."""


def hold(studio: Studio, visit: Visit, guide: HandsGuide, most_bytes: float) -> None:
    """Frame after frame until the session ends. Raises HeadsetLost when the runtime is gone."""
    headset = visit.headset
    while headset.alive:
        headset.poll()
        if not headset.running:
            time.sleep(IDLE)
            continue
        seconds = visit.frame()
        studio.go_on(
            visit.pace.due(seconds),
            most_bytes,
            None if visit.moment is None else visit.moment.camera,
        )
        visit.make_ready()
        for note in studio.place.notes:
            print(f"vrnn: {note}", file=sys.stderr)
            guide.note(note)
        studio.place.notes.clear()
