"""Window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vrnn.app.desktop import DesktopApp
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.workspace.workspace_file import load_workspace


def run(options: Options) -> int:
    """Open the window and return the exit code when it is closed."""
    images: list[Path | np.ndarray | int] = list(options.images)
    kept = load_workspace(options.place) if options.place is not None else None
    specs = options.specs()
    if kept is not None:
        specs, options = kept.models, replace(options, detail=kept.detail)
    with DesktopApp(options, load_config(options.config), specs, images) as app:
        if kept is not None:
            app.begin_with(kept)
        app.loop()
    return 0
