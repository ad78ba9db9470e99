"""Rows of a network without modules are named for what their layers hold."""

import pytest

from vrnn.network.axes import Axis
from vrnn.network.graph import Network, Node
from vrnn.network.positions import shape_text
from vrnn.scene.layout.stages import find_stages


def stage_name(shape, presentation, *roles):
    axes = tuple(Axis(role, size) for role, size in roles)
    nodes = tuple(
        Node(i, f"n{i}", "linear", "", "", shape, axes=axes, presentation=presentation)
        for i in range(4)
    )
    (stage,) = find_stages(Network("net", nodes, (), (0,), (3,)))
    return stage.name


@pytest.mark.parametrize(
    ("name", "shape", "presentation", "roles"),
    [
        ("layers of 34 nodes", (7, 1, 34), "nodes", [("node", 34), ("channel", 7)]),
        ("layers of 12 tokens", (8, 1, 12), "sequence", [("token", 12), ("channel", 8)]),
        # Two samples side by side have as many tokens each as one.
        ("layers of 12 tokens", (8, 1, 24), "sequence", [("batch", 2), ("token", 12)]),
        ("layers of 90 steps", (3, 1, 90), "curve", [("channel", 3), ("time", 90)]),
        ("layers", (5, 1, 2), "vector", [("batch", 2), ("channel", 5)]),
        ("layers", (5, 1, 1), "vector", [("channel", 5)]),
        ("20×30", (5, 20, 30), "image", []),
    ],
)
def test_a_row_is_named_for_its_layers(name, shape, presentation, roles):
    assert stage_name(shape, presentation, *roles) == name


def test_vectors_side_by_side_have_a_length_and_a_number():
    node = Node(0, "fc", "linear", "", "", (5, 1, 2), presentation="vector")
    assert shape_text(node) == "5 × 2"


def test_a_row_is_named_for_most_of_its_layers():
    shapes = [(4, 9, 9), (4, 9, 9), (4, 9, 9), (4, 11, 11)]
    nodes = tuple(Node(i, f"n{i}", "conv2d", "", "", shape) for i, shape in enumerate(shapes))
    (stage,) = find_stages(Network("net", nodes, (), (0,), (3,)))
    assert stage.name == "9×9"
