"""Makes a torchvision that was built for another torch importable, for its models."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from vrnn.errors import VrnnError

_LIBRARIES: list[Any] = []
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def allow_torchvision() -> None:
    """Declare the operators that torchvision describes while it is imported.

    A torchvision built for CUDA cannot load its own library beside a CPU torch, and then fails for
    operators that classification and segmentation never use.

    Raises:
        VrnnError: torchvision is not installed.
    """
    import sys

    if find_spec("torchvision") is None:
        raise VrnnError("torchvision is not installed; run: pip install torchvision")
    if "torchvision" in sys.modules or _LIBRARIES:
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in _OPERATORS:
            library.define(operator)
        _LIBRARIES.append(library)  # the operators live as long as this
