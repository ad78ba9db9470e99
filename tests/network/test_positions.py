"""What the values of a map are called."""

import pytest

from tests.support.networks import presented, video
from vrnn.network.axes import AxisChoice, axes_text, is_unsure
from vrnn.network.positions import (
    has_side_by_side,
    position_text,
    shape_text,
    shown_text,
    side_by_side_network,
    single_column,
)

NODES = {
    node.name: node
    for node in presented([
        ("text", (64, 1, 12), "sequence", "batch 1, token 12, channel 64"),
        ("lstm", (64, 1, 12), "sequence", "batch 1, time 12, channel 64"),
        ("wave", (1, 1, 16000), "curve", "batch 1, channel 1, time 16000"),
        ("gcn", (16, 1, 34), "nodes", "node 34, channel 16"),
        ("weights", (4, 12, 9), "attention", "batch 1, head 4, query 12, key 9"),
        ("maps", (8, 16, 20), "image", "batch 1, channel 8, height 16, width 20"),
        ("scores", (10,), "vector", "batch 1, channel 10"),
    ]).nodes
}  # fmt: skip
NAMES = tuple(f"word{i}" for i in range(12))


@pytest.mark.parametrize(
    ("layer", "position", "text"),
    [
        ("text", (0, 5), "token 5 'word5'"),
        ("lstm", (0, 5), "time 5"),
        ("wave", (0, 512), "time 512"),
        ("gcn", (0, 33), "node 33"),
        ("weights", (3, 8), "query 3 'word3' → key 8"),  # other keys than those named
        ("maps", (3, 8), "(3, 8)"),
        ("scores", (0, 0), ""),
    ],
)
def test_positions(layer, position, text):
    assert position_text(NODES[layer], *position, NAMES) == text


def test_shapes():
    texts = {name: shape_text(node) for name, node in NODES.items()}
    assert texts["text"] == "64 × 12"
    assert texts["weights"] == "4 × 12×9"
    assert texts["maps"] == "8 × 16×20"
    assert texts["scores"] == "10"


def test_what_is_shown_of_samples_and_frames():
    network = video()
    half = network.by_id[2]
    assert network.choice_counts == {"batch": 2, "time": 8}
    assert shown_text(half, network.choice_counts) == "sample 0 · frame 0"
    choices = (AxisChoice("time", 6), AxisChoice("batch", None))
    assert shown_text(network.by_id[0], network.choice_counts, choices) == "frame 6"
    assert shown_text(half, network.choice_counts, choices) == "frame 3"  # it has half as many
    assert shown_text(NODES["maps"], {}) == ""


def test_what_is_side_by_side_is_named_first():
    network = video()
    choices = (AxisChoice("time", None), AxisChoice("batch", None))
    wide = side_by_side_network(network, choices)
    assert [node.shape[-1] for node in wide.nodes] == [2 * 8 * 32, 2 * 8 * 16, 2 * 4 * 8, 2]
    half = wide.by_id[2]
    column = (1 * 4 + 2) * 8 + 5  # the second sample, its third frame
    text = position_text(half, 3, column, (), choices)
    assert text == "sample 1 · frame 2 · (3, 5)"
    assert single_column(half, column, choices) == 5
    assert position_text(wide.by_id[3], 0, 1, (), choices) == "sample 1"
    assert has_side_by_side(half, choices)
    assert not has_side_by_side(half, (AxisChoice("time", 1),))
    assert side_by_side_network(network, ()) == network


def test_axes_are_named_and_guesses_are_known():
    half = video().by_id[2]
    assert axes_text(half.axes) == "sample 2 · time 4 · channel 8 · height 8 · width 8"
    assert is_unsure(half.axes)
    assert not is_unsure(NODES["maps"].axes)
