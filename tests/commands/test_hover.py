"""Pointing at a layer by name: which map and position, and where its limits are."""

from types import SimpleNamespace

import pytest

from tests.support.worlds import small_world
from vrnn.commands.view import CycleMagnifier, HoverLayer
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.scene.state import State

LAYER = "layer1.0.conv1"  # (64, 32, 32)


def hovered(command, folds=()):
    world, network, _ = small_world()
    world.set_state(State(folds=frozenset(folds)), move=False)
    pointed = []
    workspace = SimpleNamespace(hover=pointed.append)
    command.run(SimpleNamespace(world=world, workspace=workspace))
    (hit,) = pointed
    return hit, {node.name: node.id for node in network.nodes}


@pytest.mark.parametrize(
    ("channel", "position"), [(-1, (0, 0)), (0, (0, 0)), (63, (31, 31)), (5, (31, 0)), (5, (0, 31))]
)
def test_a_map_and_a_position_in_it(channel, position):
    hit, numbers = hovered(HoverLayer(LAYER, channel=channel, position=position))
    assert hit == Hit("layer", 0.0, 0, numbers[LAYER], channel, *position)


@pytest.mark.parametrize(
    ("channel", "position", "what"),
    [
        (64, (0, 0), "channel"),
        (-2, (0, 0), "channel"),
        (0, (-1, 0), "row"),
        (0, (32, 0), "row"),
        (0, (0, -1), "column"),
        (0, (0, 32), "column"),
    ],
)
def test_what_is_not_there_is_refused(channel, position, what):
    with pytest.raises(VrnnError, match=what):
        hovered(HoverLayer(LAYER, channel=channel, position=position))


def test_nothing_and_what_stands_for_a_folded_module():
    assert hovered(HoverLayer())[0] is None
    hit, numbers = hovered(HoverLayer(LAYER, channel=3), {(0, "layer1.0")})
    assert hit == Hit("layer", 0.0, 0, numbers["layer1.0.add"])
    hit, numbers = hovered(HoverLayer("layer2.0.conv2"), {(0, "layer1.0")})
    assert hit.node == numbers["layer2.0.conv2"]


def test_the_magnifier_is_sharp_then_smooth_then_off():
    context = SimpleNamespace(interface=SimpleNamespace(magnifier=""))
    told = []
    for _ in range(4):
        CycleMagnifier().run(context)
        told.append(CycleMagnifier().message(context))
    assert told == ["magnifier: sharp", "magnifier: smooth", "magnifier: off", "magnifier: sharp"]
