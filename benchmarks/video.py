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

from benchmarks.timing import table
from vrnn.compute.worker import ForwardComplete, Worker
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.look import feature_map_colors
from vrnn.render.renderer import Renderer
from vrnn.scene.state import State
from vrnn.workspace.workspace import Workspace

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"
ROUNDS, SECONDS = 4, 3.0
PLAIN = """
import time, torch
from pathlib import Path
from vrnn.compute.loading.script import from_script
model = from_script(Path({model!r})).model.eval()
x = torch.randn(1, 3, 224, 224)
with torch.no_grad():
    for _ in range(5):
        model(x)
    start, passes = time.perf_counter(), 0
    while time.perf_counter() - start < {seconds}:
        model(x)
        passes += 1
print(passes / (time.perf_counter() - start))
"""


def updates(detail: str) -> tuple[float, float]:
    """Updates a second, and plain passes a second: the best of some rounds of each."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(8)]
    context = offscreen_context()
    renderer = Renderer(context)
    worker = Worker()
    specs = [ModelSpec(str(MODEL))]
    worker.open(specs, detail)
    place = Workspace(
        worker, renderer, specs, detail, State(), 0.0, feature_map_colors(load_config())
    )
    while not place.feed.displayed_sequence:
        if place.feed.handle_events(worker.wait(1.0)):
            place.on_network_loaded()
        place.upload()
    while place.jobs.statuses:
        place.feed.handle_events(worker.wait(1.0))
        place.jobs.update()
    best, floor = 0.0, 0.0
    for _ in range(ROUNDS):
        best = max(best, _stream(place, worker, images))
        floor = max(floor, _plain())
    worker.close()
    place.close()
    renderer.release()
    context.release()
    return best, floor


def _plain() -> float:
    code = PLAIN.format(model=str(MODEL), seconds=SECONDS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _stream(place: Workspace, worker: Worker, images: list[np.ndarray]) -> float:
    count = 0
    place.show_live_frame(images[0])
    place.show_live_frame(images[1])
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        events = worker.wait(1.0)
        for event in events:
            if isinstance(event, ForwardComplete):
                count += 1
                place.show_live_frame(images[count % len(images)])
        place.feed.handle_events(events)
        place.upload()
    return count / (time.perf_counter() - start)


def main() -> int:
    """Print the table."""
    rows = [("ResNet50, 224×224", "updates/s", "plain passes/s", "ratio", "target")]
    for detail in ("layers", "all"):
        best, floor = updates(detail)
        target = "0.70" if detail == "layers" else ""
        rows.append((detail, f"{best:.1f}", f"{floor:.1f}", f"{best / floor:.2f}", target))
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
