"""Histograms say whose they are and stay clear of the panels beside them."""

import numpy as np
import pytest

from vrnn.network.results import Histogram
from vrnn.scene.visuals.histograms import CLEAR, WIDTH, histogram_visual, room_beside, shortened
from vrnn.style import font

VALUES = Histogram(-1.0, 3.0, np.array([0, 1, 10, 100, 5, 0, 2, 1]), 0, 0, -0.00123456, 123456.0)
PANEL = np.array([2.0, 1.0, -1.0, 1.5, 0.8])


def extent(visual):
    """Leftmost and rightmost x of cards and text."""
    quads, labels = visual.quads, visual.labels
    starts = [*quads["origin"][:, 0], *(label.origin[0] for label in labels)]
    ends = [*(quads["origin"][:, 0] + quads["right"][:, 0])]
    ends += [label.origin[0] + font.text_width(label.text) * label.height for label in labels]
    return min(starts), max(ends)


@pytest.mark.parametrize("gap", [0.3, 0.4, 0.6, 2.0])
def test_cards_and_captions_are_between_the_panels(gap):
    left = PANEL[0] - PANEL[3] / 2
    neighbor = np.array([left - gap - 0.5, 1.0, -1.0, 1.0, 2.0])
    room = room_beside(PANEL, np.stack([PANEL, neighbor]))
    visual = histogram_visual(PANEL, VALUES, VALUES, "stage2.0.conv1", room)
    first, last = extent(visual)
    assert first >= left - gap + CLEAR - 1e-6
    assert last <= left + 1e-6
    assert room <= WIDTH


def test_where_there_is_no_room_none_is_drawn():
    neighbor = PANEL - (1.6, 0, 0, 0, 0)
    room = room_beside(PANEL, np.stack([PANEL, neighbor]))
    assert not len(histogram_visual(PANEL, VALUES, VALUES, "conv", room).quads)


def test_panels_behind_and_above_take_no_room():
    others = np.stack([PANEL, PANEL - (1.6, 0, 3, 0, 0), PANEL - (1.6, -5, 0, 0, 0)])
    assert room_beside(PANEL, others) == WIDTH


def test_the_layer_s_name_stands_on_top_and_ends_as_it_ends():
    visual = histogram_visual(PANEL, VALUES, None, "features.stage2.0.conv1")
    top = max(visual.labels, key=lambda label: label.origin[1])
    assert top.text.endswith("conv1")
    assert shortened("conv1", WIDTH) == "conv1"
    assert shortened("a_very_long_name_of_a_layer", 0.2).endswith("…")
