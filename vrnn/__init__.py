"""vrnn: walk inside your PyTorch network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrnn.version import __version__

__all__ = [
    "KernelEdit", "Marker", "Tracker", "VrnnError", "__version__", "compare", "connections",
    "embed", "explain", "importance", "lightning_callback", "save_weights", "score", "screenshot",
    "show", "top_images", "transformers_callback", "watch",
]  # fmt: skip

if TYPE_CHECKING:
    from vrnn.api import (
        compare,
        connections,
        embed,
        explain,
        importance,
        lightning_callback,
        save_weights,
        score,
        screenshot,
        show,
        top_images,
        transformers_callback,
        watch,
    )
    from vrnn.compute.tracing.annotations import Marker, Tracker
    from vrnn.errors import VrnnError
    from vrnn.network.kernel_edits import KernelEdit

_MODULE_OF = {
    "Tracker": "vrnn.compute.tracing.annotations",
    "Marker": "vrnn.compute.tracing.annotations",
    "compare": "vrnn.api",
    "connections": "vrnn.api",
    "embed": "vrnn.api",
    "explain": "vrnn.api",
    "importance": "vrnn.api",
    "lightning_callback": "vrnn.api",
    "save_weights": "vrnn.api",
    "score": "vrnn.api",
    "screenshot": "vrnn.api",
    "show": "vrnn.api",
    "top_images": "vrnn.api",
    "transformers_callback": "vrnn.api",
    "watch": "vrnn.api",
    "VrnnError": "vrnn.errors",
    "KernelEdit": "vrnn.network.kernel_edits",
}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; a window should stand before that.
    if name in _MODULE_OF:
        from importlib import import_module

        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'vrnn' has no attribute {name!r}")
