"""Receptive fields through views, windows and sums, against what each single position sees.

The result may never be narrower than the truth; how wide it is stands in golden text.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.support import golden_text
from vrnn.compute.operators.receptive_field import (
    AxisInterval,
    PixelField,
    WindowSpan,
    apply_windows,
    broadcast_field,
    join_fields,
    mix_along,
    rounding_slack,
)
from vrnn.compute.operators.receptive_field_views import (
    Geometry,
    lies_within,
    pull_back,
    push_through_view,
)

Box = tuple[float, float, float, float]
"""First and last row, first and last column."""
SHAPE = (2, 4, 6, 8)
ROWS, COLUMNS = AxisInterval(2, -1, 3, 0, 13), AxisInterval(1.5, -2, 2, 0, 11)
WIDE = AxisInterval(3, 1, 4, 1, 15)
FIELDS = {
    "map": PixelField(ROWS, COLUMNS, (-2, -1)),
    "turned map": PixelField(ROWS, COLUMNS, (-1, -2)),
    "rows": PixelField(WIDE, COLUMNS.as_global(), (-2, None)),
    "columns": PixelField(ROWS.as_global(), COLUMNS, (None, -1)),
    "rows before": PixelField(ROWS, COLUMNS, (-3, -1)),
    "all": PixelField(ROWS, COLUMNS, (-2, -1)).as_global(),
}
TOKENS = (2, 51, 5)
TOKEN_FIELD = PixelField(ROWS, COLUMNS, (-2, -2), (2, 6, 8))


def seen(field: PixelField, place: Sequence[int]) -> Box:
    """What a position sees."""
    if field.grid:
        assert field.axes[0] is not None
        prefix, _, width = field.grid
        at: list[int] = [*divmod(place[field.axes[0]] - prefix, width)]
    else:
        at = [0 if axis is None else place[axis] for axis in field.axes]
    sides = []
    for interval, i in zip((field.rows, field.columns), at, strict=True):
        low, high = interval.step * i + interval.low, interval.step * i + interval.high
        sides += [max(interval.first, low), min(interval.last, high)]
    return sides[0], sides[1], sides[2], sides[3]


def contains(outer: Box, inner: Box) -> bool:
    nothing = inner[0] > inner[1] or inner[2] > inner[3]
    return nothing or (
        outer[0] <= inner[0] + 1e-6 and outer[1] >= inner[1] - 1e-6
        and outer[2] <= inner[2] + 1e-6 and outer[3] >= inner[3] - 1e-6
    )  # fmt: skip


def is_of_map(field: PixelField, place: Sequence[int]) -> bool:
    """Whether a position is no token beside the grid, of which nothing is known."""
    if not field.grid:
        return True
    assert field.axes[0] is not None
    prefix, height, width = field.grid
    return prefix <= place[field.axes[0]] < prefix + height * width


def places(shape: Sequence[int]) -> itertools.product:
    return itertools.product(*(range(n) for n in shape))


def check_view(field: PixelField, shape: Sequence[int], view: Callable, made: PixelField) -> None:
    """Each position of a view sees what the one sees that it shows."""
    numbers = view(torch.arange(int(np.prod(shape))).view(shape))
    for place, number in np.ndenumerate(numbers.numpy()):
        old = np.unravel_index(int(number), shape)
        if is_of_map(field, old):
            assert contains(seen(made, place), seen(field, old)), place


def text_of(field: PixelField) -> str:
    numbers = [
        " ".join(golden_text.numbers(float(n)) for n in interval)
        for interval in (field.rows, field.columns)
    ]
    grid = f" grid {field.grid}" if field.grid else ""
    return f"rows {numbers[0]}, columns {numbers[1]}, axes {field.axes}{grid}"


VIEWS: Mapping[str, Callable] = {
    "all": lambda x: x, "flipped axes": lambda x: x.mT, "channels last": lambda x: x.movedim(1, -1),
    "rows first": lambda x: x.permute(2, 0, 3, 1), "part": lambda x: x[:, :, 1:5, 2:7],
    "second rows": lambda x: x[:, :, ::2], "third columns": lambda x: x[..., 1::3],
    "second of both": lambda x: x[:, :, 1::2, ::2], "row": lambda x: x[:, :, 3],
    "row kept": lambda x: x[:, :, 3:4], "column": lambda x: x[..., 5],
    "column kept": lambda x: x[..., 6:7], "position": lambda x: x[:, :, 4, 2],
    "position kept": lambda x: x[:, :, 4:5, 2:3], "sample": lambda x: x[1],
    "channel": lambda x: x[:, 2], "channel kept": lambda x: x[1:, 2:3],
    "new axis": lambda x: x[:, :, None, :, None], "last row": lambda x: x[0, 0, -1],
    "flattened": lambda x: x.flatten(2), "flattened and last": lambda x: x.flatten(2).mT,
    "flattened turned": lambda x: x.permute(0, 2, 3, 1).flatten(1, 2),
    "flattened part": lambda x: x[:, :, 2:].flatten(2), "flat": lambda x: x.flatten(),
    "flat samples": lambda x: x.flatten(0, 1), "flat channels and rows": lambda x: x.flatten(1, 2),
    "flat of one": lambda x: x[0, 0].flatten(), "rows as two": lambda x: x.unflatten(2, (3, 2)),
    "columns as two": lambda x: x.unflatten(3, (2, 4)), "both as two": lambda x: x.view(
        2, 4, 3, 2, 4, 2
    ), "windows": lambda x: x.view(2, 4, 3, 2, 4, 2).permute(0, 2, 4, 1, 3, 5),
    "inner rows": lambda x: x.view(2, 4, 2, 3, 8)[:, :, :, 1],
    "outer rows": lambda x: x.view(2, 4, 2, 3, 8)[:, :, 1], "overlapping rows": lambda x: x.unfold(
        2, 3, 1
    ), "overlapping columns": lambda x: x.unfold(3, 4, 2), "windows apart": lambda x: x.unfold(
        2, 2, 3
    ), "spread": lambda x: x[:, :1].expand(2, 5, 6, 8), "spread row": lambda x: x[:, :, 2:3].expand(
        2, 4, 9, 8
    ), "repeated rows": lambda x: x[:, :, :, None].expand(2, 4, 6, 3, 8),
    "other rows": lambda x: x.view(2, 4, 4, 12), "longer rows": lambda x: x.view(2, 4, 3, 16),
    "diagonal": lambda x: x.as_strided((2, 4, 6), (192, 48, 9)),
    "diagonal of both": lambda x: torch.diagonal(x, dim1=2, dim2=3),
    "diagonal of channels": lambda x: torch.diagonal(x, dim1=1, dim2=2),
    "shifted": lambda x: x.as_strided((1, 4, 3, 8), (192, 48, 16, 1), 9),
    "half rows": lambda x: x.as_strided((2, 4, 6, 4), (192, 48, 8, 1), 4),
    "steps of four": lambda x: x.as_strided((2, 4, 12), (192, 48, 4)),
    "steps of three": lambda x: x.as_strided((2, 4, 16), (192, 48, 3)),
    "steps of sixteen": lambda x: x.as_strided((2, 4, 3), (192, 48, 16), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_positions_of_a_view_see_what_they_did(name, regenerate):
    view, lines = VIEWS[name], []
    tensor = torch.arange(int(np.prod(SHAPE))).view(SHAPE)
    old, new = Geometry.of(tensor), Geometry.of(view(tensor))
    for kind, field in FIELDS.items():
        made = push_through_view(field, old, new)
        check_view(field, SHAPE, view, made)
        lines.append(f"{kind}: {text_of(made)}")
    lines.append(f"lies within {lies_within(new, old)}")
    for kind, field in FIELDS.items():
        if all(axis is None or -axis <= len(new.shape) for axis in field.axes):
            made = pull_back(field, new, old)
            for place, number in np.ndenumerate(view(tensor).numpy()):
                target = np.unravel_index(int(number), SHAPE)
                assert contains(seen(made, target), seen(field, place)), place
            lines.append(f"{kind} written: {text_of(made)}")
    golden_text.check(f"fields/arithmetic/{name.replace(' ', '-')}", lines, regenerate)


TOKEN_VIEWS: Mapping[str, Callable] = {
    "all": lambda x: x, "channels first": lambda x: x.mT, "sample": lambda x: x[1],
    "without the first": lambda x: x[:, 2:], "of the grid": lambda x: x[:, 2:50],
    "map": lambda x: x[:, 2:50].unflatten(1, (6, 8)),
    "map first": lambda x: x.mT[..., 2:50].unflatten(-1, (6, 8)),
    "other map": lambda x: x[:, 2:50].unflatten(1, (8, 6)),
    "shifted map": lambda x: x[:, 1:49].unflatten(1, (6, 8)),
    "first": lambda x: x[:, 0], "part": lambda x: x[:, 10:20], "second": lambda x: x[:, ::2],
    "channel": lambda x: x[..., 3], "flat": lambda x: x.flatten(1),
    "heads": lambda x: x[:, :, None],
    "rows of the grid": lambda x: x[:, 2:50].view(2, 6, 40), "windows": lambda x: x.unfold(1, 3, 1),
    "columns of rows": lambda x: x[:, 2:50].unflatten(1, (6, 8))[:, :, 1:5],
    "a row": lambda x: x[:, 2:50].unflatten(1, (6, 8))[:, 2],
    "three axes": lambda x: x[:, 2:50].unflatten(1, (6, 2, 4)),
}  # fmt: skip


def test_tokens_of_a_view_see_what_they_did(regenerate):
    tensor = torch.arange(int(np.prod(TOKENS))).view(TOKENS)
    old, lines = Geometry.of(tensor), []
    for name, view in TOKEN_VIEWS.items():
        geometry = Geometry.of(view(tensor))
        made = push_through_view(TOKEN_FIELD, old, geometry)
        check_view(TOKEN_FIELD, TOKENS, view, made)
        lines.append(f"{name}: {text_of(made)}, lies within {lies_within(geometry, old)}")
    larger = torch.zeros(2, 60, 9)
    for name, part in (
        ("behind", larger[:, 9:60, :5]), ("in turn", larger.view(2, 30, 18)[:, :, :5]),
        ("turned", larger[:, 3:54, 2:7]),
    ):  # fmt: skip
        made = pull_back(TOKEN_FIELD, Geometry.of(part), Geometry.of(larger))
        lines.append(f"written {name}: {text_of(made)}")
    golden_text.check("fields/arithmetic/tokens", lines, regenerate)


SPANS = [
    {-1: WindowSpan(1, -1, 1)}, {-2: WindowSpan(2, 0, 2)}, {-2: WindowSpan(2, -1, 1),
     -1: WindowSpan(3, 0, 0)}, {-3: WindowSpan(1, 0, 3)}, {-1: WindowSpan(0.5, -0.5, 0)},
    {-1: WindowSpan(1, 0, 0)}, {}, {-4: WindowSpan(1, -1, 0), -2: WindowSpan(1, 2, 2)},
]  # fmt: skip


def test_windows_see_what_their_positions_see(regenerate):
    lines = []
    for (kind, field), spans in itertools.product(
        [*FIELDS.items(), ("tokens", TOKEN_FIELD)], SPANS
    ):
        shape = (2, 51, 5) if field.grid else (2, 4, 3, 3)
        made = apply_windows(field, spans, shape)
        whole = TOKENS if field.grid else SHAPE
        for place in places(shape):
            ranges = []
            for axis in range(-len(shape), 0):
                span = spans.get(axis, WindowSpan(1, 0, 0))
                ends = [place[axis] * span.step + end for end in (span.low, span.high)]
                inside = range(int(np.ceil(ends[0])), int(np.floor(ends[1])) + 1)
                ranges.append([i for i in inside if 0 <= i < whole[axis]])
            for old in itertools.product(*ranges):
                if is_of_map(field, old):
                    assert contains(seen(made, place), seen(field, old))
        lines.append(f"{kind} {[(a, *s) for a, s in spans.items()]}: {text_of(made)}")
    golden_text.check("fields/arithmetic/windows-of-axes", lines, regenerate)


def test_what_is_mixed_along_axes_sees_all_of_them(regenerate):
    lines = []
    for (kind, field), axes in itertools.product(
        [*FIELDS.items(), ("tokens", TOKEN_FIELD)], ((-1,), (-2,), (-3,), (-2, -1), (-3, -2), ())
    ):
        shape = TOKENS if field.grid else (1, 2, 6, 8)
        made = mix_along(field, axes)
        some = [(0,) * len(shape), tuple(n - 1 for n in shape), tuple(n // 2 for n in shape)]
        for place, old in itertools.product(some, places(shape)):
            same = all(place[a] == old[a] for a in range(-len(shape), 0) if a not in axes)
            if same and is_of_map(field, old):
                assert contains(seen(made, place), seen(field, old))
        lines.append(f"{kind} {axes}: {text_of(made)}")
    golden_text.check("fields/arithmetic/mixed", lines, regenerate)


def test_what_is_broadcast_sees_what_it_did(regenerate):
    lines = []
    for (kind, field), (old, new) in itertools.product(FIELDS.items(), (
        (SHAPE, SHAPE), ((2, 4, 1, 8), SHAPE), ((2, 4, 6, 1), SHAPE), ((1, 1, 1, 1), SHAPE),
        ((4, 6, 8), SHAPE), (SHAPE, (3, *SHAPE)), ((2, 1, 6, 8), SHAPE),
    )):  # fmt: skip
        if any(axis is not None and -axis > len(old) for axis in field.axes):
            continue
        made = broadcast_field(field, old, new)
        check_view(field, old, lambda x, new=new: x.broadcast_to(new), made)
        lines.append(f"{kind} {old} -> {new}: {text_of(made)}")
    for old, new in ((TOKENS, (3, *TOKENS)), ((2, 51, 1), TOKENS), ((2, 1, 5), TOKENS)):
        made = broadcast_field(TOKEN_FIELD, old, new)
        lines.append(f"tokens {old} -> {new}: {text_of(made)}")
    golden_text.check("fields/arithmetic/broadcast", lines, regenerate)


OTHERS = {
    **FIELDS,
    "shifted map": PixelField(
        AxisInterval(2, 4, 5, -3, 19), AxisInterval(0.5, 3, 9, 1, 14), (-2, -1)
    ),
    "coarse map": PixelField(AxisInterval(5, -4, -2, -4, 20), COLUMNS, (-2, -1)),
}


def test_what_is_joined_sees_what_each_does(regenerate):
    lines = []
    for (kind, one), (name, other) in itertools.product(OTHERS.items(), OTHERS.items()):
        made = join_fields([one, other], SHAPE)
        for place in places((2, *SHAPE[1:])):
            assert contains(seen(made, place), seen(one, place))
            assert contains(seen(made, place), seen(other, place))
        lines.append(f"{kind} and {name}: {text_of(made)}")
    rows = AxisInterval(3, 0, 1, 0, 18)
    tokens = {
        "the same": TOKEN_FIELD, "other rows": TOKEN_FIELD._replace(rows=rows),
        "other columns": TOKEN_FIELD._replace(columns=rows),
        "another grid": TOKEN_FIELD._replace(grid=(3, 6, 8)),
        "another axis": TOKEN_FIELD._replace(axes=(-1, -1)), "all": FIELDS["all"],
    }  # fmt: skip
    for name, field in tokens.items():
        made = join_fields([TOKEN_FIELD, field, TOKEN_FIELD], TOKENS)
        for place in places((1, 51, 51)):
            for each in (TOKEN_FIELD, field):
                if is_of_map(each, place) and is_of_map(TOKEN_FIELD, place):
                    assert contains(seen(made, place), seen(each, place))
        lines.append(f"tokens and {name}: {text_of(made)}")
    golden_text.check("fields/arithmetic/joined", lines, regenerate)


@pytest.mark.parametrize(("fractions", "slack"), [
    (("1",), 0), (("3", "5"), 0), (("1/2",), 0.5), (("3/4",), 0.75), (("1/2", "1/4"), 0.75),
    (("1/3",), 1), (("2/3", "1/2"), 1), (("5/8", "7"), 0.875), (("1/6",), 1),
])  # fmt: skip
def test_how_far_rounding_lowers_a_sum(fractions, slack):
    assert rounding_slack(*map(Fraction, fractions)) == slack


def test_geometry_is_that_of_torch():
    x = torch.zeros(2, 3, 4, 6)
    geometry = Geometry.contiguous(x.shape)
    assert geometry == Geometry.of(x)
    assert geometry.permuted((3, 1, 0, 2)) == Geometry.of(x.permute(3, 1, 0, 2))
    assert geometry.narrowed(2, 1, 2) == Geometry.of(x.narrow(2, 1, 2))
    part = geometry.narrowed(3, 2, 4)
    assert part.narrowed(1, 2, 1) == Geometry.of(x.narrow(3, 2, 4).narrow(1, 2, 1))
    assert geometry.unflattened(3, (2, 3)) == Geometry.of(x.unflatten(3, (2, 3)))
    assert geometry.unflattened(2, (2, 1, 2)).shape == (2, 3, 2, 1, 2, 6)
    assert Geometry.contiguous((2, 0, 3)).strides == torch.zeros(2, 0, 3).stride()
    assert Geometry.contiguous(()) == Geometry.of(torch.zeros(()))
