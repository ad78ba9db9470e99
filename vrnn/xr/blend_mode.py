"""What is behind the network: nothing, or the room, where runtime and headset can show it."""

from __future__ import annotations

from typing import Any

from vrnn.xr.runtime import Runtime, translate_errors

OPAQUE = "OPAQUE"
ROOM_MODES = ("ALPHA_BLEND", "ADDITIVE")
"""OpenXR's names of the modes that show the room, the best first: through cameras, and through
glass that can only add light."""
NO_ROOM = "this headset cannot show the room behind the network, so it stands in the dark"


def choose_blend_mode(runtime: Runtime, wants_room: bool) -> str:
    """Returns OpenXR's name of the environment blend mode to submit frames by.

    Args:
        runtime: What offers modes.
        wants_room: Whether the room is to be seen.

    Raises:
        HeadsetError: The runtime does not answer.
    """
    xr = runtime.xr
    stereo = xr.ViewConfigurationType.PRIMARY_STEREO
    with translate_errors(xr):
        listed = xr.enumerate_environment_blend_modes(runtime.instance, runtime.system, stereo)
    # As numbers: a runtime may offer what pyopenxr has no name for.
    offered = {int(getattr(mode, "value", mode)) for mode in listed}
    modes: Any = xr.EnvironmentBlendMode
    if wants_room:
        for name in ROOM_MODES:
            if modes[name].value in offered:
                return name
    if modes[OPAQUE].value in offered:
        return OPAQUE
    # Glass shows the room whatever is wanted.
    return next((name for name in ROOM_MODES if modes[name].value in offered), OPAQUE)
