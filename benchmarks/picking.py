"""Picking among 500,000 maps: milliseconds for each pick, and whether it is exact.

python -m benchmarks.picking
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.timing import format_milliseconds, format_table
from vrnn.network.graph import Edge, Network, NetworkInfo, Node
from vrnn.scene.layout.map_grid import MapForm, map_grid
from vrnn.scene.state import LayerState, State
from vrnn.scene.world import World

LAYERS, CHANNELS, SIDE = 500, 1000, 14
PICKS = 400


def create_world(form: MapForm) -> World:
    """Create half a million maps, all in one arrangement.

    Args:
        form: See `LayerState`.
    """
    shape = (CHANNELS, SIDE, SIDE)
    nodes = tuple(
        Node(i, f"stage{i // 25}.op{i}", "conv2d", "conv", f"stage{i // 25}", shape)
        for i in range(LAYERS)
    )
    edges = tuple(Edge(i, i + 1) for i in range(LAYERS - 1))
    state = State()
    if form != "grid":
        for node in nodes:
            state = state.with_layer((0, node.name), LayerState(form=form))
    world = World(state)
    world.open(
        0, Network("wide", nodes, edges, (0,), (LAYERS - 1,)), NetworkInfo("wide", (), False, 0)
    )
    world.pick_regions()
    return world


def time_picks(form: MapForm) -> tuple[float, float, int]:
    """Return the median and 99th percentile of a pick's seconds, and how many were wrong."""
    world = create_world(form)
    placements = world.placement_frame(0)
    rng = np.random.default_rng(0)
    seconds, wrong = [], 0
    grid = map_grid((CHANNELS, SIDE, SIDE), form)
    for _ in range(PICKS):
        node, channel, row, column = (int(rng.integers(n)) for n in (LAYERS, CHANNELS, SIDE, SIDE))
        x, y, z, *_ = placements.panel_rect(node).tolist()
        center, (w, h) = grid.centers[channel], grid.cell_size
        target = np.array(
            [
                x + center[0] + w * ((column + 0.5) / SIDE - 0.5),
                y + center[1] + h * (0.5 - (row + 0.5) / SIDE),
                z,
            ]
        )
        eye = target + np.array([0, 0, 0.4])  # nearer than the next row's panels
        direction = (target - eye) / np.linalg.norm(target - eye)
        started = time.perf_counter()
        hit = world.pick(eye, direction)
        seconds.append(time.perf_counter() - started)
        picked = None if hit is None else (hit.node, hit.channel, hit.row, hit.column)
        wrong += picked != (node, channel, row, column)
    return float(np.median(seconds)), float(np.percentile(seconds, 99)), wrong


def main() -> int:
    """Print the table."""
    rows = [(f"{LAYERS * CHANNELS:,} maps", "median", "99 %", "wrong", "target")]
    forms: tuple[MapForm, ...] = ("grid", "line")
    for form in forms:
        median, late, wrong = time_picks(form)
        rows.append(
            (
                form,
                format_milliseconds(median),
                format_milliseconds(late),
                str(wrong),
                "1 ms, 0 wrong",
            )
        )
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
