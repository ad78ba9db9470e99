"""Operations and receptive-field rules that are added from outside."""

import pytest
import torch
from torch import nn
from torch.overrides import handle_torch_function, has_torch_function_unary

from vrnn.compute.operators import catalog
from vrnn.compute.operators.catalog import lookup, operation_label, register_operation
from vrnn.compute.operators.receptive_field import PixelField, WindowSpan, apply_windows
from vrnn.compute.operators.receptive_field_rules import Call, rule
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


@pytest.fixture(autouse=True)
def own_registries(monkeypatch):
    """Registries that a test may add to."""
    monkeypatch.setattr(catalog, "_OPERATIONS", dict(catalog._OPERATIONS))
    monkeypatch.setattr(catalog, "_CANONICAL_NAMES", dict(catalog._CANONICAL_NAMES))
    monkeypatch.setattr(rule, "_rules", dict(rule._rules))


def neighbors(x):
    """Adds the left and the right neighbor: a function that torch does not know."""
    if has_torch_function_unary(x):
        return handle_torch_function(neighbors, (x,), x)
    return x + x.roll(1, -1) + x.roll(-1, -1)


def snake(x):
    """An activation that torch does not know (Liu, Hartwig and Ueda 2020)."""
    if has_torch_function_unary(x):
        return handle_torch_function(snake, (x,), x)
    return x + x.sin() ** 2


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return neighbors(snake(self.conv(x)))


def shown(detail):
    view = simplify(trace(Model().eval(), (torch.rand(1, 3, 8, 8),), "model"), detail)
    return view.network, receptive_fields(view)


def test_what_is_not_registered_is_a_node_that_sees_everything():
    network, fields = shown("layers")
    assert [node.label for node in network.nodes] == [
        "3×8×8",
        "conv 1×1, 3→4",
        "snake",
        "neighbors",
    ]
    assert fields[network.nodes[2].id].covers_input
    assert fields[network.nodes[3].id].covers_input


def test_a_registered_activation_is_folded_and_works_position_by_position():
    register_operation("snake", "Snake", "activation")
    network, fields = shown("layers")
    assert [node.label for node in network.nodes] == [
        "3×8×8", "conv 1×1, 3→4 · Snake", "neighbors",
    ]  # fmt: skip
    assert fields[network.nodes[1].id].box(2, 3, (8, 8)) == (2, 3, 3, 4)


def test_a_registered_view_is_no_node():
    register_operation("snake", role="view")
    network, _ = shown("all")
    assert [node.operation for node in network.nodes] == ["input", "conv2d", "neighbors"]


def test_a_rule_narrows_the_field_of_its_operation():
    register_operation("snake", role="activation")

    @rule("neighbors")
    def row_of_three(call: Call, result: torch.Tensor) -> PixelField:
        return apply_windows(
            call.sole_source(call.tensors[0]), {-1: WindowSpan(1, -1, 1)}, result.shape
        )

    network, fields = shown("layers")
    assert fields[network.nodes[-1].id].box(2, 3, (8, 8)) == (2, 2, 3, 5)


def test_a_rule_that_does_not_know_its_arguments_widens_the_field():
    register_operation("snake", role="activation")

    @rule("neighbors")
    def unknown(call: Call, result: torch.Tensor) -> PixelField:
        raise ValueError

    network, fields = shown("layers")
    assert fields[network.nodes[-1].id].covers_input


def test_a_label_may_be_made_from_the_arguments_and_an_alias_means_the_same():
    register_operation(
        "blur", lambda arguments, result: f"blur {arguments['sigma']}", aliases=("gaussian",),
        parameters=("input", "sigma"),
    )  # fmt: skip

    def gaussian(input, sigma): ...

    x = torch.rand(1)
    operation = catalog.operation_name(gaussian)
    arguments = catalog.bind_arguments(gaussian, operation, (x, 3), {})
    assert operation == "blur"
    assert operation_label(operation, arguments, x) == "blur 3"


def test_an_operation_can_be_registered_again():
    register_operation("relu", "rectifier", "activation")
    assert operation_label("relu", {}, torch.rand(1)) == "rectifier"
    assert lookup("not_there") == catalog.Operation("not_there")
