"""Memory beyond the model's own, beside the volume of all maps in half precision.

    python -m benchmarks.memory

Host memory is what a process holds once all maps are shown and the worker rests, less what one
holds that imports the same libraries and runs the same model once, less the textures, which
software OpenGL keeps in the same memory, less what drawing needs with a network of next to no maps.
"""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.timing import format_table

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
PAGE_BYTES = 4096
TINY_MODEL = "from torch import nn\nmodel = nn.Conv2d(3, 1, 1)\ninput_size = (8, 8)\n"


def run_model(model: str) -> None:
    """Import what the app imports, run the model alone and print what the process holds."""
    import torch

    import vrnn.app.offscreen
    from vrnn.compute.loaded_model import LoadedModel  # noqa: F401
    from vrnn.compute.loading.source import open_source
    from vrnn.network.model_spec import ModelSpec

    assert vrnn.app.offscreen
    source = open_source(ModelSpec(model))
    inputs = source.prepare(None).inputs
    with torch.no_grad():
        source.model.eval()
        for _ in range(3):
            source.model(*inputs)
    _print_resident()


def show_model(model: str, detail: str) -> None:
    """Show all maps of the model, and print their sizes and what the process holds."""
    from vrnn.app.offscreen import OffscreenApp
    from vrnn.compute import allocator
    from vrnn.config.loader import load_config
    from vrnn.network.model_spec import ModelSpec

    allocator.share_one_arena()  # as the command line does
    app = OffscreenApp([ModelSpec(model)], load_config(), detail)
    for _ in range(2):
        app.show(None)
        _wait_for_rest()
    maps = app.world.networks[0].maps.values()
    print("gpu", app.map_bytes)
    print("volume", 2 * sum(m.values.size for m in maps))
    _print_resident()


def _wait_for_rest() -> None:
    """Wait until the check of the graph has ended too: this process takes no processor time."""
    while True:
        before = time.process_time()
        time.sleep(0.5)
        if time.process_time() - before < 0.01:
            return


def _print_resident() -> None:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print("resident", pages * PAGE_BYTES)


def measure(*words: str) -> dict[str, int]:
    """Return the bytes that a process of its own prints about itself, by name.

    Args:
        words: `plain MODEL` or `shown MODEL DETAIL`.
    """
    command = [sys.executable, "-m", "benchmarks.memory", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pairs = (line.split() for line in done.stdout.splitlines())
    return {name: int(value) for name, value in pairs}


def format_megabytes(size: int) -> str:
    """Format a number of bytes: `12 MB`."""
    return f"{size / 2**20:.0f} MB"


def measure_shown(details: tuple[str, ...]) -> dict[str, tuple[int, int, int]]:
    """Return bytes by level of detail: maps in half precision, GPU memory, host memory."""
    tiny = Path(__file__).parent / "tiny_model.py"
    tiny.write_text(TINY_MODEL, encoding="utf-8")
    try:
        drawing = (
            measure("shown", str(tiny), "all")["resident"] - measure("plain", str(tiny))["resident"]
        )
    finally:
        tiny.unlink()
    plain = measure("plain", MODEL)["resident"]
    found = {}
    for detail in details:
        shown = measure("shown", MODEL, detail)
        host = shown["resident"] - plain - drawing - shown["gpu"]
        found[detail] = shown["volume"], shown["gpu"], host
    return found


def print_table() -> None:
    """Measure in other processes, and print the table."""
    rows = [("ResNet50, 224×224", "half precision", "GPU", "ratio", "host", "ratio", "target")]
    for detail, (volume, gpu, host) in measure_shown(("layers", "all")).items():
        rows.append((
            detail, format_megabytes(volume), format_megabytes(gpu), f"{gpu / volume:.2f}",
            format_megabytes(host), f"{host / volume:.2f}", "1.30",
        ))  # fmt: skip
    print(format_table(rows))


def main(words: list[str]) -> int:
    """Print the table, or be one of the processes that are measured."""
    if words[:1] == ["plain"]:
        run_model(words[1])
    elif words[:1] == ["shown"]:
        show_model(words[1], words[2])
    else:
        print_table()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
