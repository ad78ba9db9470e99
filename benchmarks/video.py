"""Live images through ResNet50: updates a second beside the plain forward pass.

    python -m benchmarks.video

Each update captures every layer shown, converts its maps and uploads them, as fast as images come;
the floor is the model alone with the same threads, in a process of its own: two threads of one
process that both run torch slow each other down, even one after the other, and in vrnn only the
worker does. Nothing is drawn.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import format_table
from vrnn.compute.loading.script import from_script
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.look import feature_map_colors
from vrnn.render.renderer import Renderer
from vrnn.scene.state import State
from vrnn.workspace.workspace import Workspace

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"
ROUNDS, SECONDS = 3, 2.0
"""How often each is measured, and for how long."""


def measure(detail: str) -> tuple[float, float]:
    """Return updates a second and plain passes a second, the best of some rounds of each."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(8)]
    context = offscreen_context()
    renderer = Renderer(context)
    worker = Worker()
    specs = [ModelSpec(str(MODEL))]
    worker.open(specs, detail)
    workspace = Workspace(
        worker, renderer, specs, detail, State(), 0.0, feature_map_colors(load_config())
    )
    while not workspace.feed.displayed_sequence:
        if workspace.feed.handle_events(worker.wait(1.0)):
            workspace.on_network_loaded()
        workspace.content.upload()
    while workspace.jobs.statuses:
        workspace.feed.handle_events(worker.wait(1.0))
        workspace.jobs.update()
    updates, passes = 0.0, 0.0
    for _ in range(ROUNDS):
        updates = max(updates, _count_updates(workspace, worker, images))
        passes = max(passes, _count_plain_passes())
    worker.close()
    workspace.close()
    renderer.release()
    context.release()
    return updates, passes


def _count_updates(workspace: Workspace, worker: Worker, images: list[np.ndarray]) -> float:
    """Stream images and return the updates a second."""
    count = 0
    workspace.show_live_frame(images[0])
    workspace.show_live_frame(images[1])
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        events = worker.wait(1.0)
        for event in events:
            if isinstance(event, ForwardComplete):
                count += 1
                workspace.show_live_frame(images[count % len(images)])
        workspace.feed.handle_events(events)
        workspace.content.upload()
    return count / (time.perf_counter() - started)


def _count_plain_passes() -> float:
    """Return the passes a second of the model alone, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.video", "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def run_model() -> None:
    """Run the model alone, and print the passes a second."""
    model = from_script(MODEL).model.eval()
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        for _ in range(5):
            model(x)
        started, passes = time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS:
            model(x)
            passes += 1
    print(passes / (time.perf_counter() - started))


def main(words: list[str]) -> int:
    """Print the table, or be the process with the model alone."""
    if words == ["plain"]:
        run_model()
        return 0
    rows = [("ResNet50, 224×224", "updates/s", "plain passes/s", "ratio", "target")]
    for detail in ("layers", "all"):
        updates, passes = measure(detail)
        target = "0.70" if detail == "layers" else ""
        rows.append((detail, f"{updates:.1f}", f"{passes:.1f}", f"{updates / passes:.2f}", target))
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
