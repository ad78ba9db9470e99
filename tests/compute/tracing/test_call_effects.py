"""What follows from what a call took: its parameters and their order, and receptive fields."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vrnn.compute.tracing.call_effects import CallEffects, constants_of, weights_first
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


class Origin:
    """Stands for where a tensor came from."""

    def __init__(self, *parameters: nn.Parameter, is_curved: bool = False, record: bool = False):
        self.parameters, self.is_curved, self.has_record = parameters, is_curved, record


def parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))


LINE, OTHER_LINE, TABLE, OTHER_TABLE = parameter(4), parameter(4), parameter(4, 4), parameter(2, 2)
DATA = torch.zeros(4, 4)


@pytest.mark.parametrize(("taken", "weight", "expected"), [
    ([DATA, LINE, TABLE], None, [TABLE, LINE, TABLE]),
    ([DATA, LINE, TABLE], LINE, [LINE, TABLE, LINE, TABLE]),
    ([DATA, LINE, TABLE], TABLE, [TABLE, LINE, TABLE]),
    ([TABLE, OTHER_TABLE, LINE], OTHER_TABLE, [OTHER_TABLE, TABLE, TABLE, OTHER_TABLE, LINE]),
    ([LINE, OTHER_LINE], None, [LINE, OTHER_LINE]),
    ([DATA], DATA, []),
])  # fmt: skip
def test_the_parameters_of_a_weight_come_first_then_those_of_tables(taken, weight, expected):
    origins = [Origin(t) if isinstance(t, nn.Parameter) else None for t in taken]
    did = CallEffects(taken, origins, [], [], [])  # type: ignore[arg-type]
    own, _ = constants_of(origins)  # type: ignore[arg-type]
    found = weights_first({"weight": weight}, did, own)
    assert [id(p) for p in found] == [id(p) for p in expected]


def test_parameters_count_once_and_not_those_of_what_an_operation_made():
    origins = [Origin(LINE, TABLE), None, Origin(OTHER_TABLE, is_curved=True, record=True),
               Origin(TABLE, OTHER_LINE)]  # fmt: skip
    found, is_curved = constants_of(origins)  # type: ignore[arg-type]
    assert [id(p) for p in found] == [id(p) for p in (LINE, TABLE, OTHER_LINE)]
    assert not is_curved
    for curved in ((False, True), (True, False), (True, True)):
        _, is_curved = constants_of([Origin(is_curved=c) for c in curved])  # type: ignore[misc]
        assert is_curved


def test_what_a_call_did_has_each_result_once():
    one, other, third = torch.zeros(1), torch.zeros(1), torch.zeros(1)
    assert CallEffects([], [], [], [one, other], []).results == [one, other]
    found = CallEffects([], [], [], [one, other], [other, third]).results
    assert [id(t) for t in found] == [id(t) for t in (one, other, third)]


class Shared(nn.Module):
    """Multiplies by the weight of one layer and adds the bias of another."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return torch.addmm(self.other.bias, x, self.one.weight)


def test_a_product_belongs_to_the_layer_of_its_matrix():
    traced = trace(Shared().eval(), (torch.rand(2, 4),), "net")
    record = next(r for r in traced.records if r.operation == "linear")
    assert record.weight_module == "one"
    assert simplify(traced, "all").network.nodes
