"""The matching positions of layers, by their receptive fields and without."""

from __future__ import annotations

from vrnn.network.matching_positions import matching_position, position_center
from vrnn.network.receptive_field import ReceptiveField


def field(step: float, low: float, high: float, covers: bool = False) -> ReceptiveField:
    return ReceptiveField((step, step), (low, low), (high, high), (0, 0), (31, 31), covers)


PIXELS = field(1, 0, 0)
SIZE = (32, 32)


def carried(
    position: tuple[int, int], from_side: int, source: ReceptiveField | None,
    to_side: int, target: ReceptiveField | None,
) -> tuple[int, int]:  # fmt: skip
    point = position_center(position, (from_side, from_side), source, SIZE)
    return matching_position(point, (to_side, to_side), target, SIZE)


def test_every_position_matches_itself() -> None:
    for one, side in ((PIXELS, 32), (field(4, -3, 3), 8), (field(2, 0, 8), 12), (None, 5)):
        for row in range(side):
            position = (row, side - 1 - row)
            assert carried(position, side, one, side, one) == position


def test_a_convolution_without_padding_shifts_the_position() -> None:
    """A 9×9 kernel without padding: position 0 looks at pixels 0 to 8, whose middle is 4."""
    valid = field(1, 0, 8)
    assert carried((0, 5), 24, valid, 32, PIXELS) == (4, 9)
    assert carried((4, 9), 32, PIXELS, 24, valid) == (0, 5)
    assert carried((0, 31), 32, PIXELS, 24, valid) == (0, 23)  # what no middle is at: the nearest


def test_without_a_field_the_position_stands_for_its_part_of_the_map() -> None:
    assert carried((3, 0), 4, None, 32, PIXELS) == (28, 4)
    assert carried((3, 0), 4, field(8, 0, 31, True), 32, PIXELS) == (28, 4)
    assert carried((31, 16), 32, PIXELS, 1, None) == (0, 0)


def test_steps_that_run_out_of_the_input_say_nothing() -> None:
    """As of tokens in a row whose field repeats from row to row of the image."""
    assert carried((31, 16), 32, PIXELS, 64, field(4, 0, 3)) == (63, 33)
