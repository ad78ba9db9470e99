"""Maps and edges fade by importance, and the board of curves prunes where it is clicked."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.commands.importance import PruneChannels, ShowImportance
from vrnn.network.importance import ChannelImportance, ImportanceResult, PruningCurve
from vrnn.scene.importance import NetworkImportance, inherited, pruned_ablations, visibility
from vrnn.scene.importance_state import ImportanceState
from vrnn.scene.state import AblationState, State
from vrnn.scene.visuals.importance_veils import (
    FIRST_COLOR,
    MIN_EDGE,
    PRUNED,
    SECOND_COLOR,
    importance_quads,
)
from vrnn.scene.visuals.pruning_board import PLOT_HEIGHT, WIDTH, board_size, pruning_board
from vrnn.style.theme import CARD

SHARES = np.array([0, 0.5, 1], np.float32)


def result(channels, class_index=0, ranking="gradient"):
    importance = ChannelImportance(ranking, class_index, channels)
    accuracy = np.array([1, 0.75, 0.5], np.float32)
    curve = PruningCurve(
        ranking, class_index, importance.order(), SHARES, accuracy, np.stack([accuracy] * 2, 1)
    )
    return ImportanceResult(importance, curve, 10, 5)


@pytest.fixture
def shown():
    world, network, _ = small_world()
    node = next(n for n in network.nodes if n.operation == "conv2d" and n.shape[0] > 2)
    values = np.linspace(0, 1, node.shape[0]).astype(np.float32)
    world.set_state(State(importance=ImportanceState(shown=True)))
    world.set_importance(0, NetworkImportance(result({node.id: values})))
    return world, network, node, values


def veils(world, network, state):
    frame = world.placement_frame(0)
    return importance_quads(network, world.importance[0], state, frame)


def test_a_veil_over_each_map_by_how_little_it_matters(shown):
    world, network, node, values = shown
    state = ImportanceState(fade=0.8)
    quads = veils(world, network, state)
    frame = world.placement_frame(0)
    maps = frame.map_placements(node.id)
    faded = values < 1 - 1e-3
    assert np.allclose(quads["top"][:, 3], 0.8 * (1 - values[faded]), atol=1e-6)
    assert np.allclose(quads["top"][:, :3], CARD[:3])
    middle = quads["origin"] + quads["right"] / 2 + quads["down"] / 2
    expected = frame.panel_rect(node.id)[:3] + maps.centers[faded]
    assert np.allclose(middle[:, :2], expected[:, :2], atol=1e-5)
    assert (middle[:, 2] > expected[:, 2]).all()
    hidden = veils(world, network, ImportanceState(fade=0.8, threshold=0.5))["top"][:, 3]
    assert np.allclose(hidden[values[faded] < 0.5], 0.8)


def test_what_is_pruned_goes_dark(shown):
    world, network, _, values = shown
    quads = veils(world, network, ImportanceState(fade=0.0, pruned=0.5))
    assert len(quads) == round(len(values) / 2)
    assert np.allclose(quads["top"][:, 3], PRUNED)


def test_two_classes_have_bars_side_by_side(shown):
    world, network, node, values = shown
    first = world.importance[0].first
    second = result({node.id: values[::-1].copy()}, 1)
    world.set_importance(0, NetworkImportance(first, second))
    quads = veils(world, network, ImportanceState(beside=1, fade=0.0))
    for color, own in ((FIRST_COLOR, values), (SECOND_COLOR, values[::-1])):
        bars = quads[np.isclose(quads["top"], color).all(1)]
        sizes = world.placement_frame(0).map_placements(node.id).sizes
        seen = own > 1e-3
        assert np.allclose(bars["right"][:, 0], own[seen] * sizes[seen, 0] / 2, atol=1e-6)


def test_edges_fade_by_what_flows_along_them(shown):
    world, network, node, _ = shown
    world.set_importance(0, None)
    plain = world.draw_list().strokes["color"][:, 3]
    others = {n.id: np.zeros(n.shape[0], np.float32) for n in network.nodes if n.id != node.id}
    found = {**others, node.id: np.ones(node.shape[0], np.float32)}
    world.set_importance(0, NetworkImportance(result(found)))
    faded = world.draw_list().strokes["color"][:, 3]
    assert faded.min() < plain.min()
    assert faded.min() >= MIN_EDGE * plain.min() - 1e-6
    assert faded.max() == pytest.approx(plain.max())


def test_pooling_passes_importance_on():
    _, network, _ = small_world()
    ranked = {n.id: np.ones(n.shape[0], np.float32) for n in network.nodes if "conv" in n.operation}
    further = inherited(network, ranked).keys() - ranked.keys()
    assert {network.by_id[n].operation for n in further} <= {
        "max_pool2d", "adaptive_avg_pool2d", "avg_pool2d"
    }  # fmt: skip


def test_visibility():
    values = np.array([0, 0.4, 1], np.float32)
    assert visibility(values, ImportanceState(fade=0.5)).tolist() == pytest.approx([0.5, 0.7, 1])
    assert visibility(values, ImportanceState(fade=0.5, threshold=0.5)).tolist() == [0.5, 0.5, 1]
    assert visibility(values, ImportanceState(fade=0)).tolist() == [1, 1, 1]


def test_pruning_is_ablation_and_comes_back(shown):
    world, network, node, values = shown
    by_hand = AblationState(0, network.nodes[-1].name, (0,))
    state = State(ablations=(by_hand,), importance=ImportanceState(shown=True))
    pruned = PruneChannels(0.5).apply(state, world)
    half = tuple(range(round(len(values) / 2)))
    assert pruned.ablations == (by_hand, AblationState(0, node.name, half))
    curve = world.importance[0].first.curve
    assert pruned.ablations[1:] == pruned_ablations(network, 0, curve, 0.5)
    more = PruneChannels(1.0).apply(pruned, world)
    assert more.ablations == (by_hand, AblationState(0, node.name, tuple(range(len(values)))))
    assert PruneChannels(0.0).apply(more, world) == state
    off = ShowImportance(on=False).apply(more, world)
    assert off.ablations == (by_hand,)
    assert not off.importance.shown
    assert off.importance.pruned == 0


def test_marks_are_of_what_was_ablated_by_hand(shown):
    world, network, *_ = shown
    world.set_state(State(importance=ImportanceState(shown=True)))
    before = len(world.draw_list().quads)
    world.set_state(PruneChannels(0.5).apply(world.state, world))
    assert abs(len(world.draw_list().quads) - before) <= 1
    by_hand = AblationState(0, network.nodes[-1].name, (0,))
    world.set_state(
        State(ablations=(*world.state.ablations, by_hand), importance=world.state.importance)
    )
    assert len(world.draw_list().quads) > before + 1


@pytest.mark.parametrize("pruned", [0.0, 0.35, 1.0])
def test_all_of_the_board_is_on_it_and_clicks_prune(pruned):
    curves = [result({1: np.ones(4, np.float32)}).curve] * 2
    position = (3.0, 1.0, -2.0)
    board = pruning_board(curves, 0, "pruning for cat", pruned, position, PruneChannels, "close")
    width, height = board_size(2)
    low, high = np.array([3 - width / 2, 1.0]), np.array([3 + width / 2, 1 + height])
    for name in ("origin", "right", "down"):
        assert board.quads[name].shape[1] == 3
    corners = board.quads["origin"] + board.quads["right"] + board.quads["down"]
    for points in (board.quads["origin"], corners):
        assert (points[:, :2] >= low - 0.02).all()
        assert (points[:, :2] <= high + 0.02).all()
    for label in board.labels:
        assert low[0] < label.origin[0] < high[0]
        assert low[1] < label.origin[1] < high[1]
    close, *columns = board.pick_regions
    assert close.value == "close"
    assert [column.value for column in columns] == [PruneChannels(s) for s in (0.0, 0.5, 1.0)]
    assert [column.right[0] for column in columns] == pytest.approx(
        [WIDTH / 4, WIDTH / 2, WIDTH / 4]
    )
    assert columns[0].down[1] == -PLOT_HEIGHT
    texts = [label.text for label in board.labels]
    assert f"{pruned:.0%} of the channels pruned" in texts
    own = np.interp(pruned, SHARES, [1, 0.75, 0.5])
    assert f"accuracy for the class {own:.2f}, of all {own:.2f}" in texts
