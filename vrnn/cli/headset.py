"""`vrnn --xr` where there is no display: a headset without any monitor."""

from __future__ import annotations

from vrnn.app.headset_only import run_headset_loop
from vrnn.app.startup_timings import StartupTimings
from vrnn.cli.opening import open_offscreen
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.controls.hands.onboarding_hints import HINTS_FILE
from vrnn.errors import VrnnError
from vrnn.render.look import render_colors
from vrnn.storage.paths import user_settings_file


def run(options: Options) -> int:
    """Open the models and run until the headset ends the session; returns the exit code."""
    config = load_config(options.config)
    image = options.images[0] if options.images else None
    with open_offscreen(options, image) as app:
        try:
            visit = app.open_headset_view(config.headset, render_colors(config), options.stereo)
        except VrnnError as error:
            also = "; and there is no display to open a window on" if options.xr == "auto" else ""
            raise VrnnError(f"{error}{also}") from error
        hints_file = user_settings_file().with_name(HINTS_FILE)
        with visit, app.hand_controller(config, hints_file) as controller:
            controller.attach(visit.headset)
            visit.rig_controller, visit.read_hands = controller, controller.read_hands
            max_upload_bytes = config.render.upload_mb_a_frame * 2**20
            timings = StartupTimings(options.timings)
            run_headset_loop(app, visit, controller, max_upload_bytes, timings)
    return 0
