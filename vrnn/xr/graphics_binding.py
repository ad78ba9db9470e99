"""The OpenGL context that is current on this thread, as OpenXR wants to be told of it."""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, byref, c_int32, c_ulong, c_void_p, cast
from typing import Any

from vrnn.xr.runtime import OPENGL, HeadsetError, Runtime, translate_errors

EGL = "XR_MNDX_egl_enable"
CONFIG_ID, NONE = 0x3028, 0x3038
"""EGL's names."""
FBCONFIG_ID, SCREEN, VISUAL_ID = 0x8013, 0x800C, 0x800B
"""GLX's names."""
DRAW, READ = 0x3059, 0x305A
"""EGL's surfaces."""


def context_kind() -> str:
    """`egl`, `glx` or `wgl`. Raises HeadsetError when no context is current, or on a Mac."""
    if sys.platform == "win32":
        return "wgl"
    if sys.platform == "darwin":
        raise HeadsetError("there is no OpenXR on a Mac; start without --xr")
    for name, library, current in (
        ("egl", "libEGL.so.1", "eglGetCurrentContext"),
        ("glx", "libGL.so.1", "glXGetCurrentContext"),
    ):
        try:
            function = getattr(ctypes.CDLL(library), current)
        except (OSError, AttributeError):
            continue
        function.restype = c_void_p
        if function():
            return name
    raise HeadsetError("no OpenGL context is current on this thread; draw from the main one")


class ContextGuard:
    """The context that was current when this was made, on this thread.

    Runtimes draw in the same process, and some leave another context behind, or none (SteamVR on
    Linux does after several calls).
    """

    def __init__(self) -> None:
        """Raises HeadsetError when there is none."""
        what = context_kind()
        names: tuple[str, ...]
        if what == "wgl":
            library, names = ctypes.PyDLL("opengl32"), ("wglGetCurrentDC",)
        elif what == "egl":
            library = ctypes.PyDLL("libEGL.so.1")
            names = ("eglGetCurrentDisplay",)
        else:
            library = ctypes.PyDLL("libGL.so.1")
            names = ("glXGetCurrentDisplay", "glXGetCurrentDrawable")
        values = []
        for name in names:
            getattr(library, name).restype = c_void_p
            values.append(getattr(library, name)())
        if what == "egl":
            library.eglGetCurrentSurface.restype = c_void_p
            library.eglGetCurrentSurface.argtypes = [c_int32]
            values += [library.eglGetCurrentSurface(which) for which in (DRAW, READ)]
        prefix = {"wgl": "wgl", "egl": "egl", "glx": "glX"}[what]
        self._get = getattr(library, f"{prefix}GetCurrentContext")
        self._get.restype = c_void_p
        self._make = getattr(library, f"{prefix}MakeCurrent")
        self._context = self._get()
        self._words = (*values, self._context)
        self._make.argtypes = [c_void_p] * len(self._words)

    def keep(self) -> None:
        """Make it current again if it is not."""
        if self._get() != self._context:
            self._make(*self._words)


def required_extensions() -> tuple[str, ...]:
    """What a runtime must have for the current context."""
    return (OPENGL, EGL) if context_kind() == "egl" else (OPENGL,)


def check_version(runtime: Runtime, version: tuple[int, int]) -> None:
    """Ask what OpenGL the runtime wants, as must be done before a session. Raises HeadsetError."""
    xr = runtime.xr
    with translate_errors(xr):
        wanted = xr.get_opengl_graphics_requirements_khr(runtime.instance, runtime.system)
    least = xr.Version(wanted.min_api_version_supported)
    if (least.major, least.minor) > version:
        raise HeadsetError(
            f"the headset's runtime wants OpenGL {least.major}.{least.minor} and this machine's "
            f"is {version[0]}.{version[1]}; update the graphics driver, or start without --xr"
        )


def create_binding(runtime: Runtime) -> Any:
    """The structure that a session is created with."""
    xr = runtime.xr
    what = context_kind()
    if what == "egl":
        return _egl(xr)
    if what == "glx":
        return _glx(xr)
    return _wgl(xr)


def _fill(structure: Any, **values: Any) -> Any:
    kinds = dict(structure._fields_)
    for name, value in values.items():
        setattr(structure, name, cast(value, kinds[name]) if value else value)
    return structure


def _egl(xr: Any) -> Any:
    egl = ctypes.CDLL("libEGL.so.1")
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext"):
        getattr(egl, name).restype = c_void_p
    display, context = egl.eglGetCurrentDisplay(), egl.eglGetCurrentContext()
    egl.eglQueryContext.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
    egl.eglChooseConfig.argtypes = [c_void_p, c_void_p, c_void_p, c_int32, c_void_p]
    number, config, count = c_int32(), c_void_p(), c_int32()
    egl.eglQueryContext(display, context, CONFIG_ID, byref(number))
    wanted = (c_int32 * 3)(CONFIG_ID, number.value, NONE)
    egl.eglChooseConfig(display, wanted, byref(config), 1, byref(count))
    made = _fill(xr.GraphicsBindingEGLMNDX(), display=display, config=config, context=context)
    made.get_proc_address = cast(egl.eglGetProcAddress, xr.PFN_xrEglGetProcAddressMNDX)
    return made


def _glx(xr: Any) -> Any:
    gl = ctypes.CDLL("libGL.so.1")
    for name in ("glXGetCurrentDisplay", "glXGetCurrentContext"):
        getattr(gl, name).restype = c_void_p
    gl.glXGetCurrentDrawable.restype = c_ulong
    display, context = gl.glXGetCurrentDisplay(), gl.glXGetCurrentContext()
    made = _fill(xr.GraphicsBindingOpenGLXlibKHR(), x_display=display, glx_context=context)
    made.glx_drawable = gl.glXGetCurrentDrawable()
    gl.glXQueryContext.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
    number, screen, count, visual = c_int32(), c_int32(), c_int32(), c_int32()
    gl.glXQueryContext(display, context, FBCONFIG_ID, byref(number))
    gl.glXQueryContext(display, context, SCREEN, byref(screen))
    gl.glXChooseFBConfig.argtypes = [c_void_p, c_int32, c_void_p, c_void_p]
    gl.glXChooseFBConfig.restype = POINTER(c_void_p)
    wanted = (c_int32 * 3)(FBCONFIG_ID, number.value, 0)
    configs = gl.glXChooseFBConfig(display, screen.value, wanted, byref(count))
    if configs and count.value:
        gl.glXGetFBConfigAttrib.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
        gl.glXGetFBConfigAttrib(display, configs[0], VISUAL_ID, byref(visual))
        made.visualid = visual.value
        _fill(made, glx_fbconfig=configs[0])
    return made


def _wgl(xr: Any) -> Any:
    library = ctypes.CDLL("opengl32")
    for name in ("wglGetCurrentDC", "wglGetCurrentContext"):
        getattr(library, name).restype = c_void_p
    made = xr.GraphicsBindingOpenGLWin32KHR()
    made.h_dc, made.h_glrc = library.wglGetCurrentDC(), library.wglGetCurrentContext()
    return made
