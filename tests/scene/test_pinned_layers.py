"""A pinned copy is drawn as its layer is."""

from types import SimpleNamespace

import numpy as np
import pytest

from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.primitives import GRAPH, PIXELS
from vrnn.scene.visuals.pinned_layers import PinnedLayer, pinned_layer_panel, pinned_layer_rect
from vrnn.style.color_mapping import ColorMapping

FRAME = SimpleNamespace(panel_rect=lambda node: np.array([0, 0, 0, 9.0, 9.0]))


@pytest.mark.parametrize(("lookup", "style"), [(-1, PIXELS), (70, GRAPH)])
def test_the_copy_of_a_graph_layer_is_a_graph_where_its_edges_are_known(lookup, style):
    node = Node(3, "conv", "linear", "", "", (5, 1, 34), presentation="nodes")
    pin = PinnedLayer(1, 0, "conv", node, 1001, "conv as it was", None, lookup)
    (record,), _ = pinned_layer_panel(pin, FRAME, 3, ColorMapping())
    assert record["style"] == style
    assert record["lookup"] == lookup
    size = panel_size((5, 1, 34), "nodes", lookup >= 0)
    aspect = float(record["right"][0] / -record["down"][1])
    assert aspect == pytest.approx(size.width / size.height, rel=1e-3)


def test_the_copy_of_a_text_layer_stands_as_the_layer_does():
    node = Node(3, "block", "add", "", "", (64, 1, 12), presentation="sequence")
    pin = PinnedLayer(1, 0, "block", node, 1001, "block as it was")
    (record,), _ = pinned_layer_panel(pin, FRAME, 3, ColorMapping())
    size = panel_size((64, 1, 12), "sequence")
    assert record["grid"][:2].tolist() == [size.columns, size.rows]


@pytest.mark.parametrize(("width", "height"), [(0.5, 4.0), (0.2, 9.0), (0.6, 9.0), (9.0, 0.1)])
def test_a_copy_is_no_larger_than_its_layer_but_never_lost_above_a_narrow_one(width, height):
    node = Node(3, "conv", "conv2d", "", "", (64, 14, 14))
    size = panel_size((64, 14, 14))
    frame = SimpleNamespace(panel_rect=lambda node: np.array([1.0, 2.0, 3.0, width, height]))
    pin = PinnedLayer(1, 0, "conv", node, 1001, "conv as it was")
    x, y, z, copy_width, copy_height = pinned_layer_rect(pin, frame, 3).tolist()
    factor = 1.0 if width <= 0.5 else min(1.0, width / size.width, height / size.height)
    assert (copy_width, copy_height) == pytest.approx((size.width * factor, size.height * factor))
    assert (x, z) == (1.0, 3.0)
    assert y > 2.0 + height
