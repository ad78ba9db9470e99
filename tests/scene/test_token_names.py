"""Which panels have names of tokens under them."""

import pytest

from vrnn.network.axes import Axis
from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.placement import PanelShape
from vrnn.scene.token_names import MAX_NAMED_TOKENS, has_token_names


def layer(count, presentation="sequence", role="token"):
    axes = (Axis("batch", 1), Axis(role, count), Axis("channel", 8))
    return Node(1, "block", "add", "", "", (8, 1, count), axes=axes, presentation=presentation)


SHAPE = PanelShape(panel_size((8, 1, 5), "sequence"))


def names(count):
    return [f"word{i}" for i in range(count)]


@pytest.mark.parametrize("count", [1, 5, 64])
def test_each_token_of_a_text_that_can_be_read_is_named(count):
    assert MAX_NAMED_TOKENS == 64
    assert has_token_names(layer(count), SHAPE, names(count))


def test_other_layers_have_none():
    assert not has_token_names(layer(65), SHAPE, names(65))
    assert not has_token_names(layer(5), SHAPE, names(4))
    assert not has_token_names(layer(5), SHAPE, ())
    assert not has_token_names(layer(5), None, names(5))
    assert not has_token_names(layer(5, "curve", "time"), SHAPE, names(5))
    assert not has_token_names(layer(5, role="time"), SHAPE, names(5))
