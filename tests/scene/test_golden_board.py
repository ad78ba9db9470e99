"""The board at the end of the network as golden text, for each kind of answer."""

from dataclasses import replace

import numpy as np
import pytest

from tests.scene.test_geometry import OUTPUTS, SCORES, image
from tests.support import geometry, golden_text
from vrnn.network.predictions import ClassScores, Detections, Values
from vrnn.scene.layout.answer_room import MAX_SECTIONS
from vrnn.scene.visuals.answer_board import answer_board
from vrnn.scene.visuals.answer_thread import answer_thread

NAMES = ("cat", "German short-haired pointer dog of a very long name", "owl")


def classes(count):
    """Scores of so many classes, each half of the one before."""
    shares = 0.5 ** np.arange(1, count + 1, dtype=np.float32)
    return ClassScores(9, np.log(shares), shares)


def found(count, low=0.29):
    """So many boxes, of which the last has a low score."""
    scores = np.linspace(0.9, low, count, dtype=np.float32)
    boxes = np.linspace(0, 1, 4 * count, dtype=np.float32).reshape(count, 4)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
    return Detections(9, boxes, np.arange(count, dtype=np.int32) % 3, scores)


def numbers(count, name="numbers"):
    return Values(9, np.linspace(-2, 5, count, dtype=np.float32), name=name)


ANSWERS = {
    **{name: ([output], NAMES, "") for name, output in OUTPUTS.items()},
    "right": ([SCORES], NAMES, "cat"),
    "wrong": ([SCORES], NAMES, NAMES[1]),
    "unsure": ([replace(SCORES, is_sure=False, evidence="numbers of any sign")], NAMES, ""),
    "unnamed": ([classes(2)], (), ""),
    "many-classes": ([classes(30)], (), ""),
    "no-classes": ([classes(0)], NAMES, ""),
    "second-wins": ([ClassScores(9, np.zeros(3), np.array([0.1, 0.8, 0.1]))], NAMES, "owl"),
    "one-number": ([numbers(1, "age")], (), ""),
    "one-named-number": ([numbers(1)], ("years",), ""),
    "one-number-of-more-names": ([numbers(1)], NAMES, ""),
    "many-numbers": ([numbers(25)], (), ""),
    "ten-numbers": ([numbers(10)], (), ""),
    "many-boxes": ([found(25, 0.31)], NAMES, ""),
    "six-boxes": ([found(6, 0.3)], NAMES, ""),
    "seven-boxes": ([found(7, 0.3)], NAMES, ""),
    "no-boxes": ([found(1, 0.1), found(0)], NAMES, ""),
    "two-answers": ([SCORES, numbers(3)], NAMES, "cat"),
    "as-many-as-fit": ([SCORES] * MAX_SECTIONS, NAMES, "cat"),
    "one-more": ([SCORES] * (MAX_SECTIONS + 1), NAMES, "cat"),
    "nothing": ([], NAMES, "cat"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_board_is_as_it_was_approved(name, regenerate):
    outputs, names, label = ANSWERS[name]
    lines = []
    for size, slot in (((10.8, 4.0), 0), ((3.0, 9.0), 2)):
        board = answer_board(outputs, image(24, 32), names, label, (2.0, 1.0, -3.0), size, slot)
        lines += [f"in {size} of {slot}:", *geometry.visual_lines(board)]
    golden_text.check(f"geometry/board-{name}", lines, regenerate)


@pytest.mark.parametrize("last", [0.1, 0.4, 3.0])
def test_the_thread_ends_in_a_head(last):
    corners = [(0.0, 0.0, 0.0), (0.0, 0.0, 4.0), (4.0, 0.0, 4.0), (4.0, 0.0, 4.0 - 9 * last)]
    thread = answer_thread(corners)
    np.testing.assert_allclose(thread["end"][-1], corners[-1], atol=1e-5)
    np.testing.assert_allclose(thread["start"][0], corners[0], atol=1e-6)
    head = np.linalg.norm(thread["end"][-1] - thread["start"][-1])
    line = thread["width"][:-1]
    assert head <= 0.4 + 1e-6
    if 9 * last > 2:
        assert head == pytest.approx(0.4, rel=1e-4)
    np.testing.assert_allclose(line, 0.07)
    assert thread["width"][-1] == pytest.approx(0.28)
    assert thread["kind"].tolist() == [0] * len(line) + [1]
    assert (thread["color"] == thread["color"][0]).all()
