"""The refresh rate of a headset's display."""

from __future__ import annotations

from ctypes import byref, c_float, cast
from typing import Any

from vrnn.xr.runtime import Runtime, suppress_errors

REFRESH_RATE = "XR_FB_display_refresh_rate"


def request_refresh_rate(runtime: Runtime, session: Any, rate: float) -> None:
    """Asks for the rate that is nearest to a wanted one, where the runtime offers several.

    Args:
        runtime: What is asked.
        session: OpenXR's session.
        rate: Hertz; 0: as it is.
    """
    xr = runtime.xr
    if not rate or not runtime.has_extension(REFRESH_RATE):
        return
    with suppress_errors(xr):
        offered = list(xr.enumerate_display_refresh_rates_fb(session))
        if offered:
            nearest = min(offered, key=lambda candidate: abs(candidate - rate))
            xr.request_display_refresh_rate_fb(session, nearest)


def read_refresh_rate(runtime: Runtime, session: Any) -> float:
    """Returns the rate at which the headset shows images, Hertz; 0 where it does not say."""
    xr = runtime.xr
    if not runtime.has_extension(REFRESH_RATE):
        return 0.0
    # pyopenxr's own function gives the rate as a text.
    address = xr.get_instance_proc_addr(runtime.instance, "xrGetDisplayRefreshRateFB")
    rate = c_float()
    result = cast(address, xr.PFN_xrGetDisplayRefreshRateFB)(session, byref(rate))
    return 0.0 if xr.exception.check_result(result).is_exception() else rate.value
