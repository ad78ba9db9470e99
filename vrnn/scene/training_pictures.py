"""Which layers show pictures of a training in place of their maps."""

from __future__ import annotations

from dataclasses import replace

from vrnn.network.picture_kinds import GRADIENTS_PICTURE, STEP_PICTURE, WEIGHTS_PICTURE
from vrnn.scene.state import State
from vrnn.scene.training_state import TrainingState
from vrnn.scene.world import World

KINDS = frozenset({STEP_PICTURE, WEIGHTS_PICTURE, GRADIENTS_PICTURE})
SLOT = 0
"""Of the network that a training belongs to."""


def picture_kind(training: TrainingState) -> str:
    """Return the kind of picture that layers show; '' for their maps."""
    if training.values == "gradients":
        return GRADIENTS_PICTURE
    if training.values == "weights":
        return WEIGHTS_PICTURE
    return STEP_PICTURE if training.difference else ""


def layers_with_kernels(world: World) -> tuple[int, ...]:
    """Return the ids of the layers of the first network that have kernels to show."""
    network = world.networks.get(SLOT)
    if network is None:
        return ()
    return tuple(node for node, shape in network.kernels.items() if not shape.refusal)


def with_training(state: State, training: TrainingState, world: World) -> State:
    """Return a state in which layers show what is chosen of a training.

    Args:
        state: The state before.
        training: What is chosen.
        world: The networks.
    """
    state = replace(state, training=training)
    kind = picture_kind(training)
    for key in [key for key, layer in state.layers.items() if layer.picture in KINDS]:
        state = state.with_layer(key, replace(state.layer(key), picture=""))
    network = world.networks.get(SLOT)
    if not kind or network is None:
        return state
    with_kernels = set(layers_with_kernels(world))
    for node in network.network.nodes:
        if node.id in network.network.inputs:
            continue
        if kind == STEP_PICTURE or node.id in with_kernels:
            key = (SLOT, node.name)
            state = state.with_layer(key, replace(state.layer(key), picture=kind))
    return state
