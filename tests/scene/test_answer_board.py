"""The board at the end of the network says what it answered, whatever kind of answer that is."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.network.predictions import (
    ClassScores,
    DepthMap,
    Detections,
    Embedding,
    Segmentation,
    Values,
)
from vrnn.scene.layout.answer_room import BOARD_TEXT, board_size
from vrnn.scene.visuals.answer_board import answer_board
from vrnn.scene.visuals.answer_scores import UNTRAINED, answer_text
from vrnn.scene.visuals.answer_thread import answer_thread
from vrnn.style.theme import ANNOTATION, WARNING

NAMES = ("cat", "dog", "owl")
IMAGE = np.full((24, 32, 3), 90, np.uint8)
CORNER, SIZE = (2.0, 1.0, -3.0), (10.8, 4.0)


def scores(*values, name="output"):
    found = np.array(values, np.float32)
    return ClassScores(3, np.log(found), found, name=name)


def board(*outputs, names=NAMES, label=""):
    return answer_board(outputs, IMAGE, names, label, CORNER, SIZE)


def texts(visual):
    return [label.text for label in visual.labels]


def is_inside(visual):
    left, low, _ = CORNER
    for quads in visual.quads:
        corners = np.array([quads["origin"], quads["origin"] + quads["right"] + quads["down"]])
        assert (corners[:, 0] > left - 0.1).all()
        assert (corners[:, 0] < left + SIZE[0] + 0.1).all()
        assert (corners[:, 1] > low - 0.1).all()
        assert (corners[:, 1] < low + SIZE[1] + 0.1).all()
    return all(low <= label.origin[1] <= low + SIZE[1] for label in visual.labels)


def test_the_best_class_is_the_largest_text():
    visual = board(scores(0.2, 0.7, 0.1))
    largest = max(visual.labels, key=lambda label: label.height)
    assert largest.text == "dog"
    assert "70%" in texts(visual)
    assert is_inside(visual)


@pytest.mark.parametrize(
    ("label", "verdict", "color"), [("dog", "right", ANNOTATION), ("cat", "wrong", WARNING)]
)
def test_it_says_whether_that_is_right(label, verdict, color):
    visual = board(scores(0.2, 0.7, 0.1), label=label)
    found = [one for one in visual.labels if one.text == f"label: {label} · {verdict}"]
    assert [one.color for one in found] == [color]


def test_untrained_weights_are_neither_right_nor_wrong():
    said = texts(board(scores(0.2, 0.7, 0.1), label=None))
    assert all(word in " ".join(said) for word in UNTRAINED.split())
    assert not any("label" in text for text in said)


def test_a_long_name_is_wrapped_and_stays_inside():
    visual = board(scores(0.2, 0.7, 0.1), names=("a", "German short-haired pointer dog", "c"))
    heading = max(label.height for label in visual.labels)
    assert sum(label.height == heading for label in visual.labels) >= 3
    assert is_inside(visual)


def test_a_lone_number_is_written_large():
    visual = board(Values(3, np.array([21.5], np.float32), name="age"), names=())
    assert max(visual.labels, key=lambda label: label.height).text in ("age", "21.5")
    assert "21.5" in texts(visual)


def test_boxes_are_drawn_and_listed():
    found = Detections(
        3, np.array([[0.1, 0.1, 0.5, 0.6], [0, 0, 1, 1]], np.float32), np.array([2, 0], np.int32),
        np.array([0.9, 0.1], np.float32),
    )  # fmt: skip
    visual = board(found)
    assert "owl 90%" in texts(visual)
    assert not any("cat" in text for text in texts(visual))
    assert len(visual.image_quads) == 1


@pytest.mark.parametrize(
    "output",
    [
        Segmentation(3, np.arange(48).reshape(6, 8).astype(np.int32) % 3, 3),
        DepthMap(3, np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8), 0.0, 1.0),
        Embedding(3, np.linspace(-1, 1, 12, dtype=np.float32)),
    ],
)
def test_an_output_that_is_an_image_is_shown_as_one(output):
    visual = board(output)
    assert visual.image_quads
    assert is_inside(visual)


def test_each_of_several_outputs_has_its_name_and_what_does_not_fit_is_counted():
    outputs = [scores(0.2, 0.7, 0.1, name=f"head {i}") for i in range(5)]
    visual = board(*outputs)
    lines = texts(visual)
    assert {"head 0", "head 1"} <= set(lines)
    assert any(line.startswith("head 2 · 2 more") for line in lines)
    assert is_inside(visual)


def test_the_thread_leads_from_the_image_to_the_board():
    world, _, _ = small_world([scores(0.2, 0.7, 0.1)], NAMES)
    drawn = world.draw_list()
    image = min(drawn.image_quads, key=lambda one: one.origin[0])
    thread = answer_thread([(0.0, 0.0, 1.0), (0.0, 0.0, 2.0), (4.0, 1.0, 2.0), (4.0, 1.0, 0.0)])
    color = thread["color"][0]
    strokes = drawn.strokes[(drawn.strokes["color"] == color).all(1)]
    x = strokes["start"][0, 0]
    assert image.origin[0] < x < image.origin[0] + image.right[0]
    x, _, z, width, _ = world.placement_frame(0).panel_rects[-1].tolist()
    assert strokes["end"][-1, 0] > x + width / 2
    assert strokes["end"][-1, 2] == pytest.approx(z)
    np.testing.assert_allclose(strokes["start"][1:], strokes["end"][:-1], atol=1e-5)
    assert strokes["kind"].tolist() == [0] * (len(strokes) - 1) + [1]


@pytest.mark.parametrize(
    ("values", "share"), [([1 / 3] * 3, "33% for each"), ([0.4, 0.2, 0.4], "40% for 2 classes")]
)
def test_no_class_leads_where_several_have_the_highest_score(values, share):
    found = scores(*values)
    assert found.leader is None
    visual = board(found, label="dog")
    assert {"no class leads", share, "label: dog"} <= set(texts(visual))
    assert not any("wrong" in text or "right" in text for text in texts(visual))
    assert is_inside(visual)
    assert WARNING not in [label.color for label in visual.labels]


def test_no_text_of_the_board_is_smaller_than_what_is_readable_from_afar():
    scale = min(SIZE[0] / board_size(1)[0], SIZE[1] / board_size(1)[1])
    outputs = [
        scores(0.2, 0.7, 0.1), Values(3, np.arange(9.0)), Values(3, np.array([2.0])),
        Segmentation(3, np.arange(48).reshape(6, 8).astype(np.int32) % 3, 3),
        DepthMap(3, np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8), 0.0, 1.0),
        Detections(3, np.zeros((9, 4), np.float32), np.zeros(9, np.int32), np.full(9, 0.9)),
    ]  # fmt: skip
    for output in outputs:
        visual = board(output, label="a very long name of a class that nobody has ever seen")
        assert visual.labels
        assert min(label.height for label in visual.labels) >= BOARD_TEXT * scale - 1e-6
        assert is_inside(visual)


def test_a_bar_of_the_board_and_the_best_class_can_be_clicked():
    visual = board(scores(0.2, 0.7, 0.1))
    found = [(region.kind, region.value) for region in visual.pick_regions]
    assert found == [("class", 1), ("class", 0), ("class", 2)]


def test_the_answer_in_a_few_words():
    assert answer_text(scores(0.2, 0.7, 0.1), NAMES) == "dog 70%"
    assert answer_text(Values(3, np.array([21.5]), name="age"), ()) == "age 21.5"
    assert answer_text(Values(3, np.array([1.0, 2.0])), ()) == ""


def test_a_small_share_is_not_nothing():
    values = np.full(1000, 0.0009, np.float32)
    values[7] = 0.1009
    found = scores(*(values / 40))
    assert found.leader == 7
    assert "0.3%" in texts(board(found))
