"""How tensors are shown of whose axes something else is known each time, as golden text."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
import pytest
import torch

from tests.support import axis_states, golden_text
from vrnn.compute.operators.axis_factors import Axes, AxisFactor, axis_size
from vrnn.compute.operators.tensor_layout import MapLayout, from_maps, select_maps, to_maps
from vrnn.compute.tracing.axis_assumptions import assume_roles
from vrnn.compute.tracing.axis_follower import AxisFollower
from vrnn.compute.tracing.map_layouts import places_of_axes, read_tensor
from vrnn.network.axes import AXIS_ROLES

SHAPES = (
    (), (6,), (1,), (2, 6), (1, 6), (6, 6), (2, 6, 4), (6, 6, 4), (1, 4, 6), (2, 4, 4), (1, 20, 24),
    (20, 20, 20), (2, 4, 6, 10), (1, 3, 6, 6), (2, 6, 10, 3), (2, 2, 6, 6), (2, 4, 4, 6, 10),
    (1, 2, 3, 6, 4), (1, 2, 1, 6, 10, 4),
)  # fmt: skip
STATES = 24
"""Lines for each shape."""


def states(shape: tuple[int, ...], count: int = STATES) -> Iterator[tuple[random.Random, Axes]]:
    """Yield axes of tensors of a shape, some of them an input's."""
    for number in range(count):
        chance = random.Random(f"{shape} {number}")
        known = axis_states.random_axes(chance, (6, 4, 2), [])
        axes = axis_states.random_axes(chance, shape, [known])
        if chance.random() < 0.3:
            for place, axis in enumerate(axes):
                axis[0].source = 0
                axis[0].roles.places = {0: place}
        yield chance, axes


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "number"


def reading_text(reading) -> str:
    told = [f"{axis.role} {axis.size} {axis.certainty}" for axis in reading.axes]
    return f"({', '.join(told)}) {reading.presentation} {reading.choices} {reading.layout}"


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_how_a_tensor_is_shown(shape, regenerate):
    lines = []
    for chance, axes in states(shape):
        reading = read_tensor(axes)
        lines.append(f"{axis_states.text_of(axes)}: {reading_text(reading)}")
        lines.append(f"  rows and columns {places_of_axes(axes)}")
        if len(shape) > 1:
            lines.append(f"  attention {reading_text(read_tensor(axes, is_attention=True))}")
        roles = [chance.choice(AXIS_ROLES) for _ in reading.axes]
        lines.append(f"  as {' '.join(roles)}: {reading_text(read_tensor(axes, False, roles))}")
    golden_text.check(f"readings/{name_of(shape)}", lines, regenerate)


def grid_of_tokens(chance: random.Random) -> Axes:
    """Samples, tokens among which a grid lies, and channels."""

    def factor(size: int, *states: str) -> AxisFactor:
        return axis_states.claimed(AxisFactor(size), chance.choice(states))

    rows, columns, frames = factor(3, "H!", "H?"), factor(4, "W!"), factor(2, "T?", "o?", "D!")
    grid = [(frames, rows, columns), (rows, columns), (columns, rows)][chance.randrange(3)]
    before, behind = chance.choice([(1, 0), (0, 1), (2, 1), (17, 0), (0, 0)])
    whole = AxisFactor(before + axis_size(grid) + behind)
    rest = [(AxisFactor(size),) if size else () for size in (before, behind)]
    whole.segments = tuple(part for part in (rest[0], grid, rest[1]) if part)
    if chance.random() < 0.3:  # joined twice
        inner, whole = whole, AxisFactor(whole.size + 1)
        whole.segments = ((AxisFactor(1),), (inner,))
    axis_states.claimed(whole, chance.choice((".", "L?", "C!", "L=")))
    samples = factor(2, "N?", "N!", ".")
    tokens = (whole,) if chance.random() < 0.8 else (samples, whole)
    return ((samples,), tokens, (factor(5, "C!", "C?", "."),))


def test_how_a_grid_among_tokens_is_shown(regenerate):
    lines = []
    for number in range(60):
        axes = grid_of_tokens(random.Random(f"grid {number}"))
        parts = [[axis_states.text_of([s]) for s in f.segments] for axis in axes for f in axis]
        reading = read_tensor(axes)
        lines.append(f"{axis_states.text_of(axes)} {parts}: {reading_text(reading)}")
        lines.append(f"  rows and columns {places_of_axes(axes)}")
        roles = [axis.role for axis in reading.axes]
        chance = random.Random(f"roles {number}")
        roles[chance.randrange(len(roles))] = chance.choice(AXIS_ROLES)
        lines.append(f"  as {' '.join(roles)}: {reading_text(read_tensor(axes, False, roles))}")
    golden_text.check("readings/grids", lines, regenerate)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_what_is_assumed_of_axes(shape, regenerate):
    lines = []
    for _, axes in states(shape, 2 * STATES):
        before = axis_states.text_of(axes)
        source = " of an input" if any(f.source >= 0 for axis in axes for f in axis) else ""
        assume_roles([axes, axes])
        lines.append(f"{before}{source} -> {axis_states.text_of(axes)}")
    golden_text.check(f"readings/assumed-{name_of(shape)}", lines, regenerate)


