"""vrnn: walk inside your PyTorch network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Marker", "Tracker", "VrnnError", "render", "show"]

if TYPE_CHECKING:
    from vrnn.api import render, show
    from vrnn.compute.tracker import Marker, Tracker
    from vrnn.errors import VrnnError

_HOME = {
    "Tracker": "vrnn.compute.tracker",
    "Marker": "vrnn.compute.tracker",
    "render": "vrnn.api",
    "show": "vrnn.api",
    "VrnnError": "vrnn.errors",
}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; a window should stand before that.
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'vrnn' has no attribute {name!r}")
