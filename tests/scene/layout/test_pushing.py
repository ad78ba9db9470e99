"""A layer that grows, or is moved onto others, pushes these aside, and no farther than needed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import small_world
from vrnn.commands.layers import MoveLayer, ScaleLayer
from vrnn.scene.layout.pushing import MIN_GAP, SAME_ROW, push_aside
from vrnn.scene.linalg import turned_about_y


def row(*lefts_and_widths):
    """Panels of one row, 1 m high."""
    rects = [(left + width / 2, 0.0, 0.0, width, 1.0) for left, width in lefts_and_widths]
    return np.array(rects, np.float32)


def test_neighbors_give_way_in_turn_as_far_as_needed():
    before = row((0, 2), (3, 2), (6, 2), (20, 2))
    now = before.copy()
    now[1, 3:] *= 2.0  # from 2...6 m
    aside = push_aside(before, now, np.array([False, True, False, False]), np.zeros(4))
    assert aside[:, 0] == pytest.approx([-0.9, 0.0, 0.9, 0.0])
    assert not aside[:, 1:].any()


def test_what_stands_in_another_row_or_above_stays():
    before = row((0, 2), (3, 2), (6, 2))
    before[0, 2] = -2 * SAME_ROW
    before[2, 1] = 5.0
    now = before.copy()
    now[1, 3:] *= 4.0
    now[1, 1] = 0.0
    now[1, 4] = 1.0
    aside = push_aside(before, now, np.array([False, True, False]), np.zeros(3))
    assert not aside.any()


@given(
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.1, 2.0)), min_size=2, max_size=9),
    st.data(),
)
def test_nothing_overlaps_afterwards(widths_and_gaps, data):
    left, places = 0.0, []
    for width, gap in widths_and_gaps:
        places.append((left, width))
        left += width + gap
    before = row(*places)
    now = before.copy()
    i = data.draw(st.integers(0, len(places) - 1))
    now[i, 0] += data.draw(st.floats(-5, 5))
    now[i, 3:] *= data.draw(st.floats(1, 4))
    touched = np.arange(len(places)) == i
    now[:, :3] += push_aside(before, now, touched, np.zeros(len(places)))
    order = now[np.argsort(now[:, 0])]
    free = order[1:, 0] - order[1:, 3] / 2 - order[:-1, 0] - order[:-1, 3] / 2
    smallest = min(MIN_GAP, min(gap for _, gap in widths_and_gaps))
    assert free.min() >= smallest - 1e-3


@pytest.mark.parametrize("change", ["scaled", "moved"])
def test_sheets_that_are_turned_to_their_row_give_way_along_it(change):
    turn = 0.4
    before = row((0, 2), (3, 2), (6, 2))
    before[:, :3] = turned_about_y(before[:, :3].astype(float), turn)
    now = before.copy()
    if change == "scaled":
        now[1, 3:] *= 3.0
    else:
        now[1, 0] += 2.5  # in its own plane
    aside = push_aside(before, now, np.array([False, True, False]), np.zeros(3), turn)
    along = np.array([np.cos(turn), 0.0, -np.sin(turn)])
    now[:, :3] += aside
    places = turned_about_y(now[:, :3].astype(float), -turn)[:, 0]
    half = now[:, 3] / 2 * np.cos(turn)
    free = places[1:] - half[1:] - places[:-1] - half[:-1]
    assert free.min() >= MIN_GAP - 1e-3
    assert aside[2] @ along > 0.5
    np.testing.assert_allclose(aside[2], (aside[2] @ along) * along, atol=1e-5)
    assert not aside[1].any()


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
def test_in_any_arrangement_a_layer_that_grows_moves_its_neighbors(arrangement):
    world, network, _ = small_world()
    state = replace(world.state, arrangement=arrangement)
    world.set_state(state, move=False)
    before = world.placement_frame(0).panel_rects.copy()
    row_ = max(world.placement_frame(0).placement.layout.rows, key=lambda r: len(r.node_ids))
    middle = row_.node_ids[1]
    change = ScaleLayer(network.by_id[middle].name, 0, 3.0)
    world.set_state(change.apply(state, world), move=False)
    frame = world.placement_frame(0)
    moved = frame.panel_rects[:, :3] - before[:, :3]
    neighbors = [frame.index[node] for node in (row_.node_ids[0], row_.node_ids[2])]
    assert (np.linalg.norm(moved[neighbors], axis=1) > 0.2).all()
    assert not moved[frame.index[middle]].any()


@pytest.mark.parametrize("command", [ScaleLayer, MoveLayer])
def test_in_the_world_edges_follow_and_undoing_restores(command):
    world, network, _ = small_world()
    row_ = max(world.placement_frame(0).placement.layout.rows, key=lambda r: len(r.node_ids))
    first, second = row_.node_ids[:2]
    before = world.placement_frame(0).panel_rects.copy()
    state = world.state
    name = network.by_id[first].name
    frame = world.placement_frame(0)
    distance = float(frame.panel_rect(second)[0] - frame.panel_rect(first)[0])
    onto = (distance - 0.3, 0.0, 0.0)
    change = ScaleLayer(name, 0, 4.0) if command is ScaleLayer else MoveLayer(name, 0, onto)
    world.set_state(change.apply(state, world), move=False)
    after = world.placement_frame(0)
    a, b = after.panel_rect(first), after.panel_rect(second)
    assert abs(a[0] - b[0]) >= (a[3] + b[3]) / 2 + MIN_GAP - 1e-3
    moved = b[0] - before[frame.index[second], 0]
    assert moved > 0.2
    for edge, old, new in zip(network.edges, frame.routes, after.routes, strict=True):
        if edge.target == second and edge.source != first:
            assert new[-1][0] - old[-1][0] == pytest.approx(moved, abs=0.01)
    world.set_state(state, move=False)
    assert np.allclose(world.placement_frame(0).panel_rects, before)
