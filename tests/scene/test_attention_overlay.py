"""Attention over the input: the patches that a row attends to, and the row of a patch."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene import attention_overlay as overlay
from vrnn.scene.attention_overlay import (
    TokenGrid,
    attended_picture,
    attention_overlay,
    attention_text,
    token_grid,
)
from vrnn.scene.picking import Hit
from vrnn.scene.readout import hover_text

SIDE = 4
"""Patches in a row."""


class Patches(nn.Module):
    """A small vision transformer: 16 patches behind a class token."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        tokens = self.embed(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1)
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=True)
        return self.head((tokens + mixed)[:, 0])


@pytest.fixture(scope="module")
def world():
    torch.manual_seed(0)
    model = Patches().eval()
    with OffscreenApp((ModelSpec(model, input_size=(32, 32)),), load_config()) as app:
        yield app.world


@pytest.fixture(scope="module")
def attention(world):
    nodes = world.networks[0].network.nodes
    return next(n for n in nodes if n.presentation == "attention")


def test_tokens_lie_on_the_input_behind_the_class_token(world, attention):
    assert token_grid(world.networks[0], attention.id) == TokenGrid(1, SIDE, SIDE)


def lights(world, quads):
    """Opacity of the light over each patch, (SIDE, SIDE), from where it lies on the input."""
    canvas = next(r for r in world.pick_regions() if r.kind == "input")
    size = np.array([canvas.right[0], -canvas.down[1]]) / SIDE
    seen = np.zeros((SIDE, SIDE))
    for quad in quads:
        if quad["top"][0] > 0.9:  # the accent, over the input
            across, down = (quad["origin"][:2] - canvas.origin[:2]) / size * (1, -1)
            seen[round(float(down)), round(float(across))] = quad["top"][3]
    return seen


def test_a_row_lights_up_what_it_attends_to(world, attention):
    hit = Hit("layer", 1.0, 0, attention.id, 1, 6, 3)
    world.hover(hit)
    weights = world.networks[0].maps[attention.id].values[1, 6].astype(float)
    seen = lights(world, attention_overlay(world, hit))
    expected = weights[1:].reshape(SIDE, SIDE)
    assert np.allclose(seen / seen.max(), expected / expected.max(), atol=0.02)
    assert "head 1, query 6 → key 3 = " in hover_text(world)


def test_the_picture_shows_the_same_where_the_input_is_out_of_view(world, attention):
    hit = Hit("layer", 1.0, 0, attention.id, 0, 9, 3)
    image = world.networks[0].result.image.astype(int)
    shown = attended_picture(world, hit).astype(int)
    weights = world.networks[0].maps[attention.id].values[0, 9, 1:].reshape(SIDE, SIDE)
    changed = np.abs(shown[..., 0] - image[..., 0] * 0.55).reshape(SIDE, 8, SIDE, 8).mean((1, 3))
    assert np.argmax(changed) == np.argmax(weights)
    assert attended_picture(world, Hit("input", 1.0, 0)) is None


def test_the_input_lights_up_the_same_for_the_patch_there_and_its_rows(world, attention):
    world.hover(Hit("layer", 1.0, 0, attention.id, 1, 6, 3))
    canvas = next(r for r in world.pick_regions() if r.kind == "input")
    hit = Hit("input", 1.0, 0, across=1.5 / SIDE, down=1.5 / SIDE, region=canvas)  # patch 5
    world.hover(hit)
    quads = attention_overlay(world, hit)
    row = attention_overlay(world, Hit("layer", 1.0, 0, attention.id, 1, 6, 0))
    assert (quads[: len(row)] == row).all()
    frame = world.placement_frame(0)
    maps, rect = frame.map_placements(attention.id), frame.panel_rect(attention.id)
    bars = quads[len(row) :]
    assert len(bars) == len(maps.channels) == 2
    for bar, center, size in zip(bars, rect[:3] + maps.centers, maps.sizes, strict=True):
        top = center[1] + size[1] / 2
        assert bar["origin"][1] == pytest.approx(top - size[1] * 6 / (SIDE * SIDE + 1), abs=1e-4)
    weights = world.networks[0].maps[attention.id].values[1, 6]
    text = f"head 1, query 6 → key {int(weights.argmax())}"
    assert attention_text(world, hit) == f"{attention.name}: {text}"
    assert attention_text(world, Hit("layer", 1.0, 0, attention.id, 1, 6, 0)) == text


def test_nothing_lights_up_before_an_attention_layer_was_pointed_at(world):
    world.last_attention.clear()
    assert len(attention_overlay(world, Hit("input", 1.0, 0, across=0.5, down=0.5))) == 0


def test_nothing_is_known_of_tokens_before_the_maps_have_come(world, attention):
    network = world.networks[0]
    kept = dict(network.maps)
    network.maps.clear()
    try:
        assert token_grid(network, attention.id) is None
    finally:
        network.maps.update(kept)


def test_the_bar_over_a_row_among_very_many_can_still_be_seen(world, attention, monkeypatch):
    height = world.placement_frame(0).map_placements(attention.id).sizes[0, 1]
    for rows, part in ((17, 1 / 17), (60, 1 / 60), (197, 1 / 60)):
        monkeypatch.setattr(overlay, "map_shape", lambda shape, n=rows: (2, n, n))
        bars = overlay._rows(world, 0, attention.id, 6)[0]
        assert bars["down"][:, 1] == pytest.approx([-height * part] * 2, rel=1e-4)
