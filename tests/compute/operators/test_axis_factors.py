"""Factors of axes through folds and splits, against the coordinates of each element in NumPy."""

from __future__ import annotations

import random
from itertools import pairwise
from math import prod

import numpy as np
import pytest

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    RoleVariable,
    axis_size,
    compacted,
    expanded,
    fits,
    new_axes,
    reshaped,
    split,
    unify,
)

Known = dict[AxisFactor, np.ndarray]
"""The coordinate along a factor of each element of a tensor, in row-major order."""


def coordinates_of(axes: Axes) -> Known:
    shape = [axis_size(axis) for axis in axes]
    grid = np.indices(shape).reshape(len(shape), -1)
    return {axis[0].root: line for axis, line in zip(axes, grid, strict=True)}


def coordinate(factor: AxisFactor, known: Known) -> np.ndarray | None:
    """Where each element lies along a factor; None if it is one of those that are new."""
    root = factor.root
    if root in known:
        return known[root]
    whole = None if root.parent is None else coordinate(root.parent, known)
    if whole is None:
        return None
    parts = [part.root for part in root.parent.parts]
    inner = prod(part.size for part in parts[parts.index(root) + 1 :])
    return whole // inner % root.size


def check_elements(axes: Axes, shape, known: Known) -> int:
    """Check that each axis counts as its factors do; returns how many could be checked."""
    assert fits(axes, shape)
    grid = np.indices(shape).reshape(len(shape), -1)
    checked = 0
    for axis, line in zip(axes, grid, strict=True):
        for factors in (axis, expanded(axis)):
            places = [coordinate(factor, known) for factor in factors if factor.size > 1]
            if any(place is None for place in places):
                continue
            position = np.zeros(grid.shape[1], int)
            for factor, place in zip([f for f in factors if f.size > 1], places, strict=True):
                position = position * factor.size + place
            assert np.array_equal(position, line)
            checked += 1
    return checked


def random_shape(chance: random.Random, count: int) -> list[int]:
    """A shape of so many elements."""
    primes, rest = [], count
    for prime in (2, 3, 5, 7):
        while rest % prime == 0:
            primes, rest = [*primes, prime], rest // prime
    chance.shuffle(primes)
    shape = [1] * chance.randint(1, 5)
    for prime in primes:
        shape[chance.randrange(len(shape))] *= prime
    return shape


@pytest.mark.parametrize("seed", range(60))
def test_each_axis_of_a_reshape_counts_as_its_factors_do(seed):
    chance = random.Random(seed)
    count = chance.choice((24, 36, 60, 64, 72, 210))
    shape = random_shape(chance, count)
    axes = new_axes(shape)
    known = coordinates_of(axes)
    checked = 0
    for _ in range(4):
        new = random_shape(chance, count)
        axes = reshaped(axes, new)
        checked += check_elements(axes, new, known)
    assert checked > 0


@pytest.mark.parametrize(("shape", "new"), [
    ((6, 4), (24,)), ((2, 3, 4), (6, 4)), ((2, 3, 4), (2, 12)), ((24,), (2, 3, 4)),
    ((12, 2), (3, 4, 2)), ((4, 6), (2, 12)), ((1, 6), (6,)), ((6,), (1, 6, 1)), ((2, 1, 3), (6,)),
    ((4, 6), (8, 3)),
])  # fmt: skip
def test_a_reshape_that_cuts_where_factors_end_loses_nothing(shape, new):
    axes = new_axes(shape)
    known = coordinates_of(axes)
    made = reshaped(axes, new)
    assert check_elements(made, new, known) == 2 * len(new)
    back = reshaped(made, shape)
    for axis, old in zip(back, axes, strict=True):
        if axis_size(old) > 1:
            parts = [f for f in expanded(axis) if f.size > 1]
            assert compacted(parts) == (old[0].root,)


@pytest.mark.parametrize(("shape", "new"), [
    ((4, 9), (6, 6)), ((9, 4, 7), (6, 6, 7)), ((6, 10), (4, 15)), ((5, 9, 4), (5, 6, 6)),
])  # fmt: skip
def test_what_a_reshape_cuts_through_is_found_again_on_the_way_back(shape, new):
    axes = new_axes(shape)
    made = reshaped(axes, new)
    assert fits(made, new)
    assert fits(reshaped(made, shape), shape)
    for axis, old, size in zip(reshaped(made, shape), axes, shape, strict=True):
        assert [f.root for f in axis] == [old[0].root]
        assert axis_size(axis) == size
    kept = [a for a, b in zip(shape, new, strict=True) if a == b]
    assert len(kept) == sum(made[i][0].root is axes[i][0].root for i in range(len(new)))


