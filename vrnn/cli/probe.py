"""Tries one part of the machine and prints what it found as JSON: `python -m vrnn.cli.probe egl`.

`vrnn doctor` runs each of these in a process of its own, as a broken driver ends its process.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

UPLOADED_LAYERS = 8
"""Layers of 2 MiB each by which the speed of uploads is measured."""
MIN_GL_VERSION = 410
"""Of OpenGL that vrnn needs, times 100."""
_PR_SET_PDEATHSIG = 1


def probe_egl() -> dict[str, Any]:
    """Try OpenGL without a screen."""
    import moderngl

    settings: dict[str, Any] = {"backend": "egl"}
    return _describe(moderngl.create_standalone_context(require=MIN_GL_VERSION, **settings))


def probe_window() -> dict[str, Any]:
    """Try OpenGL in a hidden window, and describe the screen it would be shown on."""
    import vrnn.app  # noqa: F401  chooses GLFW's library, before that is imported

    import glfw  # isort: skip
    import moderngl  # isort: skip

    problems: list[str] = []
    glfw.set_error_callback(
        lambda code, text: problems.append(text.decode() if isinstance(text, bytes) else text)
    )
    if not glfw.init():
        raise RuntimeError("; ".join(problems) or "GLFW does not start")
    try:
        glfw.window_hint(glfw.VISIBLE, False)
        glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, MIN_GL_VERSION // 100)
        glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, MIN_GL_VERSION % 100 // 10)
        glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)
        glfw.window_hint(glfw.OPENGL_FORWARD_COMPAT, True)
        window = glfw.create_window(64, 64, "vrnn", None, None)
        if not window:
            raise RuntimeError("; ".join(problems) or "GLFW opens no window")
        glfw.make_context_current(window)
        description = _describe(moderngl.create_context(require=MIN_GL_VERSION))
        mode = glfw.get_video_mode(glfw.get_primary_monitor())
        description["screen"] = f"{mode.size.width}x{mode.size.height}, {mode.refresh_rate} Hz"
        return description
    finally:
        glfw.terminate()


def _describe(context: Any) -> dict[str, Any]:
    """Return what a context offers of what vrnn uses."""
    from vrnn.render.cuda_interop import find_interop
    from vrnn.render.gpu_memory import default_map_bytes
    from vrnn.render.stereo import stereo_modes

    info = context.info
    layers = context.texture_array((8, 8, 2), 1, dtype="f2")
    target = context.framebuffer([layers])
    target.clear(0.5)
    drawn = target.read(components=1, dtype="f2") == struct.pack("e", 0.5) * 64
    return {
        "version": info["GL_VERSION"],
        "renderer": info["GL_RENDERER"],
        "vendor": info["GL_VENDOR"],
        "map_bytes": default_map_bytes(context),
        "no_interop": find_interop()[1],
        "upload_bytes": _upload_rate(context),
        "layers": info["GL_MAX_ARRAY_TEXTURE_LAYERS"],
        "size": info["GL_MAX_TEXTURE_SIZE"],
        "samples": info.get("GL_MAX_SAMPLES", context.max_samples),
        "half_floats": drawn and context.error == "GL_NO_ERROR",
        "stereo": stereo_modes(context.extensions),
    }


def _upload_rate(context: Any) -> float:
    """Bytes a second that go into a texture, as maps do."""
    array = context.texture_array((1024, 1024, UPLOADED_LAYERS), 1, dtype="f2")
    data = bytes(2 * 1024 * 1024 * UPLOADED_LAYERS)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        array.write(data)
        context.finish()
        seconds.append(time.perf_counter() - started)
    array.release()
    return len(data) / max(min(seconds), 1e-6)


def probe_torch() -> dict[str, Any]:
    """Import PyTorch, and list the devices it can use, and what converts maps."""
    import torch

    from vrnn.compute.passes.native_filler import load_native_filler
    from vrnn.compute.passes.prepacked_weights import is_supported

    priorities: tuple[int, ...] = ()
    if torch.cuda.is_available():
        priorities = torch.cuda.default_stream().priority_range()
    devices = [f"cpu ({platform.machine()}, {torch.get_num_threads()} threads)"]
    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        memory = properties.total_memory / 2**30
        devices.append(f"cuda:{number} ({properties.name}, {memory:.0f} GiB)")
    if torch.backends.mps.is_available():
        devices.append("mps")
    built_for = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    native = load_native_filler()
    return {
        "version": torch.__version__,
        "devices": devices,
        "built_for": built_for,
        "priorities": priorities,
        "packs_weights": is_supported(),
        "conversion": "torch" if native is None else "wide" if native.is_wide else "plain",
    }


def probe_openxr() -> dict[str, Any]:
    """Describe the OpenXR runtime, as its loader finds it, and its headset."""
    from vrnn.xr.runtime import OPENGL, Runtime, optional_extensions

    with Runtime((OPENGL,)) as runtime:
        facts = runtime.info
        return {
            "runtime": facts.runtime,
            "version": facts.version,
            "headset": facts.system,
            "size": facts.recommended_size,
            "extras": [name for name in optional_extensions() if name in facts.extensions],
        }


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "egl": probe_egl,
    "window": probe_window,
    "torch": probe_torch,
    "openxr": probe_openxr,
}


def _end_with(parent: int) -> None:
    """Let the system end this process when `vrnn doctor` is ended, whatever a driver does here.

    Args:
        parent: The process of `vrnn doctor`, which may have ended already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def main() -> int:
    """Run the probe named on the command line, on behalf of the process whose id follows."""
    if len(sys.argv) > 2:
        _end_with(int(sys.argv[2]))
    try:
        result = PROBES[sys.argv[1]]()
    except Exception as error:  # whatever a driver or a loader raises is what the doctor reports
        result = {"error": f"{error}" or type(error).__name__}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
