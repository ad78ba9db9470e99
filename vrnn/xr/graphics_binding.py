"""The graphics binding: the OpenGL context of this thread in the form that OpenXR needs."""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, byref, c_int32, c_ulong, c_void_p, cast
from typing import Any

from vrnn.xr.runtime import OPENGL, HeadsetError, Runtime, translate_errors

EGL = "XR_MNDX_egl_enable"
CONFIG_ID, NONE = 0x3028, 0x3038
"""`EGL_CONFIG_ID` and `EGL_NONE`."""
FBCONFIG_ID, SCREEN, VISUAL_ID = 0x8013, 0x800C, 0x800B
"""`GLX_FBCONFIG_ID`, `GLX_SCREEN` and `GLX_VISUAL_ID`."""
DRAW, READ = 0x3059, 0x305A
"""`EGL_DRAW` and `EGL_READ`, the surfaces of a context."""


def context_kind() -> str:
    """Finds out which library made the current OpenGL context.

    Returns:
        `egl`, `glx` or `wgl`.

    Raises:
        HeadsetError: No context is current on this thread, or this is a Mac.
    """
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
    """Restores the context that was current on this thread when the guard was made.

    Runtimes draw in the same process, and some leave another context behind, or none (SteamVR on
    Linux does after several calls).
    """

    def __init__(self) -> None:
        """Remembers the current context.

        Raises:
            HeadsetError: There is none.
        """
        kind = context_kind()
        names: tuple[str, ...]
        if kind == "wgl":
            library, names = ctypes.PyDLL("opengl32"), ("wglGetCurrentDC",)
        elif kind == "egl":
            library = ctypes.PyDLL("libEGL.so.1")
            names = ("eglGetCurrentDisplay",)
        else:
            library = ctypes.PyDLL("libGL.so.1")
            names = ("glXGetCurrentDisplay", "glXGetCurrentDrawable")
        drawables = []
        for name in names:
            getattr(library, name).restype = c_void_p
            drawables.append(getattr(library, name)())
        if kind == "egl":
            library.eglGetCurrentSurface.restype = c_void_p
            library.eglGetCurrentSurface.argtypes = [c_int32]
            drawables += [library.eglGetCurrentSurface(surface) for surface in (DRAW, READ)]
        prefix = {"wgl": "wgl", "egl": "egl", "glx": "glX"}[kind]
        self._get_current = getattr(library, f"{prefix}GetCurrentContext")
        self._get_current.restype = c_void_p
        self._make_current = getattr(library, f"{prefix}MakeCurrent")
        self._context = self._get_current()
        self._arguments = (*drawables, self._context)
        self._make_current.argtypes = [c_void_p] * len(self._arguments)

    def keep(self) -> None:
        """Makes the context current again if it is not."""
        if self._get_current() != self._context:
            self._make_current(*self._arguments)


def required_extensions() -> tuple[str, ...]:
    """Returns the extensions that a runtime must have for the current context."""
    return (OPENGL, EGL) if context_kind() == "egl" else (OPENGL,)


def check_version(runtime: Runtime, version: tuple[int, int]) -> None:
    """Checks the OpenGL version that the runtime needs, as must be done before a session.

    Args:
        runtime: Asked for its graphics requirements.
        version: Major and minor version of the current context.

    Raises:
        HeadsetError: The runtime needs a newer one, or does not answer.
    """
    xr = runtime.xr
    with translate_errors(xr):
        requirements = xr.get_opengl_graphics_requirements_khr(runtime.instance, runtime.system)
    minimum = xr.Version(requirements.min_api_version_supported)
    if (minimum.major, minimum.minor) > version:
        raise HeadsetError(
            f"the headset's runtime needs OpenGL {minimum.major}.{minimum.minor} and this "
            f"machine's is {version[0]}.{version[1]}; update the graphics driver, or start "
            "without --xr"
        )


def create_binding(runtime: Runtime) -> Any:
    """Returns the structure that names the current context when a session is created.

    Raises:
        HeadsetError: No context is current on this thread, or this is a Mac.
    """
    bindings = {"egl": _egl_binding, "glx": _glx_binding, "wgl": _wgl_binding}
    return bindings[context_kind()](runtime.xr)


def _fill(structure: Any, **values: Any) -> Any:
    """Sets pointers in a ctypes structure, cast to the types of its fields."""
    types = dict(structure._fields_)
    for name, value in values.items():
        setattr(structure, name, cast(value, types[name]) if value else value)
    return structure


def _egl_binding(xr: Any) -> Any:
    egl = ctypes.CDLL("libEGL.so.1")
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext"):
        getattr(egl, name).restype = c_void_p
    display, context = egl.eglGetCurrentDisplay(), egl.eglGetCurrentContext()
    egl.eglQueryContext.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
    egl.eglChooseConfig.argtypes = [c_void_p, c_void_p, c_void_p, c_int32, c_void_p]
    number, config, count = c_int32(), c_void_p(), c_int32()
    egl.eglQueryContext(display, context, CONFIG_ID, byref(number))
    attributes = (c_int32 * 3)(CONFIG_ID, number.value, NONE)
    egl.eglChooseConfig(display, attributes, byref(config), 1, byref(count))
    binding = _fill(xr.GraphicsBindingEGLMNDX(), display=display, config=config, context=context)
    binding.get_proc_address = cast(egl.eglGetProcAddress, xr.PFN_xrEglGetProcAddressMNDX)
    return binding


def _glx_binding(xr: Any) -> Any:
    gl = ctypes.CDLL("libGL.so.1")
    for name in ("glXGetCurrentDisplay", "glXGetCurrentContext"):
        getattr(gl, name).restype = c_void_p
    gl.glXGetCurrentDrawable.restype = c_ulong
    display, context = gl.glXGetCurrentDisplay(), gl.glXGetCurrentContext()
    binding = _fill(xr.GraphicsBindingOpenGLXlibKHR(), x_display=display, glx_context=context)
    binding.glx_drawable = gl.glXGetCurrentDrawable()
    gl.glXQueryContext.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
    number, screen, count, visual = c_int32(), c_int32(), c_int32(), c_int32()
    gl.glXQueryContext(display, context, FBCONFIG_ID, byref(number))
    gl.glXQueryContext(display, context, SCREEN, byref(screen))
    gl.glXChooseFBConfig.argtypes = [c_void_p, c_int32, c_void_p, c_void_p]
    gl.glXChooseFBConfig.restype = POINTER(c_void_p)
    attributes = (c_int32 * 3)(FBCONFIG_ID, number.value, 0)
    configs = gl.glXChooseFBConfig(display, screen.value, attributes, byref(count))
    if configs and count.value:
        gl.glXGetFBConfigAttrib.argtypes = [c_void_p, c_void_p, c_int32, c_void_p]
        gl.glXGetFBConfigAttrib(display, configs[0], VISUAL_ID, byref(visual))
        binding.visualid = visual.value
        _fill(binding, glx_fbconfig=configs[0])
    return binding


def _wgl_binding(xr: Any) -> Any:
    library = ctypes.CDLL("opengl32")
    for name in ("wglGetCurrentDC", "wglGetCurrentContext"):
        getattr(library, name).restype = c_void_p
    binding = xr.GraphicsBindingOpenGLWin32KHR()
    binding.h_dc, binding.h_glrc = library.wglGetCurrentDC(), library.wglGetCurrentContext()
    return binding
