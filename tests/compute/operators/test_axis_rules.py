"""What rules of operations share: axes that are broadcast, resized or aligned, and claims."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support import axis_states
from vrnn.compute.operators.axis_factors import AxisFactor, Evidence, new_axes, split
from vrnn.compute.operators.axis_rules import (
    _aligned_axes,
    axes_of_result,
    broadcast_axes,
    claim,
    claim_steps,
    common_role,
    has_role,
    is_positional,
    new_axis,
    resized_axes,
    resized_axis,
)

SHAPES = ((), (3,), (1,), (2, 3), (1, 3), (2, 1), (4, 2, 3), (1, 1, 3), (5,), (4, 1, 1))


def factor(size: int, role=None, evidence=Evidence.CERTAIN) -> AxisFactor:
    made = AxisFactor(size)
    if role is not None:
        made.claim(role, evidence)
    return made


@pytest.mark.parametrize(("one", "other"), [*itertools.product(SHAPES, SHAPES)])
def test_broadcast_axes_are_those_of_the_tensors_that_have_them(one, other):
    axes = [new_axes(shape) for shape in (one, other)]
    try:
        shape = np.broadcast_shapes(one, other)
    except ValueError:
        for wrong in ((max(len(one), len(other)) * (3,)), (4, 2, 3)):
            assert broadcast_axes(axes, wrong) is None
        return
    found = broadcast_axes(axes, shape)
    assert found is not None
    assert [axis[0].size for axis in found] == list(shape)
    for known in axes:
        for place, axis in enumerate(reversed(known)):
            made = found[len(shape) - 1 - place][0]
            assert (made.root is axis[0].root) == (made.size == axis[0].size)
            if made.size != 1 and all(
                len(a) <= place or a[-1 - place][0].size == 1 for a in axes if a is not known
            ):
                assert made.roles is axis[0].roles  # of one position, or of all
    assert broadcast_axes(axes, (*shape, 7)) is None if shape and shape[-1] > 1 else True
    if len(shape) > 1:
        assert broadcast_axes(axes, shape[1:]) is None


def test_an_axis_that_only_ones_were_spread_to_keeps_their_role():
    ones = new_axes((1, 3))
    ones[0][0].claim("height", Evidence.LIKELY)
    found = broadcast_axes([ones], (5, 3))
    assert found is not None
    assert found[0][0].size == 5
    assert found[0][0].role == "height"
    assert found[0][0].root is not ones[0][0].root
    assert found[1] == ones[1]
    assert broadcast_axes([ones], (4, 5, 3))[0][0].role is None
    assert broadcast_axes([], (3,)) is None
    nothing = broadcast_axes([((), ones[1])], (5, 3))
    assert nothing is not None
    assert (nothing[0][0].size, nothing[0][0].role) == (5, None)
    folded = (factor(2), factor(3))
    assert broadcast_axes([(folded,)], (6,)) == (folded,)
    assert broadcast_axes([(folded,)], (5,)) is None


def test_an_axis_of_another_length_keeps_its_role():
    rows = factor(6, "height", Evidence.LIKELY)
    assert resized_axis((rows,), 6) == (rows,)
    (smaller,) = resized_axis((rows,), 4)
    assert (smaller.size, smaller.role) == (4, "height")
    assert smaller.roles is rows.roles
    one = factor(1)
    (of_two,) = resized_axis((one, rows), 4)
    assert of_two.roles is rows.roles
    (of_ones,) = resized_axis((one,), 4)
    assert of_ones.roles is one.roles
    (several,) = resized_axis((factor(2, "token"), factor(3, "token")), 4)
    assert several.settled == ("token", Evidence.LIKELY)
    (mixed,) = resized_axis((factor(2, "batch"), factor(3, "time")), 4)
    assert mixed.settled == (None, Evidence.NONE)
    folded = (factor(2, "batch"), factor(3, "time"))
    assert resized_axis(folded, 6) is folded
    made = resized_axes((folded, (rows,)), (6, 2))
    assert made[0] is folded
    assert made[1][0].size == 2


@pytest.mark.parametrize(("shapes", "shape", "places"), [
    ([(2, 3, 5)], (2, 5), [(0, 0), (0, 2)]), ([(2, 3, 5)], (3, 7), [(0, 1), None]),
    ([(2, 3, 5)], (5, 3), [(0, 2), None]), ([(3,), (2, 3, 5)], (2, 3), [(1, 0), (1, 1)]),
    ([(2, 3), (2, 3)], (3,), [(0, 1)]), ([(2, 3), (5, 3)], (5, 3, 1), [(1, 0), (1, 1), None]),
    ([(1, 4)], (1, 9), [None, None]), ([(1, 4)], (1, 4), [(0, 0), (0, 1)]),
    ([(2, 2, 3)], (2, 3), [(0, 0), (0, 2)]), ([], (2, 3), [None, None]),
    ([(7, 8)], (2, 3), [None, None]),
])  # fmt: skip
def test_axes_of_the_same_length_in_the_same_order_are_the_same(shapes, shape, places):
    sources = [new_axes(each) for each in shapes]
    found = _aligned_axes(sources, shape)
    assert [axis[0].size for axis in found] == list(shape)
    for axis, place in zip(found, places, strict=True):
        known = {id(a): (n, i) for n, axes in enumerate(sources) for i, a in enumerate(axes)}
        assert known.get(id(axis)) == place


def test_roles_of_axes_are_those_of_all_that_are_longer_than_one():
    tokens = (factor(2, "token"), factor(3, "token"), factor(1, "batch"))
    assert common_role(tokens) == "token"
    assert has_role(tokens, "token")
    assert not has_role(tokens, "batch")
    assert common_role((factor(1, "batch"),)) == "batch"
    assert common_role((factor(2, "batch"), factor(3))) is None
    assert common_role(()) is None
    for role, is_place in (
        ("height", True), ("width", True), ("depth", True), ("time", True), ("token", True),
        ("node", True), ("channel", False), ("batch", False), ("head", False), (None, False),
    ):  # fmt: skip
        assert is_positional((factor(3, role),)) == is_place
    assert not is_positional((factor(1, "height"),))
    assert is_positional((factor(1, "batch"), factor(4, "height")))
    assert not is_positional((factor(2, "batch"), factor(4, "height")))
    weak = (factor(4, "height", Evidence.MEASURED),)
    assert not is_positional(weak)
    assert is_positional(weak, Evidence.MEASURED)
    whole = factor(12)
    outer, inner = split(whole, 3)
    outer.claim("height", Evidence.LIKELY)
    assert not is_positional((whole,))
    inner.claim("width", Evidence.LIKELY)
    assert is_positional((whole,))


def roles_of(axis):
    return [f.role for f in axis]


def test_what_is_claimed_of_a_folded_axis_is_meant_of_what_is_unknown():
    for role in ("batch", "channel", "time", "token", "height", "head"):
        single = (factor(6),)
        claim(single, role, Evidence.CERTAIN)
        assert single[0].settled == (role, Evidence.CERTAIN)
    folded = (factor(2, "batch"), factor(3))
    claim(folded, "channel", Evidence.CERTAIN)
    assert folded[1].settled == ("channel", Evidence.LIKELY)
    assert folded[0].role == "batch"
    weak = (factor(2, "batch"), factor(3))
    claim(weak, "channel", Evidence.ASSUMED)
    assert weak[1].settled == ("channel", Evidence.ASSUMED)
    for role in ("time", "token", "depth", "node"):
        unknown = (factor(2), factor(3))
        claim(unknown, role, Evidence.CERTAIN)
        assert roles_of(unknown) == [None, None]
    both = (factor(2), factor(3))
    claim(both, "channel", Evidence.CERTAIN)
    assert roles_of(both) == ["channel", "channel"]
    samples = (factor(2), factor(3))
    claim(samples, "batch", Evidence.CERTAIN)
    assert roles_of(samples) == ["batch", None]
    claim(samples, "batch", Evidence.CERTAIN)
    assert roles_of(samples) == ["batch", None]
    known = (factor(2), factor(3, "batch"))
    claim(known, "batch", Evidence.CERTAIN)
    assert roles_of(known) == [None, "batch"]


def test_a_flattened_input_holds_what_it_did():
    flat = (factor(1), factor(3), factor(8))
    for part in flat:
        part.source = 0
    claim(flat, "channel", Evidence.CERTAIN)
    assert roles_of(flat) == ["channel", None, None]
    mixed = (factor(2), factor(3), factor(8, "height"))
    for part in mixed:
        part.source = 0
    claim(mixed, "channel", Evidence.CERTAIN)
    assert roles_of(mixed) == ["channel", "channel", "height"]


@pytest.mark.parametrize(("steps", "samples", "role", "expected"), [
    (None, None, "time", ("time", "batch")), ("batch", None, "time", ("time", "batch")),
    ("batch", "token", "time", ("token", "batch")), (None, "token", "time", ("time", "token")),
    ("batch", "channel", "time", ("batch", "channel")), (None, "channel", "time", ("time", None)),
    ("channel", None, "token", ("channel", "batch")), (None, None, "token", ("token", "batch")),
])  # fmt: skip
def test_which_axis_of_a_sequence_has_its_steps(steps, samples, role, expected):
    one, other = (factor(7, steps, Evidence.LIKELY),), (factor(2, samples, Evidence.LIKELY),)
    claim_steps(one, other, role, Evidence.LIKELY)
    if expected[1] is None:
        assert one[0].role == "time"
        assert other[0].role == "channel"
        return
    assert (one[0].role, other[0].role) == expected


def test_where_a_rule_fails_or_does_not_fit_shapes_tell():
    class Call:
        operation = name = "no operation of this name"
        tensors = ("tensor",)
        known = new_axes((2, 3))

        def axes(self, tensor):
            return self.known

    class Result:
        shape = (2, 3)

    assert axes_of_result(Call(), Result()) is Call.known
    Result.shape = (2, 4)
    found = axes_of_result(Call(), Result())
    assert found[0] == Call.known[0]
    assert found[1][0].roles is Call.known[1][0].roles
    Result.shape = (3,)
    assert axes_of_result(Call(), Result()) == (Call.known[1],)
    made = new_axis(4, "depth")
    assert (made[0].size, made[0].settled) == (4, ("depth", Evidence.CERTAIN))


OTHERS = {
    "kron": ([(2, 3), (2, 2)], torch.kron),
    "diagonal": ([(4, 6)], lambda a: [torch.diagonal(a), torch.diag_embed(a), torch.tril(a)]),
    "cross": ([(4, 3), (4, 3)], torch.linalg.cross),
    "trapezoid": ([(2, 4, 6)], lambda a: [torch.trapezoid(a), torch.diff(a), torch.trace(a[0])]),
    "bucketize": ([(2, 4), (6,)], torch.bucketize),
    "search": ([(2, 6), (2, 4)], lambda a, b: torch.searchsorted(a, b)),
    "tensordot": ([(2, 4, 6), (6, 3)], lambda a, b: torch.tensordot(a, b, 1)),
    "outer": ([(4,), (6,)], torch.outer),
    "covariance": ([(4, 6)], lambda a: [torch.cov(a), torch.corrcoef(a)]),
    "pad": ([(2, 4, 6)], lambda a: F.pad(a, (1, 2, 0, 1))),
    "glu": ([(2, 4, 6)], lambda a: F.glu(a, 1)),
    "similarity": ([(2, 4, 6), (2, 4, 6)], lambda *a: F.cosine_similarity(*a)),
    "inverse": ([(2, 4, 4)], lambda a: torch.linalg.inv(a + torch.eye(4))),
    "decomposed": ([(6, 4)], lambda a: torch.linalg.svd(a, full_matrices=False)),
}  # fmt: skip
"""Operations without rules of their own."""


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_known_of_axes_by_shapes(name, regenerate):
    axis_states.check("others", name, *OTHERS[name], regenerate)