def test_what_is_assumed_of_inputs(regenerate):
    lines = []
    for shape in (*SHAPES, (2, 5), (2, 2), (1, 9), (3, 224, 224), (1, 224, 200, 3), (1, 16, 20)):
        for dtype in (torch.float32, torch.int64, torch.bool):
            follower = AxisFollower()
            axes = follower.add_input(torch.zeros(shape, dtype=dtype))
            told = axis_states.text_of(axes)
            assume_roles([axes])
            lines.append(f"{name_of(shape)} {dtype}: {told} -> {axis_states.text_of(axes)}")
            made = torch.zeros(*shape[:-1], 7) if shape else torch.zeros(7)
            follower.follow_module([torch.zeros(shape)], [made])
            lines.append(f"  {axis_states.text_of(follower.axes_of(made))}")
    golden_text.check("readings/inputs", lines, regenerate)


class Reference:
    """What a layout says of each number of a tensor, one number at a time."""

    def __init__(self, shape: tuple[int, ...], layout: MapLayout) -> None:
        self.layout, (self.first, self.last) = layout, layout.grid or (0, 0)
        values = np.arange(prod(shape), dtype=np.float32)
        self.tensor = torch.from_numpy(values.reshape(shape))
        known = -prod(layout.folded_sizes)
        samples = values.size // known if -1 in layout.sizes else 1
        self.folded = values.reshape([samples if n == -1 else n for n in layout.folded_sizes])
        self.sizes = [samples if n == -1 else n for n in layout.sizes]

    def index(self, axes: Sequence[int], at: int) -> dict[int, int]:
        """Of a position among several axes, the one along each of them."""
        found = np.unravel_index(at, [self.sizes[axis] for axis in axes]) if axes else ()
        return dict(zip(axes, map(int, found), strict=True))

    def value(self, places: dict[int, int], token: int | None = None) -> float:
        """The number at a place; of a token outside the grid, by its number there."""
        whole = [places.get(axis, 0) for axis in range(len(self.sizes))]
        if self.layout.grid is not None:
            prefix, inner = self.layout.prefix_tokens, self.sizes[self.first : self.last]
            count = prod(inner)
            at = int(np.ravel_multi_index(whole[self.first : self.last], inner)) + prefix
            if token is not None:
                at = token if token < prefix else token + count
            whole[self.first : self.last] = [at]
        return float(self.folded[tuple(whole)])


def layouts() -> Iterator[tuple[tuple[int, ...], MapLayout]]:
    """Tensors of many kinds, and how they are read."""
    for shape in SHAPES:
        for _, axes in states(shape, 8):
            yield shape, read_tensor(axes).layout
    for number in range(40):
        axes = grid_of_tokens(random.Random(f"grid {number}"))
        yield tuple(map(axis_size, axes)), read_tensor(axes).layout


def test_maps_are_the_numbers_that_the_layout_names():
    chance, checked = random.Random(1), 0
    for shape, layout in layouts():
        if prod(shape) > 1000:
            continue
        truth = Reference(shape, layout)
        counts = [prod(truth.sizes[axis] for axis in axes) for axes in layout.choices]
        chosen = [chance.randrange(count) for count in counts]
        places: dict[int, int] = {}
        for axes, at in zip(layout.choices, chosen, strict=True):
            places |= truth.index(axes, at)
        maps, extra = select_maps(truth.tensor, layout, chosen)
        assert maps.shape == layout.shape
        for at, value in np.ndenumerate(maps.numpy()):
            parts = zip((layout.channels, layout.rows, layout.columns), at, strict=True)
            here = {k: v for axes, n in parts for k, v in truth.index(axes, n).items()}
            assert value == truth.value(places | here)
        if extra is not None:
            assert len(extra) == layout.prefix_tokens + layout.suffix_tokens
            for (token, channel), value in np.ndenumerate(extra.numpy()):
                here = truth.index(layout.channels, channel)
                assert value == truth.value(places | here, token)
            checked += 1
    assert checked > 10


def test_several_frames_stand_side_by_side():
    checked = 0
    for shape, layout in layouts():
        if len(layout.choices) != 1 or prod(shape) > 1000:
            continue
        truth = Reference(shape, layout)
        count = prod(truth.sizes[axis] for axis in layout.choices[0])
        wide, _ = select_maps(truth.tensor, layout, [None])
        each = [select_maps(truth.tensor, layout, [at])[0] for at in range(count)]
        assert torch.equal(wide, torch.cat(each, -1))
        checked += 1
    assert checked > 10


def test_maps_of_all_samples_are_a_tensor_again():
    for shape, layout in layouts():
        if prod(shape) > 1000:
            continue
        truth = Reference(shape, layout)
        maps = to_maps(truth.tensor, layout)
        samples = truth.sizes[layout.batch_axis] if layout.batch_axis is not None else 1
        assert layout.sample_count(shape) == samples
        inside = range(*layout.grid or (0, 0))
        outer = [axis for axis in layout.slices if axis not in inside]
        count = layout.extra_tokens * prod(truth.sizes[axis] for axis in outer)
        assert maps.shape == (samples, layout.shape[0], count + layout.positions)
        axes = (*layout.slices, *layout.rows, *layout.columns)
        for (sample, channel, place), value in np.ndenumerate(maps.numpy()):
            here = truth.index(layout.channels, channel)
            if layout.batch_axis is not None:
                here[layout.batch_axis] = sample
            if place < count:
                slice_, token = divmod(place, layout.extra_tokens)
                assert value == truth.value(here | truth.index(outer, slice_), token)
            else:
                assert value == truth.value(here | truth.index(axes, place - count))
        assert torch.equal(from_maps(maps, layout, truth.tensor), truth.tensor)
        if layout.sample_place is not None:
            wanted = [n * 3 if i == layout.sample_place else n for i, n in enumerate(shape)]
            assert layout.batch_shape(shape, 3) == tuple(wanted)
