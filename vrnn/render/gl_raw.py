"""OpenGL functions that ModernGL does not offer, for the context that is current on this thread.

Functions that may block release the interpreter lock; the others keep it, as getting the
interpreter back from a busy thread takes longer than they do.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes import c_char_p, c_float, c_int, c_uint, c_uint64, c_void_p
from typing import Any

from vrnn.errors import VrnnError

TEXTURE_2D_ARRAY = 0x8C1A
TEXTURE_2D_MULTISAMPLE_ARRAY = 0x9102
RGBA8, SRGB8_ALPHA8 = 0x8058, 0x8C43
DEPTH_COMPONENT16, DEPTH_COMPONENT24, DEPTH_COMPONENT32F = 0x81A5, 0x81A6, 0x8CAC
RGBA, DEPTH_COMPONENT, UNSIGNED_BYTE, FLOAT = 0x1908, 0x1902, 0x1401, 0x1406
FRAMEBUFFER, READ_FRAMEBUFFER, DRAW_FRAMEBUFFER = 0x8D40, 0x8CA8, 0x8CA9
COLOR_ATTACHMENT0, DEPTH_ATTACHMENT, FRAMEBUFFER_COMPLETE = 0x8CE0, 0x8D00, 0x8CD5
COLOR_BUFFER_BIT, DEPTH_BUFFER_BIT = 0x4000, 0x0100
NEAREST, LINEAR, TEXTURE_MAG_FILTER, TEXTURE_MIN_FILTER = 0x2600, 0x2601, 0x2800, 0x2801
TIME_ELAPSED, QUERY_RESULT, QUERY_RESULT_AVAILABLE = 0x88BF, 0x8866, 0x8867
FRAMEBUFFER_SRGB = 0x8DB9
SYNC_GPU_COMMANDS_COMPLETE, SYNC_FLUSH_COMMANDS_BIT = 0x9117, 0x0001
TIMEOUT_EXPIRED = 0x911B
NO_ERROR = 0

_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "glBindFramebuffer": (None, c_uint, c_uint),
    "glBindTexture": (None, c_uint, c_uint),
    "glBlitFramebuffer": (None, *[c_int] * 8, c_uint, c_uint),
    "glCheckFramebufferStatus": (c_uint, c_uint),
    "glClear": (None, c_uint),
    "glClearColor": (None, *[c_float] * 4),
    "glClientWaitSync": (c_uint, c_void_p, c_uint, c_uint64),
    "glDeleteFramebuffers": (None, c_int, c_void_p),
    "glDeleteQueries": (None, c_int, c_void_p),
    "glDeleteSync": (None, c_void_p),
    "glDeleteTextures": (None, c_int, c_void_p),
    "glDepthMask": (None, c_int),
    "glBeginQuery": (None, c_uint, c_uint),
    "glEndQuery": (None, c_uint),
    "glFenceSync": (c_void_p, c_uint, c_uint),
    "glFinish": (None,),
    "glFlush": (None,),
    "glFramebufferTexture": (None, c_uint, c_uint, c_uint, c_int),
    "glFramebufferTextureLayer": (None, c_uint, c_uint, c_uint, c_int, c_int),
    "glFramebufferTextureMultiviewOVR": (None, c_uint, c_uint, c_uint, c_int, c_int, c_int),
    "glGenFramebuffers": (None, c_int, c_void_p),
    "glGenQueries": (None, c_int, c_void_p),
    "glGenTextures": (None, c_int, c_void_p),
    "glGetError": (c_uint,),
    "glGetGraphicsResetStatus": (c_uint,),
    "glGetGraphicsResetStatusARB": (c_uint,),
    "glGetIntegerv": (None, c_uint, c_void_p),
    "glGetQueryObjectui64v": (None, c_uint, c_uint, c_void_p),
    "glReadPixels": (None, *[c_int] * 4, c_uint, c_uint, c_void_p),
    "glTexImage3D": (None, c_uint, *[c_int] * 6, c_uint, c_uint, c_void_p),
    "glTexImage3DMultisample": (None, c_uint, c_int, c_uint, c_int, c_int, c_int, c_int),
    "glTexParameteri": (None, c_uint, c_uint, c_int),
    "glViewport": (None, *[c_int] * 4),
}
"""Return type and argument types by function name."""
_BLOCKING = ("glClientWaitSync", "glFinish", "glReadPixels")
"""Functions that release the interpreter lock while they run."""


class RawGL:
    """The functions of one context, named without `gl`: `gl.Flush()`. Make one for each context."""

    def __init__(self) -> None:
        self._load_address = _address_loader()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Look a function up when it is first called.

        Raises:
            AttributeError: The function has no entry in `_SIGNATURES`.
            VrnnError: The driver lacks the function.
        """
        full_name = "gl" + name
        if full_name not in _SIGNATURES:
            raise AttributeError(name)
        address = self._load_address(full_name)
        if not address:
            raise VrnnError(
                f"the graphics driver lacks {full_name}, which a headset needs; update the driver"
            )
        prototype: Any = ctypes.CFUNCTYPE if full_name in _BLOCKING else ctypes.PYFUNCTYPE
        function: Callable[..., Any] = prototype(*_SIGNATURES[full_name])(address)
        setattr(self, name, function)
        return function

    def create(self, kind: str) -> int:
        """Create an object and return its id.

        Args:
            kind: `Textures`, `Framebuffers` or `Queries`.
        """
        object_id = c_uint()
        getattr(self, f"Gen{kind}")(1, ctypes.byref(object_id))
        return object_id.value

    def delete(self, kind: str, object_id: int) -> None:
        """Delete an object.

        Args:
            kind: `Textures`, `Framebuffers` or `Queries`.
            object_id: What `create` returned.
        """
        getattr(self, f"Delete{kind}")(1, ctypes.byref(c_uint(object_id)))

    def integers(self, name: int, count: int = 1) -> list[int]:
        """Return the numbers that the driver has under a name, see `glGetIntegerv`."""
        values = (c_int * count)()
        self.GetIntegerv(name, values)
        return list(values)

    def query_nanoseconds(self, query: int) -> int | None:
        """Return the result of a timer query in nanoseconds; None while it is not available."""
        value = c_uint64()
        self.GetQueryObjectui64v(query, QUERY_RESULT_AVAILABLE, ctypes.byref(value))
        if not value.value:
            return None
        self.GetQueryObjectui64v(query, QUERY_RESULT, ctypes.byref(value))
        return value.value


