"""From a CUDA model's memory into OpenGL's textures, on the GPU, where one GPU does both.

Through CUDA's graphics interop (CUDA Runtime API, "OpenGL Interoperability").
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import moderngl

from vrnn.render.gl_raw import TEXTURE_2D_ARRAY

WriteBox = tuple[int, int, int, int, int, int]
"""Corner (x, y, layer) and size (width, rows, layers) of a write into a texture array, texels."""


class InteropError(Exception):
    """CUDA refused a call."""


class CudaInterop:
    """Writes into texture arrays of half floats; where their context is current."""

    def __init__(self, runtime: Any) -> None:
        """Begin without textures.

        Args:
            runtime: `cuda.bindings.runtime`, or what takes its place in a test.

        Raises:
            InteropError: The current context is of no GPU that CUDA knows.
        """
        self._runtime = runtime
        self._resources: dict[int, Any] = {}
        self._streams: dict[int, Any] = {}
        every = runtime.cudaGLDeviceList.cudaGLDeviceListAll
        count, devices = self._call(runtime.cudaGLGetDevices, 16, every)
        self._devices = frozenset(devices[:count])
        if not self._devices:
            raise InteropError("the GPU that draws is not one that CUDA knows")

    def write(
        self, array: moderngl.TextureArray, device: int, parts: Sequence[tuple[int, WriteBox]]
    ) -> None:
        """Write into a texture array, which OpenGL finds changed from its next call on.

        Args:
            array: The texture array, of half floats of one component.
            device: Number of the device that has the values.
            parts: Where those of each box begin in its memory, and the box.

        Raises:
            InteropError: It could not be done, as when the device is another one than draws.
        """
        if device not in self._devices:
            raise InteropError(f"cuda:{device} is not the GPU that draws")
        runtime = self._runtime
        self._call(runtime.cudaSetDevice, device)
        resource, stream = self._resource_of(array), self._stream_of(device)
        self._call(runtime.cudaGraphicsMapResources, 1, resource, stream)
        try:
            for address, (x, y, first, width, rows, layers) in parts:
                for layer in range(layers):
                    (to,) = self._call(
                        runtime.cudaGraphicsSubResourceGetMappedArray, resource, first + layer, 0
                    )
                    self._call(
                        runtime.cudaMemcpy2DToArrayAsync, to, 2 * x, y,
                        address + 2 * width * rows * layer, 2 * width, 2 * width, rows,
                        runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice, stream,
                    )  # fmt: skip
            # Whoever computes may free the values once this returns.
            self._call(runtime.cudaStreamSynchronize, stream)
        finally:
            self._call(runtime.cudaGraphicsUnmapResources, 1, resource, stream)

    def _stream_of(self, device: int) -> Any:
        """A stream of its own for a device: a frame is not to wait for what the model computes."""
        if device not in self._streams:
            runtime = self._runtime
            _, highest = self._call(runtime.cudaDeviceGetStreamPriorityRange)
            (self._streams[device],) = self._call(
                runtime.cudaStreamCreateWithPriority, runtime.cudaStreamNonBlocking, highest
            )
        return self._streams[device]

    def _resource_of(self, array: moderngl.TextureArray) -> Any:
        """What CUDA knows a texture array as."""
        if array.glo not in self._resources:
            runtime = self._runtime
            flags = runtime.cudaGraphicsRegisterFlags.cudaGraphicsRegisterFlagsNone
            (self._resources[array.glo],) = self._call(
                runtime.cudaGraphicsGLRegisterImage, array.glo, TEXTURE_2D_ARRAY, flags
            )
        return self._resources[array.glo]

    def forget(self, array: moderngl.TextureArray) -> None:
        """Be told that a texture array is about to be released.

        Where CUDA refuses, as in a context that is lost, it does not know the array any more.
        """
        resource = self._resources.pop(array.glo, None)
        if resource is not None:
            with suppress(InteropError):
                self._call(self._runtime.cudaGraphicsUnregisterResource, resource)

    def _call(self, function: Any, *args: Any) -> tuple[Any, ...]:
        """Call CUDA, and return what it gives.

        Raises:
            InteropError: It refused.
        """
        error, *given = function(*args)
        if int(error):
            raise InteropError(f"{function.__name__}: {error.name}")
        return tuple(given)


def find_interop() -> tuple[CudaInterop | None, str]:
    """Return the interop of the context that is current on this thread, or None and the reason."""
    try:
        from cuda.bindings import runtime
    except (ImportError, RuntimeError) as error:
        return None, f"cuda-bindings is not there ({error}); pip install 'vrnn[cuda]'"
    try:
        return CudaInterop(runtime), ""
    except (InteropError, RuntimeError) as error:
        return None, str(error)
