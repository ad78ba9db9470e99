"""The gradients of a recording, as `step_files.gradient_file` of a step holds them.

A tensor holds the gradient of a weight as whole numbers from -127 to 127, the filter's largest
being 127; `scale:NAME` has what one of them is worth, for each filter, NaN where the gradient was
not finite. Of large layers there are only some kernels, see `kernel_sample`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from vrnn.errors import VrnnError
from vrnn.recordings.step_files import tensor_names

SCALE = "scale:"
"""Before the name of a weight: what its whole numbers are worth."""
LEVELS = 127
"""Of the largest gradient of a filter."""


def read_gradients(file: Path) -> Mapping[str, np.ndarray]:
    """Read the gradients of a step.

    Returns:
        (filters, kernels, …) float32 by the weight's name, those kernels that were kept.

    Raises:
        VrnnError: The file is gone, cut short, or something else.
    """
    names = tensor_names(file)
    found = {}
    try:
        with safe_open(file, "np") as opened:
            for name in names:
                if name.startswith(SCALE) or SCALE + name not in names:
                    continue
                levels, scales = opened.get_tensor(name), opened.get_tensor(SCALE + name)
                if levels.ndim < 2 or scales.shape != levels.shape[:1]:
                    raise VrnnError(f"'{file}' holds no gradients; it is left out")
                by_filter = scales.astype(np.float32).reshape(-1, *[1] * (levels.ndim - 1))
                found[name] = levels.astype(np.float32) * by_filter
    except (SafetensorError, OSError) as error:
        raise VrnnError(f"'{file}' is cut short or damaged; it is left out") from error
    return found
