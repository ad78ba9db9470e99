"""Rows are called as people call their modules, and no two alike."""

import pytest

from tests.support.networks import build, footprints, residual
from vrnn.scene.layout.registry import arrange
from vrnn.scene.layout.stage_names import (
    module_name,
    modules_name,
    numbered,
    part_name,
    with_parents,
)


def path(name):
    return tuple(name.split("."))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("layer3", "layer3"),
        ("blocks.3", "block 3"),
        ("features.5", "features 5"),
        ("encoder.layers.encoder_layer_2", "encoder layer 2"),
        ("backbone.layer1", "layer1"),
    ],
)
def test_a_module_has_its_own_name_once(module, name):
    assert module_name(path(module)) == name


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        (("inception4a", "inception4e"), "inception 4a–4e"),
        (("h.blocks.0", "h.blocks.11"), "block 0–11"),
        (("features.7", "features.13"), "features 7–13"),
        (("layers.encoder_layer_10", "layers.encoder_layer_11"), "encoder layer 10–11"),
        (("blocks.4",), "block 4"),
        (("input", "inception3b"), "input–inception3b"),
        (("pool3", "pool4"), "pool 3–4"),
    ],
)
def test_several_modules_have_one_name(modules, name):
    assert modules_name([path(module) for module in modules]) == name


def test_a_part_of_a_stage_names_what_is_on_it():
    layer = [path(f"layer3.{i}") for i in range(6)]
    assert part_name("layer3", layer, layer[2:5], is_module=True) == "layer3 · 2–4"
    dense = [path(f"features.denseblock2.denselayer{i}") for i in range(1, 13)]
    assert part_name("denseblock2", dense, dense[1:4], is_module=True) == "denseblock2 · 2–4"
    block = [path(f"blocks.3.{i}") for i in range(7)]
    assert part_name("block 3", block, block[6:], is_module=True) == "block 3 · 6"
    parts = [path("blocks.0.attention"), path("blocks.0.mlp")]
    assert part_name("block 0", parts, parts[:1], is_module=True) == "block 0 · attention"
    blocks = [path(f"blocks.{i}") for i in range(12)]
    assert part_name("block 0–11", blocks, blocks[10:], is_module=False) == "block 10–11"


def test_stages_of_one_name_are_told_apart_by_what_holds_them():
    paths = [path("encoder.layers.0"), path("decoder.layers.0")]
    assert with_parents(["layer 0", "layer 0"], [(), ()]) == ["layer 0", "layer 0"]
    assert with_parents(["layer 0–5"] * 2, [p[:2] for p in paths]) == [
        "encoder layer 0–5",
        "decoder layer 0–5",
    ]


def test_what_is_still_alike_is_numbered():
    assert numbered(["stem", "a", "stem", ""]) == ["stem 1/2", "a", "stem 2/2", ""]


@pytest.mark.parametrize("network", [residual(4, 9), build(
    [(f"features.{i}", "", (64, 14, 14)) for i in range(60)], [(i, i + 1) for i in range(59)]
)])  # fmt: skip
def test_no_two_rows_have_one_name(network):
    rows = arrange(network, footprints(network), "terrace").rows
    assert len({row.name for row in rows}) == len(rows) > 2
