"""Worlds in the middle of a move, and what rays into worlds hit, as golden text."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scene.test_geometry import SCORES, WORLDS, changed, world_of
from tests.support import geometry, golden_text
from tests.support.networks import residual
from tests.support.presented import graph_network
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.readout import legend_range
from vrnn.scene.state import FOLD_DISPLAYS, LayerState, State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.style.color_mapping import ColorMapping

FOLDED = frozenset({(0, "layer1")})
STATES = {
    "terrace": State(),
    "conveyor": State("conveyor"),
    "folded": State(folds=FOLDED),
    "ring": changed(conv1=LayerState(form="ring"), conv2=LayerState(form="line", spread=1.5)),
    "few": changed(conv1=LayerState(form="ring", most=5), conv2=LayerState(form="line", most=3)),
    "one-map": changed(conv1=LayerState(folded=True), conv2=LayerState(folded=True, size=1.5)),
    "moved": changed(conv1=LayerState(offset=(0.5, 1.0, 0.25)), add=LayerState(size=2.0)),
}
MOVES = [
    ("terrace", "conveyor"), ("conveyor", "terrace"), ("terrace", "folded"),
    ("folded", "terrace"), ("terrace", "ring"), ("ring", "terrace"), ("ring", "one-map"),
    ("one-map", "ring"), ("terrace", "one-map"), ("one-map", "terrace"), ("ring", "few"),
    ("few", "one-map"), ("ring", "folded"), ("folded", "ring"), ("one-map", "folded"),
    ("moved", "ring"), ("conveyor", "one-map"),
]  # fmt: skip


def brief(lines):
    """The lines without those of text and of images, of which only every third stays."""
    lines = [line for line in lines if not line.startswith(("label", "image"))]
    panels = [line for line in lines if line.startswith("panel")]
    return panels + [line for line in lines if not line.startswith("panel")][::3]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_passes_where_it_was_approved(before, after, regenerate):
    world = world_of(residual(1, 1), [SCORES], STATES[before])
    world.set_state(STATES[after])
    lines = []
    for step in range(40):
        if step in (3, 14):
            lines += [f"step {step}", *brief(geometry.draw_list_lines(world.draw_list()))]
        world.advance(1 / 25)
    assert not world.is_moving
    expected = world_of(residual(1, 1), [SCORES], STATES[after])
    rest = geometry.draw_list_lines(expected.draw_list())
    golden_text.check(f"geometry/move-{before}-{after}", lines, regenerate)
    assert len(geometry.draw_list_lines(world.draw_list())) == len(rest)


@pytest.mark.parametrize("shows", FOLD_DISPLAYS)
@pytest.mark.parametrize("normalize_by", ["map", "network"])
def test_folded_layers_show_one_map(shows, normalize_by, regenerate):
    layers = STATES["one-map"].layers
    mapping = ColorMapping(normalize_by=normalize_by)
    state = State(layers=layers, fold_display=shows, color_mapping=mapping)
    world = world_of(residual(1, 1), [SCORES], state)
    lines = geometry.draw_list_lines(world.draw_list())
    panels = [line for line in lines if line.startswith("panel")]
    golden_text.check(f"geometry/one-map-{shows}-{normalize_by}", panels, regenerate)


@pytest.mark.parametrize("name", ["terrace", "conveyor", "folded", "forms", "two-networks", "pins"])
def test_what_is_hovered_stands_out(name, regenerate):
    """Only what is drawn otherwise than without a pointer."""
    world = WORLDS[name]()
    plain = geometry.draw_list_lines(world.draw_list())
    kinds = {region.kind: region for region in world.pick_regions()}
    node = next(iter(world.networks[0].network.nodes)).id
    hits = [Hit("layer", 2.0, 0, node), Hit("layer", 2.0, 0, node + 2, 1, 2, 3)]
    hits += [
        Hit(kind, 2.0, region.slot, region.node, value=region.value, region=region)
        for kind, region in sorted(kinds.items())
    ]
    lines = []
    for hit in hits:
        world.hover(hit)
        now = geometry.draw_list_lines(world.draw_list())
        other = [line for line in now if line not in plain]
        box = world.receptive_field_box(hit)
        lines += [f"{hit.kind} {hit.node}: {len(now)} lines", *other[:12]]
        lines.append("sees " + ("nothing" if box is None else geometry.region_line(box)))
    golden_text.check(f"geometry/hovered-{name}", lines, regenerate)


def hit_text(hit: Hit | None) -> str:
    if hit is None:
        return "nothing"
    place = golden_text.numbers([hit.distance, hit.across, hit.down])
    return (
        f"{hit.kind} of {hit.slot} {hit.node} channel {hit.channel} at {hit.row} {hit.column} "
        f"{hit.value} {place} {hit.picture}"
    )


def rays(camera: Camera, columns: int, rows: int):
    """Rays through the middles of a grid before a camera."""
    for row in range(rows):
        for column in range(columns):
            x, y = (2 * column + 1) / columns - 1, 1 - (2 * row + 1) / rows
            yield camera.position, camera.ray(x, y, 16 / 9)


RAY_WORLDS = {
    name: WORLDS[name]
    for name in ("terrace", "conveyor", "folded", "forms", "text", "video", "pins", "two-networks",
                 "layer-picture", "feature-images", "moved", "in-a-move")
} | {
    "nodes": lambda: world_of(graph_network()),
    "one-map": lambda: world_of(residual(1, 1), [SCORES], STATES["one-map"]),
    "ring": lambda: world_of(residual(1, 1), [SCORES], STATES["ring"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RAY_WORLDS)
def test_what_rays_hit(name, regenerate):
    world = RAY_WORLDS[name]()
    layers = [node.name for node in world.networks[0].network.nodes]
    lines = []
    for view in ("overview", f"layer:{layers[1]}", f"layer:{layers[len(layers) // 2]}"):
        camera = camera_by_name(world, view, 16 / 9, np.radians(60))
        for number, (origin, direction) in enumerate(rays(camera, 19, 12)):
            hit = world.pick(origin, direction)
            if hit is None:
                continue
            ends = legend_range(world, hit)
            box = world.receptive_field_box(hit)
            text = f"{view} {number}: {hit_text(hit)}"
            text += f" legend {'none' if ends is None else golden_text.numbers(ends)}"
            lines.append(text + ("" if box is None else f" sees {golden_text.numbers(box.origin)}"))
        lines.append(f"{view}: {len(lines)} hits so far")
    golden_text.check(f"geometry/rays-{name}", lines, regenerate)


@pytest.mark.parametrize("by", ["map", "layer", "network"])
def test_legends(by, regenerate):
    lines = []
    for symmetric in (False, True):
        for clip in (100.0, 95.0):
            mapping = ColorMapping(normalize_by=by, symmetric=symmetric, clip_percentile=clip)
            world = world_of(residual(1, 1), [SCORES], State(color_mapping=mapping))
            for hit in (
                None, Hit("layer", 1.0, 0, 2, 3), Hit("layer", 1.0, 0, 2, -1),
                Hit("button", 1.0, 0, 2), Hit("layer", 1.0, 0, 2, 1, picture="portrait"),
                Hit("layer", 1.0, 7, 2, 1), Hit("layer", 1.0, 0, 99, 1),
            ):  # fmt: skip
                ends = legend_range(world, hit)
                told = "none" if ends is None else golden_text.numbers(ends)
                lines.append(f"{symmetric} {clip:g} {hit_text(hit)}: {told}")
    golden_text.check(f"geometry/legends-{by}", lines, regenerate)
