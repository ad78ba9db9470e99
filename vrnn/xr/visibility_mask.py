"""The visibility mask: which part of each eye's image its lens hides."""

from __future__ import annotations

from ctypes import byref, c_uint32, cast
from typing import Any

import numpy as np

from vrnn.render.stereo_view import fov_tangents
from vrnn.scene.headset.tracking import Eye
from vrnn.xr.runtime import Runtime

VISIBILITY_MASK = "XR_KHR_visibility_mask"
MAX_MISFIT = 0.05
"""Part of the field of view by which the edges of a mask may differ from it."""


def read_visibility_masks(
    runtime: Runtime, session: Any, eyes: tuple[Eye, Eye]
) -> list[np.ndarray]:
    """Reads the hidden triangles of both eyes.

    Args:
        runtime: What is asked.
        session: OpenXR's session.
        eyes: The left and the right one, for their fields of view.

    Returns:
        (N, 3, 2) float32 for each eye: corners by the tangents of their angles to the right and
        up. Empty where the runtime has no masks, or has them for another field of view.
    """
    if not runtime.has_extension(VISIBILITY_MASK):
        return []
    try:
        masks = [_read_mask(runtime.xr, runtime.instance, session, number) for number in (0, 1)]
    except runtime.xr.exception.XrException:
        return []
    fits = [_fits(mask, eye) for mask, eye in zip(masks, eyes, strict=True)]
    return masks if all(fits) else []


def _read_mask(xr: Any, instance: Any, session: Any, eye: int) -> np.ndarray:
    """Returns the hidden triangles of one eye, (N, 3, 2) float32."""
    function = cast(
        xr.get_instance_proc_addr(instance, "xrGetVisibilityMaskKHR"), xr.PFN_xrGetVisibilityMaskKHR
    )
    mask = xr.VisibilityMaskKHR()
    arguments = (
        session, xr.ViewConfigurationType.PRIMARY_STEREO.value, eye,
        xr.VisibilityMaskTypeKHR.HIDDEN_TRIANGLE_MESH.value, byref(mask),
    )  # fmt: skip
    _check(xr, function(*arguments))
    vertex_count, index_count = mask.vertex_count_output, mask.index_count_output
    if not vertex_count or not index_count:
        return np.zeros((0, 3, 2), np.float32)
    vertices, indices = (xr.Vector2f * vertex_count)(), (c_uint32 * index_count)()
    mask.vertex_capacity_input, mask.index_capacity_input = vertex_count, index_count
    types = dict(xr.VisibilityMaskKHR._fields_)
    mask.vertices, mask.indices = cast(vertices, types["vertices"]), cast(indices, types["indices"])
    _check(xr, function(*arguments))
    points = np.frombuffer(vertices, np.float32).reshape(-1, 2)
    return points[np.frombuffer(indices, np.uint32)].reshape(-1, 3, 2).copy()


def _check(xr: Any, result: int) -> None:
    """Raises pyopenxr's error for a result that is one."""
    error = xr.exception.check_result(result)
    if error.is_exception():
        raise error


def _fits(mask: np.ndarray, eye: Eye) -> bool:
    """Whether a mask is for the field of view that an eye has; some runtimes keep an older one."""
    if not len(mask):
        return True
    left, right, up, down = fov_tangents(eye)
    low, high = mask.reshape(-1, 2).min(0), mask.reshape(-1, 2).max(0)
    misfit = np.array([low[0] - left, low[1] - down, right - high[0], up - high[1]])
    return bool(np.abs(misfit).max() < MAX_MISFIT * max(right - left, up - down))
