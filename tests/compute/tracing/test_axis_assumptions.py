"""Roles that are guessed from the shape alone, at the limits of the guesses."""

from __future__ import annotations

import pytest

from tests.support.axis_states import ROLES, text_of
from vrnn.compute.operators.axis_factors import Axes, AxisFactor, Evidence, new_axes
from vrnn.compute.tracing.axis_assumptions import assume_roles, unknown_units
from vrnn.network.axes import AxisRole


def assumed(shape: tuple[int, ...], is_input: bool, known: dict[int, AxisRole] | None = None):
    """Letters of the roles that axes have after the guess."""
    axes = new_axes(shape)
    for axis in axes:
        axis[0].source = 0 if is_input else -1
    for place, role in (known or {}).items():
        axes[place][0].claim(role, Evidence.LIKELY)
    assume_roles([axes])
    letters = {role: letter for letter, role in ROLES.items()}
    return "".join(letters[axis[0].role] for axis in axes)


@pytest.mark.parametrize(("shape", "told"), [
    ((1, 20, 24), "NHW"), ((1, 16, 24), "NHW"), ((1, 16, 25), "NLC"), ((1, 17, 25), "NHW"),
    ((1, 32, 16), "NHW"), ((1, 33, 16), "NLC"), ((1, 24, 16), "NHW"), ((1, 16, 15), "NLC"),
    ((1, 15, 16), "NLC"), ((1, 16, 16), "NHW"), ((5, 16, 16), "NHW"), ((1, 48, 96), "NLC"),
    ((2, 64, 96), "NHW"), ((2, 64, 97), "NLC"),
])  # fmt: skip
def test_two_sides_that_are_alike_are_those_of_a_gray_image(shape, told):
    for is_input in (True, False):
        assert assumed(shape, is_input) == told


@pytest.mark.parametrize(("shape", "of_input", "of_others"), [
    ((5,), "C", "C"), ((1,), ".", "."), ((2, 5), "NC", "NC"), ((1, 5), "NC", "NC"),
    ((2, 7, 5), "NLC", "NLC"), ((2, 3, 9, 8), "NCHW", "NHWC"), ((2, 9, 8, 3), "NHWC", "NHWC"),
    ((2, 3, 5, 9, 8), "NCDHW", "NDHWC"), ((2, 4, 3, 5, 9, 8), "NCTDHW", "NTDHWC"),
])  # fmt: skip
def test_what_axes_are_where_nothing_is_known(shape, of_input, of_others):
    found = assumed(shape, True), assumed(shape, False)
    assert found == (of_input, of_others)


@pytest.mark.parametrize(("shape", "known", "told"), [
    ((2, 4, 9, 8), {2: "height", 3: "width"}, "NCHW"),
    ((4, 9, 8), {1: "height", 2: "width"}, "CHW"),
    ((4, 9), {1: "time"}, "CT"), ((4, 9), {1: "depth"}, "CD"), ((4, 9), {1: "token"}, "NL"),
    ((2, 4, 9), {1: "channel"}, "NCL"), ((2, 4, 9), {0: "batch"}, "NLC"),
    ((2, 6, 4, 9, 8), {3: "height", 4: "width", 2: "channel"}, "NTCHW"),
    ((2, 6, 5, 4, 9, 8), {4: "height", 5: "width", 3: "channel"}, "NTTCHW"),
    ((2, 6, 5, 4), {0: "batch", 1: "node", 3: "channel"}, "NVVC"),
    ((2, 3, 5, 4), {0: "batch", 1: "head"}, "NhHW"), ((6, 4), {0: "channel"}, "CL"),
    ((6, 4), {0: "node"}, "VC"),
])  # fmt: skip
def test_what_is_known_says_what_the_others_are(shape, known, told):
    assert assumed(shape, False, known) == told


def test_what_one_tensor_says_holds_for_those_that_follow():
    one: Axes = new_axes((2, 7, 5))
    other: Axes = (one[1], one[2], (AxisFactor(3),))
    assume_roles([one, one, other, other])
    assert text_of(one) == "N~2 L~7 C~5"
    assert text_of(other)[:8] == "L~7 C~5 "
    assert unknown_units(one) == []
    assert [unit.size for unit in unknown_units(new_axes((1, 4, 5)))] == [4, 5]
    assert unknown_units(((AxisFactor(1),), ())) == []
