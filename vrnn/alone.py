"""A headset without any monitor: `vrnn --xr` where there is no display."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from vrnn.config import load_config, user_file
from vrnn.errors import VrnnError
from vrnn.guide import HandsGuide
from vrnn.hints import HINTS_FILE
from vrnn.options import Options
from vrnn.place_file import read_place
from vrnn.studio import Studio, look_of
from vrnn.visit import Visit

IDLE = 0.02
"""Seconds between looks at a headset that is not worn."""


def run(options: Options) -> int:
    """Open the models, hold a visit until the headset ends it, and return the exit code."""
    config = load_config(options.config)
    kept = read_place(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    image: Path | np.ndarray | int | None = options.images[0] if options.images else None
    with Studio(specs, config, detail, options.arrange, options.scale, image) as studio:
        if kept is not None:
            studio.place.restore(kept)
        try:
            visit = studio.visit(config.headset, look_of(config), options.stereo)
        except VrnnError as error:
            raise VrnnError(
                f"{error}; and there is no display to open a window on" if options.xr == "auto"
                else str(error)
            ) from error  # fmt: skip
        with visit, studio.guide(config, user_file().with_name(HINTS_FILE)) as guide:
            guide.meet(visit.headset)
            visit.guide, visit.read_hands = guide, guide.read
            hold(studio, visit, guide, config.render.upload_mb_a_frame * 2**20)
    return 0


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
