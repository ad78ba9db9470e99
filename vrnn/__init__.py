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
    from vrnn.api.compare import compare
    from vrnn.api.connections import connections
    from vrnn.api.edits import save_weights, score
    from vrnn.api.embed import embed
    from vrnn.api.explain import explain
    from vrnn.api.importance import importance
    from vrnn.api.pictures import screenshot, show
    from vrnn.api.top_images import top_images
    from vrnn.api.watch import lightning_callback, transformers_callback, watch
    from vrnn.compute.tracing.annotations import Marker, Tracker
    from vrnn.errors import VrnnError
    from vrnn.network.kernel_edits import KernelEdit

_MODULE_OF = {
    "Tracker": "vrnn.compute.tracing.annotations",
    "Marker": "vrnn.compute.tracing.annotations",
    "compare": "vrnn.api.compare",
    "connections": "vrnn.api.connections",
    "embed": "vrnn.api.embed",
    "explain": "vrnn.api.explain",
    "importance": "vrnn.api.importance",
    "lightning_callback": "vrnn.api.watch",
    "save_weights": "vrnn.api.edits",
    "score": "vrnn.api.edits",
    "screenshot": "vrnn.api.pictures",
    "show": "vrnn.api.pictures",
    "top_images": "vrnn.api.top_images",
    "transformers_callback": "vrnn.api.watch",
    "watch": "vrnn.api.watch",
    "VrnnError": "vrnn.errors",
    "KernelEdit": "vrnn.network.kernel_edits",
}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; a window should stand before that.
    if name in _MODULE_OF:
        from importlib import import_module

        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'vrnn' has no attribute {name!r}")
