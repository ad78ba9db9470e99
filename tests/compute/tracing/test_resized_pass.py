"""Passes at other sizes: which are tried, what moves with what, and that nothing else changes."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.model_inputs import ModelInputs
from vrnn.compute.operators.axis_factors import Evidence, new_axes
from vrnn.compute.tracing.resized_pass import (
    MAX_PASSES,
    TracedTensor,
    _resizings,
    _shapes_of_calls,
    _unchanged,
    measure_roles,
)


class Record:
    """A tensor of a pass."""

    def __init__(self, id, shape, call=-1, output=0, axes=None, is_attention=False):
        self.id, self.shape, self.call_index, self.output_index = id, shape, call, output
        self.axes = new_axes(shape) if axes is None else axes
        self.is_attention = is_attention


def resizings(*shapes, roles=()):
    """Old and new lengths and the axes that get them, of inputs of these shapes."""
    records: list[TracedTensor] = [Record(i, shape) for i, shape in enumerate(shapes)]
    for number, place, role in roles:
        records[number].axes[place][0].claim(role, Evidence.CERTAIN)
    return [(r.old, r.new, [sorted(a) for a in r.axes]) for r in _resizings(records)]


def test_samples_are_tried_first_then_each_length_at_once():
    assert resizings((2, 7, 5)) == [(2, 4, [[0]]), (5, 10, [[2]]), (7, 14, [[1]])]
    assert resizings((1, 7, 7)) == [(1, 2, [[0]]), (7, 14, [[1, 2]])]
    assert resizings((1, 1, 7)) == [(1, 2, [[0]]), (7, 14, [[2]])]
    assert resizings((7,)) == [(7, 14, [[0]])]
    assert resizings((7, 7)) == [(7, 14, [[0]]), (7, 14, [[1]])]
    assert resizings((3, 5), (3, 9), (9,)) == [
        (3, 6, [[0], [0], []]), (5, 10, [[1], [], []]), (9, 18, [[], [1], [0]]),
    ]  # fmt: skip
    assert resizings(()) == []


def test_channels_keep_their_number():
    channel = [(0, 1, "channel")]
    assert resizings((2, 7, 5), roles=channel) == [(2, 4, [[0]]), (5, 10, [[2]])]
    assert resizings((2, 7), roles=[(0, 0, "channel"), *channel]) == []


class Net(nn.Module):
    """Mixes tokens, and remembers what it has seen."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 3)
        self.seen, self.names, self.count, self.kinds = [1], {"a": 1}, 0, {2}

    def forward(self, x):
        self.count += 1
        self.seen.append(x.shape)
        self.names["b"] = self.names.pop("a")
        self.kinds.add(3)
        self.later = torch.rand(1)
        random.random(), np.random.rand()
        y = self.linear(x)
        return y.transpose(1, 2).sum(-1), torch.split(y, 1, 1)


def traced(x):
    """Records of a pass as a trace would have them: input, linear, transposed, summed."""
    return [
        Record(0, tuple(x.shape), -1), Record(1, (*x.shape[:2], 3), 1),
        Record(2, (x.shape[0], 3, x.shape[1]), 2), Record(3, (x.shape[0], 3), 3),
    ]  # fmt: skip


def roles(record):
    return [axis[0].role for axis in record.axes]


def calls_of(model, x):
    shapes = _shapes_of_calls(model, ModelInputs((x,)), _resizings([Record(0, tuple(x.shape))])[0])
    assert shapes is not None
    return len(shapes)


def test_axes_get_the_roles_of_what_they_move_with():
    model, x = Net().eval(), torch.rand(2, 7, 5)
    records = traced(x)
    for place, role in enumerate(("batch", "token", "channel")):
        records[0].axes[place][0].claim(role, Evidence.LIKELY)
    count = calls_of(model, x)
    first = next(i for i, r in enumerate(records) if r.call_index == 1)
    assert first == 1
    # Which call made what is found by the shapes of a plain pass.
    shapes = _shapes_of_calls(model, ModelInputs((x,)), _resizings([Record(0, (9,))])[0]._replace(
        new=2, axes=(frozenset({0}),)))  # fmt: skip
    assert shapes is not None
    for record in records[1:]:
        record.call_index = next(i for i, made in enumerate(shapes) if made == [record.shape])
    assert measure_roles(model, ModelInputs((x,)), records, [0], [3], count) == 2
    assert roles(records[1]) == ["batch", "token", None]
    assert roles(records[2]) == ["batch", None, "token"]
    assert roles(records[3]) == ["batch", None]
    assert records[2].axes[2][0].settled[1] == Evidence.MEASURED


