"""Makes a torchvision that was built for another torch importable, for its models.

torchvision from the package index is built for CUDA. Beside a CPU torch its own library does not
load, and it then fails while it is imported, for operators that classification and segmentation
never use. Declaring these operators before is enough.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from vrnn.errors import VrnnError, error_text

_LIBRARIES: list[Any] = []
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_MISSING = ("custom C++ ops", "torchvision::")
"""What errors say when an operator of torchvision's own is called that is only declared."""


class _TorchvisionWatch(MetaPathFinder):
    """Declares the operators just before torchvision is imported, by whomever."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nothing, but see what is looked for."""
        if fullname == "torchvision" and not _LIBRARIES:
            spec = PathFinder.find_spec(fullname, None)
            if spec is not None and spec.origin is not None and not _loads(Path(spec.origin)):
                _declare_operators()
        return None


def _loads(package: Path) -> bool:
    """Whether torchvision's own library fits the torch that runs."""
    files = [f for pattern in ("_C*.so", "_C*.pyd") for f in package.parent.glob(pattern)]
    for file in files:
        with suppress(OSError):
            torch.ops.load_library(str(file))
            return True
    return False


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        library.define(operator)
    _LIBRARIES.append(library)  # the operators live as long as this


_PAIR = ("torch", "torchvision")


def watch_torchvision() -> None:
    """Let scripts import torchvision, whichever torch it was built for."""
    if not any(isinstance(finder, _TorchvisionWatch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _TorchvisionWatch())


def allow_torchvision() -> None:
    """Make torchvision importable.

    Raises:
        VrnnError: torchvision is not installed.
    """
    watch_torchvision()
    if "torchvision" not in sys.modules and find_spec("torchvision") is None:
        raise VrnnError("torchvision is not installed; run: pip install torchvision")


def missing_operators_advice(error: BaseException) -> str:
    """Return the line that installs a torchvision that fits, if an error is for the lack of it.

    Args:
        error: What a model raised.
    """
    if not _LIBRARIES or not any(words in error_text(error) for words in _MISSING):
        return ""
    pair = " ".join(f"{name}=={metadata.version(name).split('+')[0]}" for name in _PAIR)
    return (
        "torchvision was built for another torch, so its own operators are missing; install both "
        f"from one place: pip install --force-reinstall {pair}"
    )
