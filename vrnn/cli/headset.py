"""A headset without any monitor: `vrnn --xr` where there is no display."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vrnn.app.headset_only import run_headset_loop
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.controls.hands.onboarding_hints import HINTS_FILE
from vrnn.errors import VrnnError
from vrnn.render.look import render_colors
from vrnn.storage.paths import user_settings_file
from vrnn.workspace.workspace_file import load_workspace


def run(options: Options) -> int:
    """Open the models, hold a visit until the headset ends it, and return the exit code."""
    config = load_config(options.config)
    kept = load_workspace(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    image: Path | np.ndarray | int | None = options.images[0] if options.images else None
    with OffscreenApp(specs, config, detail, options.arrange, options.scale, image) as studio:
        if kept is not None:
            studio.workspace.restore(kept)
        try:
            visit = studio.visit(config.headset, render_colors(config), options.stereo)
        except VrnnError as error:
            raise VrnnError(
                f"{error}; and there is no display to open a window on" if options.xr == "auto"
                else str(error)
            ) from error  # fmt: skip
        hints_file = user_settings_file().with_name(HINTS_FILE)
        with visit, studio.hand_controller(config, hints_file) as guide:
            guide.attach(visit.headset)
            visit.rig_controller, visit.read_hands = guide, guide.read_hands
            run_headset_loop(studio, visit, guide, config.render.upload_mb_a_frame * 2**20)
    return 0
