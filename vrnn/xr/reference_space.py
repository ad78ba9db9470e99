"""The stage: the reference space whose floor is at y = 0."""

from __future__ import annotations

from typing import Any

from vrnn.xr.runtime import Runtime

LOCAL_FLOOR = "XR_EXT_local_floor"
STANDING_EYE_HEIGHT = 1.6
"""Meters of the eye above the floor, where the runtime does not know the floor."""


def create_stage(runtime: Runtime, session: Any) -> tuple[Any, str]:
    """Creates the stage, or else a space about where the head is at first.

    Args:
        runtime: Where it is created.
        session: OpenXR's session.

    Returns:
        OpenXR's space, and which one it is: `stage`, `local floor` or `local`.
    """
    xr = runtime.xr
    kinds = xr.ReferenceSpaceType
    offered = {int(kind) for kind in xr.enumerate_reference_spaces(session)}
    if kinds.STAGE.value in offered:
        return _create_space(xr, session, kinds.STAGE), "stage"
    if runtime.has_extension(LOCAL_FLOOR) and kinds.LOCAL_FLOOR.value in offered:
        return _create_space(xr, session, kinds.LOCAL_FLOOR), "local floor"
    return _create_space(xr, session, kinds.LOCAL, -STANDING_EYE_HEIGHT), "local"


def _create_space(xr: Any, session: Any, kind: Any, height: float = 0.0) -> Any:
    """Creates a reference space whose origin is `height` meters above that of its kind."""
    pose = xr.Posef()
    pose.position.y = height
    return xr.create_reference_space(session, xr.ReferenceSpaceCreateInfo(kind, pose))
