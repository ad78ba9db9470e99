"""Room beside the pointer: inside the picture, and over as little as there can be."""

import numpy as np
import pytest

from tests.support import golden_text
from vrnn.scene.visuals.free_room import free_box, overlap

GAP, MARGIN = (8.0, 12.0), 4.0


def test_what_two_rectangles_share():
    rng = np.random.default_rng(0)
    for _ in range(60):
        boxes = rng.integers(0, 12, (2, 4)).astype(float)
        grid = np.zeros((2, 30, 30), bool)
        for cells, (left, top, width, height) in zip(grid, boxes.astype(int), strict=True):
            cells[top : top + height, left : left + width] = True
        assert overlap(*map(tuple, boxes)) == (grid[0] & grid[1]).sum()


@pytest.mark.parametrize(
    ("pointer", "corner"),
    [
        ((50, 50), (58, 62)),  # below, at the right
        ((270, 50), (236, 62)),  # as far at the right as it fits
        ((50, 180), (58, 176)),
        ((270, 180), (202, 176)),  # it would lie under the pointer
        ((0, 0), (8, 12)),
        ((-50, -50), (4, 4)),
        ((228, 50), (236, 62)),
        ((229, 50), (236, 62)),
    ],
)
def test_it_is_below_at_the_right_where_that_is_inside(pointer, corner):
    found = free_box((60, 20), pointer, (300, 200), (), GAP, MARGIN)
    assert found == (*corner, 60, 20)


def test_better_places_come_first_where_nothing_is_covered():
    best = [(100.0, 100.0), (5.0, 5.0)]
    assert free_box((60, 20), (50, 50), (300, 200), (), GAP, MARGIN, best)[:2] == (100, 100)
    taken = [(90.0, 90.0, 30.0, 30.0)]
    assert free_box((60, 20), (50, 50), (300, 200), taken, GAP, MARGIN, best)[:2] == (5, 5)
    over_the_pointer = free_box((60, 20), (120, 110), (300, 200), (), GAP, MARGIN, best[:1])
    assert over_the_pointer[:2] == (128, 122)


def test_places_are_as_they_were_approved(regenerate):
    rng = np.random.default_rng(1)
    lines = []
    for number in range(60):
        size = rng.integers(10, 120, 2).tolist()
        pointer = rng.integers(-10, 330, 2).tolist()
        picture = rng.integers(150, 330, 2).tolist()
        taken = [tuple(map(float, rng.integers(0, 200, 4))) for _ in range(int(rng.integers(0, 6)))]
        best = [tuple(map(float, rng.integers(0, 300, 2)))] if number % 3 == 0 else []
        box = free_box(size, pointer, picture, taken, GAP, MARGIN, best)
        covered = sum(overlap(box, other) for other in taken)
        lines.append(
            f"{size} at {pointer} of {picture} with {len(taken)}: {golden_text.numbers(box)} "
            f"covers {covered:g}"
        )
        assert box[0] >= MARGIN
        assert box[1] >= MARGIN
    golden_text.check("views/free-room", lines, regenerate)


def test_beside_the_pointer_is_better_than_in_the_same_row_far_away():
    legend, callout = (750.0, 653.0, 510.0, 65.0), (450.0, 675.0, 285.0, 39.0)
    box = free_box((308, 140), (740, 520), (1280, 720), [legend, callout], (20, 26), 8)
    assert box[:2] == (760, 354)  # above it, as both below are taken


def test_of_places_beside_what_is_taken_the_nearest_is_best():
    taken = [(0.0, 0.0, 400.0, 330.0)]  # all around the pointer
    box = free_box((60, 20), (200, 300), (1000, 600), taken, GAP, MARGIN)
    assert box[1] == 334  # just below, not at the right end
