"""Memory beyond the model's own, beside the volume of all maps in half precision.

    python -m benchmarks.memory

Host memory is what a process holds after all maps are shown, less what one holds that imports the
same libraries and runs the same model once, less the textures, which software OpenGL keeps in the
same memory, less what drawing needs with a network of next to no maps.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.timing import table

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")

PLAIN = """
import torch
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec
import vrnn.studio
source = open_source(ModelSpec({model!r}))
inputs, _ = source.prepare(None)
with torch.no_grad():
    source.model.eval()
    for _ in range(3):
        source.model(*inputs)
"""
SHOWN = """
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.app.offscreen import OffscreenApp
studio = OffscreenApp([ModelSpec({model!r})], load_config(), {detail!r})
for _ in range(2):
    studio.show(None)
maps = studio.world.networks[0].maps.values()
print("gpu", studio.map_bytes)
print("volume", 2 * sum(m.values.size for m in maps))
"""
RESIDENT = """
import ctypes, gc
gc.collect()
ctypes.CDLL("libc.so.6").malloc_trim(0)
print("resident", int(open("/proc/self/statm").read().split()[1]) * 4096)
"""
TINY = "from torch import nn\nmodel = nn.Conv2d(3, 1, 1)\ninput_size = (8, 8)\n"


def measured(code: str, **values: str) -> dict[str, int]:
    """What a process of its own prints about itself."""
    words = [sys.executable, "-c", code.format(**values) + RESIDENT]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    pairs = (line.split() for line in done.stdout.splitlines())
    return {name: int(value) for name, value in pairs}


def megabytes(size: int) -> str:
    """`12 MB`."""
    return f"{size / 2**20:.0f} MB"


def main() -> int:
    """Print the table."""
    tiny = Path(__file__).parent / "tiny_model.py"
    tiny.write_text(TINY, encoding="utf-8")
    try:
        drawing = (
            measured(SHOWN, model=str(tiny), detail="all")["resident"]
            - measured(PLAIN, model=str(tiny))["resident"]
        )
    finally:
        tiny.unlink()
    plain = measured(PLAIN, model=MODEL)["resident"]
    rows = [("ResNet50, 224×224", "half precision", "GPU", "ratio", "host", "ratio", "target")]
    for detail in ("layers", "all"):
        shown = measured(SHOWN, model=MODEL, detail=detail)
        volume, gpu = shown["volume"], shown["gpu"]
        host = shown["resident"] - plain - drawing - gpu
        held = [cell for n in (gpu, host) for cell in (megabytes(n), f"{n / volume:.2f}")]
        rows.append((detail, megabytes(volume), *held, "1.30"))
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
