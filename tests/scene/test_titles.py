"""Titles of networks can be read from where the whole world is seen, and keep to their own."""

from __future__ import annotations

import numpy as np
import pytest

from vrnn.network.graph import NetworkInfo
from vrnn.scene.visuals.labels import (
    TITLE_HEIGHT,
    TITLE_WIDTH,
    TextLabel,
    title_labels,
)
from vrnn.style import font

INFO = NetworkInfo("resnet101", (), True, 44_549_160)


def labels(width: float, world_width: float) -> list[TextLabel]:
    return title_labels(INFO, 0.0, 0.0, width, world_width, np.zeros(3))


def end(label: TextLabel) -> float:
    return label.origin[0] + font.text_width(label.text) * label.height


def test_the_title_of_a_small_world_has_its_size():
    assert labels(20.0, 20.0)[0].height == pytest.approx(TITLE_HEIGHT)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_titles_grow_with_the_world_as_long_as_they_fit(count):
    width = 2 * TITLE_WIDTH
    alone, among = labels(width, width), labels(width, count * width)
    assert among[0].height > alone[0].height
    assert end(among[-1]) <= width
    # So it does not run into the next network, however many there are.
    assert labels(width, 50 * width)[0].height == pytest.approx(labels(width, 60 * width)[0].height)


def test_a_narrow_network_among_many_has_at_least_the_size_of_one_alone():
    assert labels(1.0, 500.0)[0].height == pytest.approx(TITLE_HEIGHT)
