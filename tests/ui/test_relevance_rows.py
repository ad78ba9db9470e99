"""What the panels say of an explanation, in rows."""

import numpy as np
import pytest

from vrnn.explanations.results import Explanation, FlippingCurves, LayerRelevance, Sink
from vrnn.network.output_decoding import decode
from vrnn.network.predictions import Detections
from vrnn.ui.panels.layer_relevance import MAX_CHANNELS, channel_shares
from vrnn.ui.panels.predictions import output_rows, row_targets
from vrnn.ui.panels.relevance import flipping_rows, sink_rows


def test_what_arrives_and_where_the_rest_ends():
    sinks = (Sink("bias", 3, "w", 1.0), Sink("epsilon", 3, "", -0.25), Sink("bias", 4, "v", 2.0))
    found = Explanation("epsilon-plus", "cat", 4.0, {"x": np.array([0.75, 0.5])}, sinks=sinks)
    assert sink_rows(found) == [
        ("at the input", "1.25 (31.2%)"),
        ("bias", "3 (75.0%)"),
        ("epsilon", "−0.25 (−6.2%)"),
    ]


def test_a_tiny_sink_has_no_percents_and_a_value_of_zero_none_at_all():
    tiny = (Sink("rounding", -1, "", 1e-6),)
    assert sink_rows(Explanation("m", "t", 1.0, {}, sinks=tiny)) == [("rounding", "1e−06")]
    assert sink_rows(Explanation("m", "t", 0.0, {}, sinks=tiny)) == [("rounding", "1e−06")]


def test_channels_come_by_the_magnitude_of_their_relevance():
    channels = np.array([1.0, -3.0, 0.0, 2.0], np.float32)
    shares = channel_shares(LayerRelevance(0, "x", np.zeros((4, 1, 1)), channels, 0.0))
    assert shares.channels.tolist() == [1, 3, 0, 2]
    assert shares.shares.tolist() == pytest.approx([-0.5, 1 / 3, 1 / 6, 0.0])
    many = LayerRelevance(0, "x", np.zeros((99, 1, 1)), np.arange(99.0, dtype=np.float32), 0.0)
    assert len(channel_shares(many).channels) == MAX_CHANNELS


def test_each_row_of_predictions_explains_what_it_names():
    names = ("a", "b", "c")
    scores = decode("scores", np.array([0.2, 0.7, 0.1], np.float32), 0)
    assert row_targets(scores, 0) == ["1", "0", "2"]
    assert row_targets(scores, 2) == ["output 2: 1", "output 2: 0", "output 2: 2"]
    values = decode("numbers", np.array([3.0, -1.0], np.float32), 0)
    assert row_targets(values, 0) == ["0", "1"]
    maps = np.zeros((3, 4, 4), np.float32)
    maps[2, :, :3] = 1
    segmentation = decode("segmentation", maps, 0)
    assert row_targets(segmentation, 0) == ["2", "0"]
    for output in (scores, values, segmentation):
        assert len(row_targets(output, 0)) == len(output_rows(output, names))
    assert row_targets(Detections(0, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)), 0) == []


def test_curves_are_plotted_by_name():
    line = np.linspace(0, 1, 5, dtype=np.float32)
    rows = flipping_rows(FlippingCurves(line, line[::-1], line, line * 0, "black"))
    assert [name for name, _ in rows] == ["deletion", "insertion", "random"]
    assert all(values.dtype == np.float64 for _, values in rows)