def test_a_tensor_without_elements_has_new_axes():
    axes = new_axes((0, 4))
    made = reshaped(axes, (2, 0))
    assert [axis[0].size for axis in made] == [2, 0]
    assert made[1][0].root is not axes[0][0].root


def test_which_axes_fit_a_shape():
    axes = (*new_axes((2, 3)), new_axes((5, 7)), ())[:2]
    folded = ((AxisFactor(2), AxisFactor(3)), (AxisFactor(4),), ())
    assert fits(folded, (6, 4, 1))
    assert not fits(folded, (6, 4, 2))
    assert not fits(folded, (5, 4, 1))
    assert not fits(folded, (6, 4))
    assert fits(axes, (2, 3))
    assert fits((), ())
    assert axis_size(()) == 1
    assert axis_size(folded[0]) == 6


def test_a_split_factor_is_its_parts_and_they_are_it_again_together():
    whole = AxisFactor(12)
    whole.claim("token", Evidence.LIKELY)
    outer, inner = split(whole, 3)
    assert (outer.size, inner.size) == (3, 4)
    assert expanded((whole,)) == (outer, inner)
    assert compacted((outer, inner)) == (whole,)
    assert compacted((inner, outer)) == (inner, outer)
    assert compacted((outer,)) == (outer,)
    other = AxisFactor(5)
    assert compacted((other, outer, inner, other)) == (other, whole, other)
    deeper = split(inner, 2)
    assert expanded((other, whole)) == (other, outer, *deeper)
    assert compacted((outer, *deeper)) == (whole,)
    assert [part.settled for part in (outer, *deeper)] == [("token", Evidence.LIKELY)] * 3
    inner.claim("width", Evidence.ASSUMED)
    assert deeper[0].role == "width"
    assert outer.role == "token"


# What is the same.


def factor(size: int, role=None, evidence=Evidence.CERTAIN, source: int = -1) -> AxisFactor:
    made = AxisFactor(size)
    made.source = source
    if role is not None:
        made.claim(role, evidence)
    return made


def are_same(one: AxisFactor, other: AxisFactor) -> bool:
    return one.root is other.root


@pytest.mark.parametrize(("one", "other", "same"), [
    (factor(6), factor(6), True), (factor(6, "height"), factor(6), True),
    (factor(6), factor(6, "height"), True), (factor(6, "height"), factor(6, "height"), True),
    (factor(6, "height"), factor(6, "width"), False),
    (factor(6, "height", Evidence.LIKELY), factor(6, "width"), True),
    (factor(6, "height"), factor(6, "width", Evidence.LIKELY), True),
    (factor(6, "height", Evidence.GIVEN), factor(6, "width", Evidence.CERTAIN), False),
    (factor(6, source=0), factor(6, source=0), False), (factor(6, source=0), factor(6), True),
    (factor(6, source=0), factor(6, source=1), True), (factor(6, source=-1), factor(6), True),
])  # fmt: skip
def test_two_factors_are_one_unless_they_surely_differ(one, other, same):
    role, evidence = max((one.settled, other.settled), key=lambda settled: settled[1])
    assert unify((one,), (other,)) == (one,)
    assert are_same(one, other) == same
    if same:
        assert one.settled == other.settled == (role, evidence)
        assert one.root.source == max(one.source, other.source)


def test_axes_of_one_input_are_never_the_same():
    one, other, third = factor(6), factor(6), factor(6)
    one.roles.places, other.roles.places, third.roles.places = {0: 1}, {0: 2}, {1: 2}
    unify((one,), (other,))
    assert not are_same(one, other)
    unify((one,), (third,))
    assert are_same(one, third)
    assert one.roles.places == {0: 1, 1: 2}
    assert not one.roles.differs_from(third.roles)
    unify((third,), (other,))
    assert not are_same(third, other)


def test_a_factor_is_the_product_of_those_on_the_other_side():
    whole, parts = factor(12), (factor(3, "height"), factor(4, "width"))
    assert unify((whole,), parts) is parts
    assert expanded((whole,)) == parts
    whole = factor(12)
    assert unify(parts, (whole,)) is parts
    assert expanded((whole,)) == parts
    with_one = (factor(1), factor(12))
    whole = factor(12)
    assert unify((whole,), with_one) == (whole,)
    assert are_same(whole, with_one[1])
    assert not are_same(whole, with_one[0])


@pytest.mark.parametrize("whole", [
    factor(12, source=0), factor(12, "channel"), factor(12, "channel", Evidence.GIVEN),
])  # fmt: skip
def test_what_is_surely_an_axis_of_its_own_is_no_product(whole):
    parts = (factor(3), factor(4))
    assert unify((whole,), parts) == (whole,)
    assert expanded((whole,)) == (whole,)


