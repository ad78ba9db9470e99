"""What the Predictions panel lists of each kind of output."""

import numpy as np
import pytest

from vrnn.network.output_decoding import decode
from vrnn.network.predictions import Detections
from vrnn.ui.panels.predictions import MAX_ROWS, compared_rows, output_rows

NAMES = ("cat", "dog", "bird")


def rows(kind, values, names=NAMES):
    return output_rows(decode(kind, np.asarray(values, np.float32), 0), names)


def test_scores_come_with_their_shares_and_the_best_first():
    listed = rows("scores", [0.0, np.log(3), -50.0])
    assert [row[:2] for row in listed] == [("dog", "75.0%"), ("cat", "25.0%"), ("bird", "0.0%")]
    assert [row[0] for row in rows("independent", [4.0, -4.0, 0.0])] == ["cat", "bird", "dog"]
    assert rows("independent", [4.0, -4.0, 0.0])[1][1] == "50.0%"


def test_numbers_keep_their_order_and_are_no_shares():
    listed = rows("numbers", [2.0, -4.0])
    assert [row[:2] for row in listed] == [("value 0", "2"), ("value 1", "-4")]
    assert [row[2] for row in listed] == [0.5, 1.0]
    assert rows("numbers", [1.0, 2.0, 3.0])[0][0] == "cat"
    assert len(rows("numbers", np.arange(40))) == MAX_ROWS


def test_a_segmentation_lists_the_share_of_each_class():
    maps = np.zeros((3, 4, 4))
    maps[2, :, :3] = 1
    assert [row[:2] for row in rows("segmentation", maps)] == [("bird", "75.0%"), ("cat", "25.0%")]


def test_boxes_list_their_classes():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5]], np.float32)
    output = Detections(0, boxes, np.array([1, 9]), np.array([0.8, 0.4]))
    assert [row[:2] for row in output_rows(output, NAMES)] == [
        ("dog", "80.0%"),
        ("class 9", "40.0%"),
    ]


@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [
        ("depth", (1, 4, 6), "6 × 4, from -1 to 2"),
        ("flow", (2, 4, 6), "6 × 4 vectors, up to 2.24 pixels"),
        ("picture", (3, 4, 6), "6 × 4, black -1, white 2"),
        ("noise", (3, 4, 6), "6 × 4, black -2, white 2"),
        ("waveform", (2, 12), "2 channels of 12 samples, peak 2"),
        ("embedding", (12,), "12 numbers, length 5.477"),
        ("maps", (3, 4, 6), "3×4×6 values, from -1 to 2"),
    ],
)
def test_all_else_is_described_on_one_line(kind, shape, words):
    values = np.where(np.arange(np.prod(shape)) % 2, 2.0, -1.0).reshape(shape)
    if kind == "flow":
        values[0], values[1] = -1, 2
    ((text, number, bar),) = rows(kind, values)
    assert (text, number, bar) == (words, "", 0.0)


def test_scores_are_compared_with_those_before_channels_were_ablated():
    now, before = (
        decode("scores", np.log(np.array(p)), 0) for p in ([0.2, 0.7, 0.1], [0.6, 0.3, 0.1])
    )
    assert [row[:2] for row in compared_rows(now, before, NAMES)] == [
        ("dog", "30.0 → 70.0% (+40.0)"), ("cat", "60.0 → 20.0% (−40.0)"),
        ("bird", "10.0 → 10.0% (0.0)"),
    ]  # fmt: skip
    assert compared_rows(now, None, NAMES) == output_rows(now, NAMES)


def test_what_led_before_is_listed_even_if_it_is_far_behind_now():
    scores = np.linspace(0.0, 3.0, 30).astype(np.float32)
    led = scores.copy()
    led[0] = 9.0
    listed = compared_rows(decode("scores", scores, 0), decode("scores", led, 0), ())
    assert len(listed) == MAX_ROWS
    name, text, _ = listed[-1]
    assert name == output_rows(decode("scores", led, 0), ())[0][0]
    assert "(−" in text


def test_numbers_are_compared_too():
    now, before = (
        decode("numbers", np.array(v, np.float32), 0) for v in ([2.0, -4.0], [2.5, -4.0])
    )
    assert [row[1] for row in compared_rows(now, before, ())] == ["2.5 → 2 (−0.5)", "−4 → −4 (+0)"]
