"""Counts of right and wrong answers, by hand."""

import numpy as np

from vrnn.network.dataset_score import DatasetScore, ScoreComparison

NUMBERS, LABELS = np.array([0, 2, 4, 6, 8]), np.array([0, 0, 1, 1, 3])


def score(answers, confidences=(0.5, 0.5, 1.0, 1.0, 0.0), classes=4):
    return DatasetScore(
        classes, NUMBERS, LABELS, np.array(answers), np.array(confidences, np.float32)
    )


def test_accuracy_confidence_and_confusions():
    one = score([0, 1, 1, 1, -1])
    assert one.accuracy == 0.6
    assert one.confidence == np.float32(0.6)
    assert np.array_equal(one.class_accuracy, [0.5, 1, np.nan, 0], equal_nan=True)
    assert one.class_confidence[:2].tolist() == [0.5, 1]
    assert one.confusion.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert one.cell(0, 1).tolist() == [2]


def test_what_a_change_made_wrong_and_right():
    both = ScoreComparison(score([0, 1, 1, 1, 3]), score([0, 0, 1, 0, 3]), 9)
    assert both.has_change
    assert both.became_wrong.tolist() == [6]
    assert both.became_right.tolist() == [2]
    assert both.images("cell", "before", 0, 1).tolist() == [2]
    assert both.images("cell", "now", 0, 1).tolist() == []
    assert both.images("became wrong", "now", 0, 0).tolist() == [6]
    assert both.missing_classes == (2,)


def test_of_many_classes_those_are_shown_that_are_confused_most():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 4)
    answers = labels.copy()
    answers[[28, 29, 30]] = 93  # class 7
    answers[200] = 51  # class 50
    many = DatasetScore(100, np.arange(400), labels, answers, rng.random(400).astype(np.float32))
    both = ScoreComparison(many, many, 400)
    assert both.shown_classes(100).tolist() == list(range(100))
    assert both.shown_classes(4).tolist() == [7, 50, 51, 93]
    assert both.shown_classes(2).tolist() == [7, 93]
    assert len(both.shown_classes(10)) == 10
