"""What an explanation found, and how it becomes pictures and sums."""

from typing import get_args

import numpy as np
import pytest

from vrnn.errors import VrnnError
from vrnn.explanations.relevance_maps import RelevanceMaps, RelevanceScale
from vrnn.explanations.results import (
    Explanation,
    FlippingCurves,
    LayerRelevance,
    Sink,
    SinkKind,
)
from vrnn.explanations.settings import ExplanationSettings
from vrnn.style.relevance_colors import color_relevance, overlay_relevance


def test_channels_are_ranked_by_what_speaks_most_for_the_target():
    maps = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    layer = LayerRelevance(4, "conv", maps, np.array([1, -5, 1, 7, 0], np.float32), 4.0)
    assert layer.ranking().tolist() == [3, 0, 2, 4, 1]
    np.testing.assert_array_equal(layer.picture, [[12, 15], [18, 21]])


def test_what_arrives_is_summed_over_all_inputs():
    inputs = {"a": np.full((1, 3), 0.5, np.float32), "b": np.array([[-2.0, 4.0]])}
    assert Explanation("m", "t", 5.0, inputs).arrived == 3.5
    assert Explanation("m", "t", 5.0, {}).arrived == 0


def test_what_ends_is_summed_by_kind():
    sinks = (
        Sink("bias", 1, "a.bias", 2.0),
        Sink("softmax", 2, "", -1.5),
        Sink("bias", 3, "b.bias", 0.25),
    )
    assert Explanation("m", "t", 1.0, {}, sinks=sinks).sums_by_sink() == {
        "bias": 2.25,
        "softmax": -1.5,
    }
    assert Explanation("m", "t", 1.0, {}).sums_by_sink() == {}
    assert len(set(get_args(SinkKind))) == 9


def test_a_picture_lies_over_the_image_where_they_have_one_size():
    heatmap = np.array([[1.0, -0.5, 0.0], [0.25, 0.75, -1.0]], np.float32)
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10
    over = Explanation("m", "t", 1.0, {}, heatmap, image)
    for opacity in (1.0, 0.4):
        expected = overlay_relevance(image, heatmap, opacity)
        np.testing.assert_array_equal(np.asarray(over.picture(opacity)), expected)
    np.testing.assert_array_equal(over.picture(), over.picture(1.0))
    alone = color_relevance(heatmap)
    for other in (None, image[:1], image[:, :2]):
        found = Explanation("m", "t", 1.0, {}, heatmap, other).picture()
        np.testing.assert_array_equal(np.asarray(found), alone)
    with pytest.raises(VrnnError, match="m gave no map of an image"):
        Explanation("m", "t", 1.0, {}).picture()


def test_areas_lie_below_curves():
    shares = np.array([0, 0.1, 0.5, 1], np.float32)
    curves = FlippingCurves(
        shares,
        np.array([4, 2, 2, 0], np.float32),
        np.array([0, 0, 1, 1], np.float32),
        np.full(4, 3, np.float32),
        "black",
    )
    assert curves.areas() == pytest.approx({"deletion": 1.6, "insertion": 0.7, "random": 3.0})


def test_one_scale_for_all_layers_is_of_their_share_of_the_image():
    scales = {1: RelevanceScale(2.0, 6.0, 100), 2: RelevanceScale(5.0, 30.0, 4)}
    maps = RelevanceMaps(Explanation("m", "t", 1.0, {}), {}, {}, scales)
    for node, own in scales.items():
        assert maps.scale(node, common=False) == own
    # Layer 1 holds at most 2 · 100 of a map, and 6 · 100 of a picture.
    assert maps.scale(1, common=True) == RelevanceScale(2.0, 6.0, 100)
    assert maps.scale(2, common=True) == RelevanceScale(50.0, 150.0, 4)


RANGES = {
    "steps": (1, 10_000, 32),
    "samples": (1, 10_000, 25),
    "noise": (0.0, 10.0, 0.15),
    "patch": (1, 4096, 16),
    "stride": (1, 4096, 8),
    "seed": (0, 2**31 - 1, 0),
}


@pytest.mark.parametrize("name", RANGES)
def test_settings_have_ranges(name):
    least, greatest, default = RANGES[name]
    assert getattr(ExplanationSettings(), name) == default
    step = 0.01 if isinstance(least, float) else 1
    for value in (least, greatest):
        assert getattr(ExplanationSettings(**{name: value}), name) == value
    for value in (least - step, greatest + step):
        with pytest.raises(VrnnError, match=name):
            ExplanationSettings(**{name: value})