def test_segments_are_no_product_either_and_what_is_likely_is():
    joined = factor(12)
    joined.segments = ((factor(5),), (factor(7),))
    unify((joined,), (factor(3), factor(4)))
    assert not joined.parts
    likely = factor(12, "channel", Evidence.LIKELY)
    unify((likely,), (factor(3), factor(4)))
    assert [part.size for part in likely.parts] == [3, 4]


def test_products_are_matched_where_as_much_lies_before_them():
    a, b, c, d = factor(2), factor(3), factor(4), factor(5)
    ab, e, f = factor(6), factor(4), factor(5)
    one = (a, b, c, d)
    assert unify(one, (ab, e, f)) is one
    assert ab.parts == (a, b)
    assert are_same(c, e)
    assert are_same(d, f)
    g, hi = factor(2), factor(60)
    unify((g, hi), one)
    assert are_same(g, a)
    assert hi.parts == (b, c, d)
    # Sizes of one aside, and from where they no longer meet nothing is known.
    k, m, n, o = factor(2), factor(1), factor(5), factor(4)
    p, q, r = factor(2), factor(4), factor(5)
    unify((k, m, n, o), (p, q, r))
    assert are_same(k, p)
    assert not are_same(n, q)
    assert not are_same(n, r)
    assert not o.parts
    assert not r.parts


def test_what_is_known_of_one_is_known_of_both():
    for turned in (False, True):
        one, other = factor(12), factor(12)
        parts, segments, parent = (factor(3), factor(4)), ((factor(12),),), factor(24)
        known, unknown = (other, one) if turned else (one, other)
        known.parts, known.segments, known.parent, known.source = parts, segments, parent, 3
        one.same_as(other)
        one.same_as(other)
        assert other.root is one
        assert (one.parts, one.segments, one.parent, one.source) == (parts, segments, parent, 3)
        assert unknown.root is one
    third = factor(12, "depth")
    third.same_as(other)
    assert one.root is third
    assert one.role == "depth"
    assert one.roles is third.roles


def test_the_better_evidence_counts_and_of_equal_the_first():
    made = factor(6)
    assert made.settled == (None, Evidence.NONE)
    for role, evidence, expected in (
        ("token", Evidence.ASSUMED, "token"), ("node", Evidence.ASSUMED, "token"),
        ("node", Evidence.MEASURED, "node"), ("height", Evidence.LIKELY, "height"),
        ("width", Evidence.CERTAIN, "width"), ("batch", Evidence.LIKELY, "width"),
        ("batch", Evidence.CERTAIN, "width"), ("channel", Evidence.GIVEN, "channel"),
    ):  # fmt: skip
        made.claim(role, evidence)
        assert made.role == expected


def test_a_role_falls_back_to_what_was_split_at_most_thirty_two_times():
    for length, role in ((31, "time"), (32, "time"), (33, None), (40, None)):
        chain = [RoleVariable() for _ in range(length + 1)]
        for one, other in pairwise(chain):
            one.fallback = other
        chain[-1].role, chain[-1].evidence = "time", Evidence.LIKELY
        made = AxisFactor(3)
        made._roles = chain[0]
        assert made.role == role
    ring = RoleVariable()
    ring.fallback = ring
    made._roles = ring
    assert made.settled == (None, Evidence.NONE)


def test_roles_that_are_joined_fall_back_to_what_either_does():
    one, other, whole = RoleVariable(), RoleVariable(), RoleVariable()
    other.fallback = whole
    one.join(other)
    assert other.root is one
    assert one.fallback is whole
    one.join(whole)  # then it is what it falls back to
    assert whole.root is one
    assert one.fallback is None
    first, second, third = RoleVariable(), RoleVariable(), RoleVariable()
    first.fallback, second.fallback = third, whole
    first.join(second)
    assert first.fallback is third
    second.join(first)
    assert first.root is first
    assert second.root is first
    like = AxisFactor(4, AxisFactor(9))
    like.claim("height", Evidence.LIKELY)
    more = AxisFactor(2, like)
    assert more.role == "height"
    assert more.root is not like.root


def test_factors_of_one_match_nothing_on_either_side():
    for turned in (False, True):
        a, one, b, c = factor(2), factor(1), factor(5), factor(4)
        d, e, f = factor(2), factor(5), factor(4)
        sides = (a, one, b, c), (d, e, f)
        unify(*(sides[::-1] if turned else sides))
        assert are_same(a, d)
        assert are_same(b, e)
        assert are_same(c, f)
        assert not any(whole.parts for whole in (b, c, e, f))
