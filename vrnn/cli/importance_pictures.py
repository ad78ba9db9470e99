"""Pictures of a network whose maps fade by how little they matter for a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.config.options import ImportanceOptions
from vrnn.errors import VrnnError
from vrnn.export.png import write_png
from vrnn.network.importance import ImportanceResult
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.importance_state import ImportanceState
from vrnn.storage.log import logger

SIZE = (1920, 1080)
"""Width and height, pixels."""


def write_network_pictures(
    options: ImportanceOptions, results: Mapping[Path, tuple[ImportanceResult, int]]
) -> None:
    """Write a picture of the network for each class; without OpenGL that is told, and left out.

    Args:
        options: What was asked for.
        results: What was found for the class of each picture, and the number of the image that
            goes into the network, by its file.

    Raises:
        VrnnError: A file cannot be written.
    """
    try:
        app = OffscreenApp(options.specs(), load_config(), options.detail)
    except VrnnError as error:
        logger.warning(f"no picture of the network: {error}")
        return
    with app:
        for path, (result, image) in results.items():
            app.show(image)
            number = result.importance.class_index
            assert number is not None
            shown = ImportanceState(shown=True, class_index=number)
            app.world.set_state(replace(app.world.state, importance=shown))
            # Without the board of curves, which have pictures of their own.
            app.world.set_importance(0, NetworkImportance(replace(result, curve=None)))
            write_png(path, app.picture("overview", SIZE))
