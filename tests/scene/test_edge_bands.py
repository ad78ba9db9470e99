"""Edges that run at one place are one band with a count."""

from dataclasses import replace

import numpy as np

from tests.support.networks import build, footprints
from vrnn.scene.layout.registry import arrange
from vrnn.scene.visuals.edges import GHOST_ALPHA, LINE_WIDTH, edge_strokes
from vrnn.style.theme import ACCENT

ALONG = [(0.0, 0.0, 0.0), (4.0, 0.0, 0.0), (4.0, 3.0, -2.0)]


def route(*ends):
    return np.array([ends[0], *ALONG, ends[1]], np.float32)


ROUTES = [route((-1.0, 0.0, k), (5.0, 3.0, -2.0 - k)) for k in range(9)]


def strokes(routes=ROUTES):
    return edge_strokes(routes, np.ones(len(routes), bool))


def test_what_runs_at_one_place_is_drawn_once_and_wider():
    edges = strokes()
    assert edges.band_counts.tolist() == [9, 9]
    assert (edges.bands["width"] > 2 * LINE_WIDTH).all()
    drawn = edges.colored(np.zeros(9, int))
    assert len(drawn) == len(edges.records) - 2 * 9 + 2
    alone = strokes(ROUTES[:1])
    assert alone.in_band is None
    assert len(alone.colored(np.zeros(1, int))) == len(alone.records)


def test_an_edge_that_comes_the_other_way_is_in_the_band():
    edges = strokes([ROUTES[0], ROUTES[1][::-1].copy(), ROUTES[2]])
    assert edges.band_counts.tolist() == [3, 3]


def test_a_highlighted_edge_is_seen_in_its_band():
    emphasis = np.full(9, -1)
    emphasis[4] = 1
    edges = strokes()
    drawn = edges.colored(emphasis)
    assert len(drawn) == len(edges.records) - 2 * 9 + 2 + 2
    np.testing.assert_allclose(drawn["color"][0, 3], edges.bands["color"][0, 3] * GHOST_ALPHA)


def test_a_wave_runs_along_a_band():
    edges = strokes()
    ends, usual = np.tile([0.0, 1.0], (9, 1)), edges.colored(np.zeros(9, int))
    drawn = [edges.colored(np.zeros(9, int), ends, wave) for wave in np.linspace(0, 1, 60)]
    assert {len(records) for records in drawn} == {len(usual)}
    warm = [records["color"][:2, 0].max() for records in drawn]
    assert max(warm) > usual["color"][:2, 0].max() + 0.2
    assert len(edges.without_bands().colored(np.zeros(9, int))) == len(edges.records)


def test_a_band_that_climbs_tells_its_count():
    (label,) = strokes().band_labels(1.0)
    assert label.text == "×9"
    assert strokes(ROUTES[:3]).band_labels(1.0) == []


def test_edges_that_pass_steps_share_the_trunk():
    nodes = [(f"s{i // 4}.op{i}", f"s{i // 4}", (512, 7 + i // 4, 7)) for i in range(40)]
    far = [(i, j) for i in range(0, 8) for j in range(28, 36)]
    network = build(nodes, [*((i, i + 1) for i in range(39)), *far])
    for arrangement in ("terrace", "conveyor"):
        layout = arrange(network, footprints(network), arrangement)
        assert len({row.y for row in layout.rows}) > 3
        edges = edge_strokes([r.points for r in layout.routes], np.zeros(len(layout.routes), bool))
        climbs = np.abs(edges.bands["end"] - edges.bands["start"])[:, 1] > 1
        assert edges.band_counts[climbs].max() >= len(far)


def test_edges_with_colors_of_their_own_keep_them_where_they_are_pointed_at():
    edges = replace(strokes(), keeps_colors=np.arange(9) % 2 == 0)
    alone = edges.without_bands()
    before, drawn = alone.colored(np.zeros(9, int)), alone.colored(np.ones(9, int))
    keeps = alone.edge_indices % 2 == 0
    assert keeps.any()
    assert not keeps.all()
    np.testing.assert_array_equal(drawn["color"][keeps], before["color"][keeps])
    np.testing.assert_allclose(drawn["color"][~keeps], [ACCENT] * (~keeps).sum(), rtol=1e-6)
