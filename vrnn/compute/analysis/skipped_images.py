"""Why an image of a data set was left out."""

from __future__ import annotations

from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.errors import VrnnError


def skip_reason(error: Exception) -> str:
    """Return in words why an image could not be read, prepared or run."""
    if isinstance(error, GraphChanged):
        return "the model takes another path for this image"
    return str(error) if isinstance(error, VrnnError) else explain_error(error)