def test_where_the_passes_differ_nothing_is_learned():
    model, x = Net().eval(), torch.rand(2, 7, 5)
    for records, count in ((traced(x), 99), (traced(torch.rand(2, 7, 5)), 0)):
        records[0].axes[1][0].claim("token", Evidence.LIKELY)
        assert measure_roles(model, ModelInputs((x,)), records, [0], [3], count) == 3
        assert [role for r in records[1:] for role in roles(r)] == [None] * 8
    known = traced(x)
    for record in known:
        for axis in record.axes:
            axis[0].claim("batch", Evidence.LIKELY)
    assert measure_roles(model, ModelInputs((x,)), known, [0], [3], 1) == 0


def test_at_most_four_other_sizes_are_tried():
    class Many(nn.Module):
        def forward(self, x):
            return x * 1

    x = torch.rand(2, 3, 4, 5, 6, 7)
    record = Record(0, tuple(x.shape))
    assert measure_roles(Many(), ModelInputs((x,)), [record], [0], [], 1) == MAX_PASSES == 4


def test_rows_of_a_table_are_samples_where_as_many_come_out():
    class Table(nn.Module):
        def __init__(self, forward):
            super().__init__()
            self.run = forward

        def forward(self, x):
            return self.run(x)

    for forward, rows, expected in (
        (lambda x: x * 2, 4, "batch"), (lambda x: x.sum(0, keepdim=True), 1, None),
        (lambda x: x.T, 6, None), (lambda x: torch.cat([x, x[:1]]), 5, None),
    ):  # fmt: skip
        x = torch.rand(4, 6)
        record = Record(0, (4, 6))
        record.axes[1][0].claim("channel", Evidence.CERTAIN)
        made = forward(x)
        model = Table(forward)
        shapes = _shapes_of_calls(model, ModelInputs((x,)), _resizings([record])[0])
        assert shapes is not None
        result = Record(1, tuple(made.shape), len(shapes) - 1)
        assert rows == made.shape[0]
        measure_roles(model, ModelInputs((x,)), [record, result], [0], [1], len(shapes))
        assert record.axes[0][0].role == expected


def test_a_model_that_needs_numbers_gives_no_shapes():
    class Numbers(nn.Module):
        def forward(self, x):
            return x * float(x.sum())

    resizing = _resizings([Record(0, (2, 5))])[0]
    assert _shapes_of_calls(Numbers(), ModelInputs((torch.rand(2, 5),)), resizing) is None


def test_shapes_of_all_results_of_each_call_at_the_other_size():
    x = torch.rand(2, 7, 5)
    resizing = _resizings([Record(0, (2, 7, 5))])[2]
    assert (resizing.old, resizing.new) == (7, 14)
    shapes = _shapes_of_calls(Net().eval(), ModelInputs((x,)), resizing)
    assert shapes is not None
    assert [(2, 14, 3)] in shapes
    assert shapes[-1] == [(2, 1, 3)] * 14
    assert [(2, 3)] in shapes


@pytest.mark.parametrize("fails", [False, True])
def test_a_pass_leaves_the_model_and_random_numbers_as_they_were(fails):
    model = Net()
    lists, names = (model.seen, model.names, model.kinds), list(vars(model))
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    try:
        with _unchanged(model):
            model(torch.rand(2, 7, 5))
            assert model.count == 1
            if fails:
                raise ValueError
    except ValueError:
        assert fails
    assert (model.count, model.seen, model.names, model.kinds) == (0, [1], {"a": 1}, {2})
    assert all(a is b for a, b in zip(lists, (model.seen, model.names, model.kinds), strict=True))
    assert not hasattr(model, "later")
    assert list(vars(model)) == names
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])


def test_of_axes_that_move_at_once_the_first_names_what_moves_with_them():
    class Sum(nn.Module):
        def forward(self, one, other):
            return (one + other).mT

    inputs = torch.rand(2, 7, 5), torch.rand(2, 7, 5)
    records = [Record(0, (2, 7, 5)), Record(1, (2, 7, 5)), Record(2, (2, 5, 7), 1)]
    for record, role in zip(records, ("token", "time"), strict=False):
        record.axes[0][0].claim("batch", Evidence.LIKELY)
        record.axes[1][0].claim(role, Evidence.LIKELY)
    resizing = _resizings(records[:2])[0]
    shapes = _shapes_of_calls(Sum(), ModelInputs(inputs), resizing)
    assert shapes is not None
    records[2].call_index = shapes.index([(4, 5, 7)])
    measure_roles(Sum(), ModelInputs(inputs), records, [0, 1], [2], len(shapes))
    assert roles(records[2]) == ["batch", None, "token"]
