"""How much memory feature maps may take on the GPU, where the user has not said it."""

from __future__ import annotations

import moderngl

from vrnn.render.gl_raw import RawGL
from vrnn.storage.machine_memory import host_bytes

NVIDIA_TOTAL_KILOBYTES = 0x9048
"""GPU_MEMORY_INFO_TOTAL_AVAILABLE_MEMORY_NVX of GL_NVX_gpu_memory_info."""
ATI_FREE_KILOBYTES = 0x87FC
"""TEXTURE_FREE_MEMORY_ATI of GL_ATI_meminfo; the first of its four numbers."""
SHARE_OF_GPU, SHARE_OF_HOST = 0.5, 0.25
"""Part of the GPU's memory that maps may take; of the machine's, where the GPU's is not told, as
where it has none of its own."""
LEAST_BYTES = 256 * 2**20
"""What maps may take on any machine."""


def default_map_bytes(ctx: moderngl.Context) -> int:
    """Return how many bytes feature maps may take on the GPU of a context."""
    kilobytes, share = 0, SHARE_OF_GPU
    if "GL_NVX_gpu_memory_info" in ctx.extensions:
        (kilobytes,) = RawGL().integers(NVIDIA_TOTAL_KILOBYTES)
    elif "GL_ATI_meminfo" in ctx.extensions:
        kilobytes = RawGL().integers(ATI_FREE_KILOBYTES, 4)[0]
    if kilobytes <= 0:
        kilobytes, share = host_bytes() >> 10, SHARE_OF_HOST
    return max(LEAST_BYTES, int(share * kilobytes) << 10)
