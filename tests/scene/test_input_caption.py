"""What the user should know of an input is written on its image."""

import numpy as np

from vrnn.network.results import ForwardResult
from vrnn.scene.layout.input_margin import InputMargin
from vrnn.scene.visuals.predictions import prediction_visual
from vrnn.style import font

NOTE = "an image cannot go into lstm: it takes numbers of shape 1×16×28; its example input is shown"
MARGIN = InputMargin(0, "plain", 1.9, 1.9, 1.9, 2.4)


def drawn(note):
    result = ForwardResult(1, np.zeros((8, 8, 3), np.uint8), {}, (), 0.1, note=note)
    return prediction_visual(MARGIN, result, (), (), (5.0, 1.0, 0.0))


def test_a_note_stands_on_the_lower_edge_of_the_image_in_lines_that_fit():
    visual = drawn(NOTE)
    assert " ".join(label.text for label in visual.labels) == NOTE
    assert len(visual.labels) > 1
    (image,) = visual.image_quads
    bottom = image.origin[1] + image.down[1]
    heights = [label.origin[1] for label in visual.labels]
    assert heights == sorted(heights, reverse=True)
    for label in visual.labels:
        assert bottom <= label.origin[1] <= bottom + 1.9 / 2
        assert label.origin[2] > image.origin[2]
        right = label.origin[0] + font.text_width(label.text) * label.height
        assert 5.0 <= label.origin[0] < right <= 5.0 + 1.9


def test_nothing_is_written_where_there_is_nothing_to_say():
    assert drawn("").labels == ()


def test_a_note_that_is_too_long_is_cut():
    labels = drawn(" ".join([NOTE] * 9)).labels
    assert labels[-1].text.endswith("…")