def _address_loader() -> Callable[[str], int | None]:
    """Return what gives the address of a function of the current context, None if it has none."""
    if sys.platform == "win32":
        library = ctypes.WinDLL("opengl32")
        get_address = library.wglGetProcAddress
        get_address.restype, get_address.argtypes = c_void_p, [c_char_p]

        def load_on_windows(name: str) -> int | None:
            # The oldest functions are those of the library itself.
            address: int | None = get_address(name.encode())
            return address or ctypes.cast(getattr(library, name), c_void_p).value

        return load_on_windows
    if sys.platform == "darwin":
        framework = ctypes.CDLL("/System/Library/Frameworks/OpenGL.framework/OpenGL")
        return lambda name: ctypes.cast(getattr(framework, name, None), c_void_p).value
    return _linux_address_loader()


def _linux_address_loader() -> Callable[[str], int | None]:
    for file, current_context, get_address in (
        ("libEGL.so.1", "eglGetCurrentContext", "eglGetProcAddress"),
        ("libGL.so.1", "glXGetCurrentContext", "glXGetProcAddressARB"),
    ):
        try:
            library = ctypes.CDLL(file)
        except OSError:
            continue
        getattr(library, current_context).restype = c_void_p
        if not getattr(library, current_context)():
            continue
        function = getattr(library, get_address)
        function.restype, function.argtypes = c_void_p, [c_char_p]
        return lambda name: function(name.encode())
    raise VrnnError("no OpenGL context is current on this thread; draw from the main one")
