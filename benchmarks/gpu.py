"""A CUDA model's new image, every texture updated, beside the model's plain pass.

    python -m benchmarks.gpu

For each model, milliseconds until the GPU is done:

1. the plain pass, asked for from Python as usual;
2. from the image to every texture, in a pass that was captured as a CUDA graph, through CUDA's
   graphics interop and, beside it, through memory of the host;
3. the same with the portraits of all layers, whose last part the processor does;
4. a pass as usual, as the first ones are, to the last layer's block on the host;
5. from the image to every texture in a pass that is cut into pieces, as beside a headset's frames,
   where none is made just then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import format_milliseconds, format_table
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_maps import DeviceBlock, LayerMaps
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.map_store import MapStores

EXAMPLES = Path(__file__).parent.parent / "examples"
MODELS = (
    str(EXAMPLES / "resnet50.py"), "torchvision:densenet201@random", "torchvision:vit_b_16@random",
)  # fmt: skip
REPEATS = 25
TARGET = 1.15


class Run:
    """A model whose passes go into textures."""

    def __init__(self, name: str) -> None:
        self.context = offscreen_context()
        self.gate = FrameGate()
        source = open_source(ModelSpec(name, device="cuda"))
        self.model = LoadedModel(source, "layers", self.gate)
        self.stores = MapStores(self.context, 8 << 30)
        self.image = np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)
        self.seconds_to_textures = 0.0
        self.has_interop = True
        self.usual = self.capture()
        sizes = {node: maps.size for node, maps in self.usual.items()}
        order = [node.id for node in self.model.network.nodes if node.id in sizes]
        self.stores.allocate(0, {node: sizes[node] for node in order})

    def capture(self) -> Mapping[int, FeatureMaps]:
        """Capture a pass after two as usual, whose maps are returned."""
        for _ in range(2):
            result = self.model.run(self.image, lambda node, maps: None, lambda: None)
        self.model.passes.capture(result)
        return result.maps

    def keep(self, maps: Mapping[int, LayerMaps]) -> None:
        """Do nothing with maps."""

    def forward(
        self, on_portraits: Callable[[Mapping[int, LayerMaps]], None]
    ) -> dict[int, LayerMaps]:
        """Run the image; what is called in between gets the maps so far."""
        maps: dict[int, LayerMaps] = {}
        count = len(self.model.network.nodes)

        def on_maps(node: int, layer: LayerMaps) -> None:
            maps[node] = layer
            if len(maps) == count:
                on_portraits(maps)

        self.model.run(self.image, on_maps, lambda: None)
        return maps

    def into_textures(self) -> None:
        """Run the image until all textures are there; the portraits follow."""
        started = time.perf_counter()

        def send(maps: Mapping[int, LayerMaps]) -> None:
            blocks: dict[int, DeviceBlock] = {
                node: layer.stored
                for node, layer in maps.items()
                if not isinstance(layer.stored, np.ndarray)
            }
            sent = self.has_interop and self.stores.upload_from_device(0, blocks)
            assert sent or not self.has_interop, self.stores.no_interop
            if not sent:
                for node, layer in maps.items():
                    self.stores.upload(0, node, layer.block)
            self.context.finish()
            self.seconds_to_textures = time.perf_counter() - started

        self.forward(send)

    def plain(self) -> None:
        """Run the model alone."""
        with torch.no_grad():
            self.model.source.model(*self.model.inputs)
        torch.cuda.synchronize()


def measure(name: str) -> list[tuple[str, ...]]:
    """Return the table's rows of a model."""
    run = Run(name)
    title = run.model.source.title
    if run.model.captured.refusal:
        return [(f"{title}: {run.model.captured.refusal}", "", "", "", "")]
    tasks = ("plain", "interop", "portraits", "host", "usual")
    seconds: dict[str, list[float]] = {task: [] for task in tasks}
    for repeat in range(REPEATS + 3):
        taken: dict[str, float] = {}
        started = time.perf_counter()
        run.plain()
        taken["plain"] = time.perf_counter() - started
        for run.has_interop, task in ((True, "interop"), (False, "host")):
            started = time.perf_counter()
            run.into_textures()
            taken[task] = run.seconds_to_textures
            if run.has_interop:
                taken["portraits"] = time.perf_counter() - started
        if repeat < 5:
            captured, run.model.captured.current = run.model.captured.current, None
            started = time.perf_counter()
            run.forward(run.keep)
            taken["usual"] = time.perf_counter() - started
            run.model.captured.current = captured
        if repeat >= 2:
            for task, value in taken.items():
                seconds[task].append(value)
    run.gate.begin_session()
    run.capture()
    seconds["pieces"] = []
    captured, run.has_interop = run.model.captured.current, True
    for _ in range(REPEATS):
        run.into_textures()
        seconds["pieces"].append(run.seconds_to_textures)
    pieces = 0 if captured is None else captured.pieces
    medians = {task: float(np.median(values)) for task, values in seconds.items()}
    megabytes = sum(2 * maps.size for maps in run.usual.values()) / 2**20
    rows: list[tuple[str, ...]] = [
        (f"{title}, {megabytes:.0f} MB", "plain pass", "time", "ratio", "target")
    ]
    for task, label, target in (
        ("interop", "all textures, interop", f"{TARGET:.2f}"),
        ("host", "all textures, by way of the host", ""),
        ("portraits", "all textures and portraits", ""),
        ("usual", "a pass that is not captured", ""),
        ("pieces", f"all textures, in {pieces} pieces", ""),
    ):
        rows.append(
            (
                label, format_milliseconds(medians["plain"]), format_milliseconds(medians[task]),
                f"{medians[task] / medians['plain']:.2f}", target,
            )
        )  # fmt: skip
    return rows


def main() -> int:
    """Print the tables."""
    if not torch.cuda.is_available():
        print("no CUDA device")
        return 0
    print(torch.cuda.get_device_name(), torch.__version__)
    for name in MODELS:
        print(format_table(measure(name)), end="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
