"""A new image, every texture updated: ResNet50 at 224, in parts, each beside its floor.

    python -m benchmarks.image_in

1. a pass that captures every layer, beside the plain forward pass with the same threads;
2. half floats, pyramids and statistics of all layers, beside one read and one write of them; of
   what of them can be seen behind portraits from the overview; and of a frame of a stream there,
   where what portraits hide is renewed in turn, the mean of as many frames as that takes;
3. the upload of all blocks, until the GPU is done, beside a copy of the same bytes in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import format_milliseconds, format_table, time_least, time_medians
from vrnn.compute.loading.script import from_script
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.passes.hidden_maps import TURNS, HiddenMaps
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.network.coarse_levels import fine_levels
from vrnn.network.feature_maps import FeatureMaps
from vrnn.render.context import offscreen_context
from vrnn.render.map_store import MapStore
from vrnn.scene.seen_layers import SIDE_BEHIND_PICTURE

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"


def time_parts(detail: str) -> list[tuple[str, float, float, float]]:
    """Return the name, the seconds, the floor's seconds and the target ratio of each part."""
    model = from_script(MODEL).model.eval()
    inputs = (torch.randn(1, 3, 224, 224),)
    graph = simplify(trace(model, inputs, "resnet50"), detail)
    replay = Replay(model, graph)

    def plain() -> None:
        with torch.no_grad():
            model(*inputs)

    passes = time_medians(
        {"plain": plain, "capture": lambda: replay.run(inputs, lambda n, t: None)}
    )

    tensors: dict[int, torch.Tensor] = {}
    replay.run(inputs, lambda node, tensor: tensors.update({node: tensor.clone()}))
    halves = {n: torch.empty(t.numel(), dtype=torch.float16) for n, t in tensors.items()}
    maps: dict[int, FeatureMaps] = {}

    def copy(node: int) -> None:
        halves[node].copy_(tensors[node].view(-1))

    def convert(node: int) -> None:
        maps[node] = to_feature_maps(tensors[node], graph.map_layouts[node])

    portraits = LayerPortraits(graph)  # which are made elsewhere
    unseen = fine_levels(graph.network, SIDE_BEHIND_PICTURE)

    def convert_seen(node: int) -> None:
        layout, left_out = graph.map_layouts[node], unseen.get(node, 0)
        if left_out:
            HiddenMaps(portraits, {}).make(
                node, tensors[node], layout, None, lambda maps: None, left_out
            )
        else:
            to_feature_maps(tensors[node], layout)

    small = set(fine_levels(graph.network, 1))
    stream = HiddenMaps(portraits, {})

    def convert_hidden(node: int) -> None:
        if node in small:
            levels = unseen.get(node, 1)
            layout = graph.map_layouts[node]
            stream.make(node, tensors[node], layout, None, lambda maps: None, levels)
        else:
            to_feature_maps(tensors[node], graph.map_layouts[node])

    def stream_frame(turn: int, node: int) -> None:
        if node == min(tensors):
            stream.begin(small, True)
        convert_hidden(node)

    tasks = {"copy": copy, "convert": convert, "convert_seen": convert_seen}
    parts = {name: [partial(task, node) for node in tensors] for name, task in tasks.items()}
    for node in tensors:
        stream_frame(0, node)  # the first frame has all
    parts["stream"] = [partial(stream_frame, t, n) for t in range(TURNS) for n in sorted(tensors)]
    conversions = time_least(parts)
    uploads = time_medians(upload_tasks(maps))
    return [
        ("pass with capture", passes["capture"], passes["plain"], 1.15),
        ("half floats and statistics", conversions["convert"], conversions["copy"], 2.5),
        ("of what the overview shows", conversions["convert_seen"], conversions["copy"], 0.5),
        ("of a stream's frame there", conversions["stream"] / TURNS, conversions["copy"], 0.5),
        ("upload", uploads["upload"], uploads["copy"], 3.0),
    ]


def upload_tasks(maps: dict[int, FeatureMaps]) -> dict[str, Callable[[], None]]:
    """Return the upload of all blocks, and a copy of them in memory."""
    context = offscreen_context()
    store = MapStore(context, {node: layer.block.size for node, layer in maps.items()})
    copies = {node: np.empty_like(layer.block) for node, layer in maps.items()}

    def upload() -> None:
        for node, layer in maps.items():
            store.upload(node, layer.block)
        context.finish()

    def copy() -> None:
        for node, layer in maps.items():
            np.copyto(copies[node], layer.block)

    return {"upload": upload, "copy": copy}


def main() -> int:
    """Print the table."""
    rows = [("ResNet50, 224×224", "seconds", "floor", "ratio", "target")]
    for detail in ("layers", "all"):
        for part, seconds, floor, target in time_parts(detail):
            name = f"{part}, {detail}"
            ratio = f"{seconds / floor:.2f}"
            rows.append(
                (
                    name,
                    format_milliseconds(seconds),
                    format_milliseconds(floor),
                    ratio,
                    f"{target:.2f}",
                )
            )
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
