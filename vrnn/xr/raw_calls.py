"""Short calls of the OpenXR runtime, made without releasing the interpreter lock.

ctypes releases it for each call, and while the model computes it takes up to a millisecond to get
it back, ten times a frame; these calls take a tenth of that or less.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int, c_uint32
from typing import Any

TIMED_OUT = 1
"""`XR_TIMEOUT_EXPIRED`."""


class RawCalls:
    """Functions of the runtime; each raises pyopenxr's own errors."""

    def __init__(self, xr: Any) -> None:
        """Looks the functions up in the loader of `xr`, the module of pyopenxr."""
        self._xr = xr
        loader = xr.raw_functions.openxr_loader_library
        self._library = ctypes.PyDLL(loader._name, handle=loader._handle)
        self._locate_views = self._function("xrLocateViews")
        self._acquire = self._function("xrAcquireSwapchainImage")
        self._wait = self._function("xrWaitSwapchainImage")
        self._release = self._function("xrReleaseSwapchainImage")
        self._begin = self._function("xrBeginFrame")
        self._sync = self._function("xrSyncActions")
        self._locate = self._function("xrLocateSpace")
        self._states = {
            kind: self._function(f"xrGetActionState{kind}")
            for kind in ("Float", "Boolean", "Vector2f", "Pose")
        }
        self._index = c_uint32()
        self._no_wait = xr.SwapchainImageWaitInfo(timeout=0)

    def _function(self, name: str) -> Callable[..., int]:
        function = getattr(self._library, name)
        function.argtypes = getattr(self._xr.raw_functions, name).argtypes
        function.restype = c_int
        return function  # type: ignore[no-any-return]

    def _check(self, result: int) -> None:
        if result < 0:
            raise self._xr.exception.check_result(self._xr.Result(result))

    def begin_frame(self, session: Any) -> None:
        """Calls `xrBeginFrame`."""
        self._check(self._begin(session, None))

    def locate_views(self, session: Any, info: Any, state: Any, count: Any, views: Any) -> None:
        """Calls `xrLocateViews`, which writes into `state` and the two of `views`."""
        self._check(self._locate_views(session, byref(info), byref(state), 2, byref(count), views))

    def acquire(self, swapchain: Any, info: Any) -> int:
        """Calls `xrAcquireSwapchainImage`; returns the number of the image."""
        self._check(self._acquire(swapchain, byref(info), byref(self._index)))
        return self._index.value

    def wait(self, swapchain: Any, info: Any) -> None:
        """Calls `xrWaitSwapchainImage`; releases the lock only where it really has to wait."""
        result = self._wait(swapchain, byref(self._no_wait))
        self._check(result)
        if result == TIMED_OUT:
            self._xr.wait_swapchain_image(swapchain, info)

    def release(self, swapchain: Any, info: Any) -> None:
        """Calls `xrReleaseSwapchainImage`."""
        self._check(self._release(swapchain, byref(info)))

    def sync_actions(self, session: Any, info: Any) -> None:
        """Calls `xrSyncActions`."""
        self._check(self._sync(session, byref(info)))

    def action_state(self, kind: str, session: Any, info: Any, state: Any) -> None:
        """Calls `xrGetActionState…`.

        Args:
            kind: `Float`, `Boolean`, `Vector2f` or `Pose`.
            session: OpenXR's session.
            info: Which action of which hand.
            state: Receives the result; of the kind's own structure.
        """
        self._check(self._states[kind](session, byref(info), byref(state)))

    def locate_space(self, space: Any, base: Any, time: int, location: Any) -> None:
        """Calls `xrLocateSpace`.

        Args:
            space: What is located.
            base: The space that the result is in.
            time: Nanoseconds of the runtime's clock.
            location: Receives the result.
        """
        self._check(self._locate(space, base, time, byref(location)))

    def extension(self, instance: Any, name: str) -> Callable[..., int]:
        """Returns a function of an extension, which returns OpenXR's result and raises nothing."""
        address = self._xr.get_instance_proc_addr(instance, name)
        prototype = getattr(self._xr, f"PFN_{name}")
        function = ctypes.PYFUNCTYPE(c_int, *prototype._argtypes_)
        return ctypes.cast(address, function)  # type: ignore[return-value]
