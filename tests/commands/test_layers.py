"""Commands of layers: how far, how large, how many, and which copies stand where."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.commands.layers import (
    MAX_LAYER_SCALE,
    MAX_OFFSET,
    MIN_LAYER_SCALE,
    ArrangeMaps,
    MoveLayer,
    PinLayer,
    ResetLayer,
    ScaleLayer,
    UnpinLayer,
)
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState, Pin, State

LAYER, OTHER = "layer1.0.conv1", "layer1.0.conv2"
WORLD, NETWORK, _ = small_world()
UNTOUCHED = LayerState()
NUMBERS = {node.name: node.id for node in NETWORK.nodes}


def layer_after(command, before=UNTOUCHED):
    state = command.apply(State().with_layer((0, LAYER), before), WORLD)
    return state.layer((0, LAYER))


def test_moves_add_up_and_end_below_the_floor():
    first = layer_after(MoveLayer(LAYER, by=(1.0, 2.0, 3.0)))
    assert first.offset == (1, 2, 3)
    assert layer_after(MoveLayer(LAYER, by=(0.5, -4.0, 1.0)), first).offset == (1.5, -2, 4)
    assert layer_after(MoveLayer(LAYER, by=(0.0, -25.0, 0.0))).offset == (0, -20, 0)
    assert layer_after(MoveLayer(LAYER, by=(0.0, -19.0, 0.0))).offset == (0, -19, 0)


def test_moves_have_a_limit_in_each_direction():
    limit = 1.01 * MAX_OFFSET
    assert layer_after(MoveLayer(LAYER, by=(MAX_OFFSET, 0.0, -MAX_OFFSET))).offset[0] == MAX_OFFSET
    for axis in range(3):
        for sign in (1, -1):
            by = [0.0, 0.0, 0.0]
            by[axis] = sign * limit
            assert is_refused(MoveLayer(LAYER, by=tuple(by)))
            by[axis] = float("nan")
            assert is_refused(MoveLayer(LAYER, by=tuple(by)))


def is_refused(command):
    try:
        command.apply(State(), WORLD)
    except VrnnError:
        return True
    return False


def test_sizes_multiply_between_the_smallest_and_the_largest():
    assert layer_after(ScaleLayer(LAYER, by=1.5)).size == 1.5
    assert layer_after(ScaleLayer(LAYER, by=2.0), LayerState(size=1.5)).size == 3
    assert layer_after(ScaleLayer(LAYER, by=1e9)).size == MAX_LAYER_SCALE
    assert layer_after(ScaleLayer(LAYER, by=1e-9)).size == MIN_LAYER_SCALE
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(VrnnError, match="give a number above 0"):
            layer_after(ScaleLayer(LAYER, by=wrong))


def test_outlines_show_where_a_layer_would_be():
    rect = np.array([1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    moved = MoveLayer(LAYER, 1, (0.5, 1.0, -1.0))
    np.testing.assert_allclose(moved.outline(rect), [1.5, 3, 2, 4, 5])
    np.testing.assert_allclose(ScaleLayer(LAYER, by=2.0).outline(rect), [1, 2, 3, 8, 10])
    assert moved.moved_layer == (1, LAYER)
    assert ScaleLayer(LAYER, 2).moved_layer == (2, LAYER)


def test_maps_are_arranged_within_limits():
    before = LayerState(form="ring", spread=2.0, order="mean", most=7)
    assert layer_after(ArrangeMaps(LAYER), before) == before
    found = layer_after(ArrangeMaps(LAYER, form="line", most=0), before)
    assert found == LayerState(form="line", spread=2.0, order="mean", most=0)
    assert layer_after(ArrangeMaps(LAYER, spread=1.0, order="index"), before).spread == 1
    assert layer_after(ArrangeMaps(LAYER, spread=4.0)).spread == 4
    for wrong in (
        {"form": "heap"}, {"order": "taste"}, {"spread": 0.99}, {"spread": 4.01}, {"most": -1},
        {"most": 10**9 + 1},
    ):  # fmt: skip
        with pytest.raises(VrnnError):
            layer_after(ArrangeMaps(LAYER, **wrong), before)
    assert layer_after(ResetLayer(LAYER), before) == LayerState()


def pins_after(command, *pins):
    return command.apply(State(pins=pins), WORLD).pins


def test_a_copy_takes_the_place_of_the_one_that_stood_there():
    (first,) = pins_after(PinLayer(LAYER))
    assert first == Pin(1, 0, LAYER, LAYER, "kept")
    both = pins_after(PinLayer(LAYER, beside=OTHER, kind="live"), first)
    assert both == (first, Pin(2, 0, LAYER, OTHER, "live"))
    again = pins_after(PinLayer(OTHER, kind="difference"), *both)
    assert again == (first, Pin(3, 0, OTHER, OTHER, "difference"))
    elsewhere = Pin(8, 1, "x", LAYER, "kept")
    assert pins_after(PinLayer(LAYER), elsewhere) == (elsewhere, Pin(9, 0, LAYER, LAYER, "kept"))
    with pytest.raises(VrnnError):
        pins_after(PinLayer(LAYER, kind="stolen"))


def test_one_copy_is_removed_or_all():
    pins = (Pin(1, 0, LAYER, LAYER, "kept"), Pin(4, 0, OTHER, OTHER, "live"))
    assert pins_after(UnpinLayer(1), *pins) == pins[1:]
    assert pins_after(UnpinLayer(4), *pins) == pins[:1]
    assert pins_after(UnpinLayer(3), *pins) == pins
    assert pins_after(UnpinLayer(), *pins) == ()
    assert pins_after(UnpinLayer(0), *pins) == ()


def test_pointing_pins_a_copy_then_the_difference_then_none():
    hit = Hit("layer", 1.0, 0, NUMBERS[LAYER])

    def offered(*pins):
        world = SimpleNamespace(
            networks=WORLD.networks, state=State(pins=pins), visible_node=WORLD.visible_node
        )
        return PinLayer.for_hit(SimpleNamespace(world=world), hit)

    assert offered() == PinLayer(LAYER)
    assert offered(Pin(3, 0, LAYER, LAYER, "kept")) == PinLayer(LAYER, kind="difference")
    for kind in ("difference", "live"):
        assert offered(Pin(3, 0, LAYER, LAYER, kind)) == UnpinLayer(3)
    elsewhere = Pin(3, 0, LAYER, OTHER, "kept"), Pin(4, 1, LAYER, LAYER, "kept")
    assert offered(*elsewhere) == PinLayer(LAYER)
