"""The card that compares explanations: its curves are in their place, and nothing sticks out."""

import numpy as np
import pytest

from vrnn.explanations.results import FlippingCurves
from vrnn.scene.visuals.faithfulness_card import (
    CURVE_COLORS,
    GAP,
    PLOT_HEIGHT,
    SIDE,
    ShownMethod,
    card_size,
    faithfulness_card,
)
from vrnn.scene.visuals.polyline_quads import CURVE_WIDTH

SHARES = np.linspace(0, 1, 6, dtype=np.float32) ** 2
CURVES = FlippingCurves(
    SHARES, np.array([5, 3, 1, 0, -1, -1.0]), np.array([-1, 2, 4, 4.5, 5, 5.0]),
    np.array([5, 4, 3, 2, 0, -1.0]), "blur",
)  # fmt: skip
IMAGE = np.zeros((40, 60, 3), np.uint8)


def corners(quads: np.ndarray) -> np.ndarray:
    """(N, 4, 3) the corners of each."""
    origin, right, down = (quads[name] for name in ("origin", "right", "down"))
    return np.stack([origin, origin + right, origin + down, origin + right + down], 1)


@pytest.fixture(params=[1, 2])
def card(request):
    methods = [
        ShownMethod("saliency", IMAGE, CURVES), ShownMethod("grad-cam", None, None, "being found")
    ][: request.param]  # fmt: skip
    return faithfulness_card(methods, (40, 60), "cat = 5", None, (3.0, 7.0, -2.0)), methods


def test_all_of_it_is_on_the_card(card):
    visual, methods = card
    width, height = card_size(methods, (40, 60))
    points = corners(visual.quads).reshape(-1, 3)
    assert points[:, 0].min() == pytest.approx(3.0 - width / 2, abs=1e-5)
    assert points[:, 0].max() == pytest.approx(3.0 + width / 2, abs=1e-5)
    assert points[:, 1].min() == pytest.approx(7.0, abs=1e-5)
    assert points[:, 1].max() == pytest.approx(7.0 + height, abs=1e-5)
    for label in visual.labels:
        assert 3.0 - width / 2 < label.origin[0] < 3.0 + width / 2
        assert 7.0 < label.origin[1] < 7.0 + height


def test_each_curve_goes_through_its_points(card):
    visual, methods = card
    left = 3.0 - card_size(methods, (40, 60))[0] / 2 + GAP
    for name in ("deletion", "insertion", "random"):
        color = np.array(CURVE_COLORS[name], np.float32)
        lines = visual.quads[(visual.quads["top"] == color).all(1)]
        x = left + SHARES * SIDE
        y = getattr(CURVES, name) / 6 * PLOT_HEIGHT  # from -1 to 5
        middles = corners(lines).mean(1)
        np.testing.assert_allclose(middles[:, 0], (x[1:] + x[:-1]) / 2, atol=1e-5)
        expected = (y[1:] + y[:-1]) / 2
        heights = middles[:, 1] - middles[0, 1]
        np.testing.assert_allclose(heights, expected - expected[0], atol=1e-5)
        lengths = np.linalg.norm(lines["right"], axis=1)
        np.testing.assert_allclose(lengths, np.hypot(np.diff(x), np.diff(y)), atol=CURVE_WIDTH)
        np.testing.assert_allclose(np.linalg.norm(lines["down"], axis=1), CURVE_WIDTH, rtol=1e-4)
