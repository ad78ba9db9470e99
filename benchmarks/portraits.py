"""What portraits cost on ResNet50: their share of a plain forward pass, and a frame with them.

    python -m benchmarks.portraits

The frame at the overview must not take longer with pictures than with all maps at any distance.
Where a GPU runs the model, it makes the scores of all layers, and the processor finds their colors:
what that takes, here of random scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.frame import MODEL, SIZE
from benchmarks.timing import format_milliseconds, format_table, time_medians
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetLayerPictures
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.portrait_sampling import portrait_size
from vrnn.compute.passes.turned_portraits import ScoredLayer
from vrnn.config.loader import load_config
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.model_spec import ModelSpec
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.viewpoints import camera_by_name, near_and_fog

REPEATS = 15
COLOR_REPEATS = 7
COLORED_MODELS = (MODEL, "torchvision:densenet201@random", "torchvision:vit_b_16@random")
MAX_SHARE = 0.15
MAX_FRAME_RATIO = 1.0


def time_portraits() -> list[tuple[str, ...]]:
    """Return rows: all portraits of an image and of a frame of a stream, beside a plain pass.

    They are timed where they are made: within a pass, as each layer has just run.
    """
    source = open_source(ModelSpec(MODEL))
    model = LoadedModel(source, "layers")
    spent = 0.0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            nonlocal spent
            started = time.perf_counter()
            result = function(*args)
            spent += time.perf_counter() - started
            return result

        return run

    seconds: dict[str, list[float]] = {"plain": [], "image": [], "stream": []}
    begin, make = timed(LayerPortraits.begin), timed(LayerPortraits.make)
    with patch.multiple(LayerPortraits, begin=begin, make=make):
        for number in range(REPEATS + 1):
            inputs, _, _ = source.prepare(None)
            started = time.perf_counter()
            with torch.inference_mode():
                source.model(*inputs.args, **inputs.kwargs)
            found = {"plain": time.perf_counter() - started}
            for name in ("image", "stream"):
                spent = 0.0
                model.run(None, lambda node, maps: None, lambda: None, continues=name == "stream")
                found[name] = spent
            if number:  # the first does not count
                for name, value in found.items():
                    seconds[name].append(value)
    medians = {name: sorted(values)[len(values) // 2] for name, values in seconds.items()}
    rows: list[tuple[str, ...]] = [("all portraits", "time", "plain pass", "share", "target")]
    for name, title in (("image", "of an image"), ("stream", "of a frame of a stream")):
        share = f"{medians[name] / medians['plain']:.2f}"
        times = format_milliseconds(medians[name]), format_milliseconds(medians["plain"])
        rows.append((title, *times, share, f"{MAX_SHARE}"))
    return rows


def time_colors(name: str) -> tuple[str, ...]:
    """Return a row: the colors of all layers in one call, and layer by layer.

    Args:
        name: Script or name of the model.
    """
    model = LoadedModel(open_source(ModelSpec(name)), "layers")
    one, other = LayerPortraits(model.view), LayerPortraits(model.view)
    layers: list[ScoredLayer] = []
    end = 0

    def take(node: int, maps: LayerMaps) -> None:
        nonlocal end
        if one.is_input_picture(node, maps.channels):
            layers.append(ScoredLayer(node, None))
            return
        values = torch.empty(maps.channels, maps.height, maps.width)
        found = one.features(node, values)
        if found is not None:
            channels, height, width = found.values.shape
            shape = (1 if channels == 1 else 3, *portrait_size(height, width))
            layers.append(ScoredLayer(node, shape, end, found.at_positions))
            end += layers[-1].size

    image = model.run(None, take, lambda: None).image
    plan = one.plan(layers)
    scores = np.random.default_rng(0).standard_normal(end).astype(np.float32)

    def each() -> None:
        other.begin(image)
        for layer in layers:
            own = None if layer.shape is None else layer.part_of(scores).reshape(layer.shape)
            other.make_of_scores(layer.node, own, layer.is_source)

    def together() -> None:
        one.begin(image)
        one.make_all(plan, scores)

    seconds = time_medians({"each": each, "all": together}, COLOR_REPEATS)
    times = [format_milliseconds(seconds[way]) for way in ("all", "each")]
    return (model.source.title, str(len(layers)), *times, "")


def time_frames() -> list[tuple[str, ...]]:
    """Return rows: a frame at the overview with portraits and with maps only."""
    tasks: dict[str, Callable[[], None]] = {}
    with OffscreenApp([ModelSpec(MODEL)], load_config()) as app:
        renderer, world = app._renderer, app.world
        target = RenderTarget(renderer.ctx, SIZE)
        camera = camera_by_name(world, "overview", SIZE[0] / SIZE[1], np.pi / 3)
        near, fog = near_and_fog(world, camera)
        view = View(camera, SIZE, fog, near)
        for picture in ("portrait", "maps"):
            app.do(SetLayerPictures(picture))
            draw_list = world.draw_list()

            def draw(draw_list=draw_list) -> None:  # type: ignore[no-untyped-def]
                renderer.draw(target, view, draw_list)
                renderer.ctx.finish()

            tasks[picture] = draw
        seconds = time_medians(tasks, REPEATS)
        target.release()
    ratio = f"{seconds['portrait'] / seconds['maps']:.2f}"
    times = format_milliseconds(seconds["portrait"]), format_milliseconds(seconds["maps"])
    return [
        ("1280×720, overview", "portraits", "maps only", "ratio", "target"),
        ("a frame", *times, ratio, f"{MAX_FRAME_RATIO}"),
    ]


def main() -> int:
    """Print the tables."""
    started = time.perf_counter()
    print(format_table(time_portraits()), end="\n\n")
    heads = ("colors of scores", "layers", "in one call", "layer by layer", "")
    print(format_table([heads, *map(time_colors, COLORED_MODELS)]), end="\n\n")
    print(format_table(time_frames()))
    print(f"\n{time.perf_counter() - started:.0f} s in all, {torch.get_num_threads()} threads")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
