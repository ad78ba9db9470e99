"""What a script of commands changes in a model, without a screen: edits and ablations."""

from __future__ import annotations

from pathlib import Path

from vrnn.commands.script import read_commands
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.network.results import Ablation
from vrnn.scene.state import State
from vrnn.scene.world import World


def apply_script(path: Path, model: LoadedModel) -> tuple[Ablation, ...]:
    """Put the edits of a script into a model, and return its ablations.

    Args:
        path: The script, as `vrnn --play` takes it; each command is one that can be undone.
        model: The model; its edits count where they are active.

    Raises:
        VrnnError: It cannot be read, or a command is wrong or not about the model.
    """
    world = World(seconds=0)
    world.open(0, model.network, model.info)
    world.networks[0].kernels = model.kernels
    state = State()
    for number, command in enumerate(read_commands(path), 1):
        try:
            apply = getattr(command, "apply", None)
            if apply is None:
                raise VrnnError("it changes nothing of the model; leave it to vrnn --play")
            state = apply(state, world)
        except VrnnError as error:
            raise VrnnError(f"{path}, command {number}: {error}") from error
        world.set_state(state, move=False)
    model.editor.apply(model.view, state.edits.get(0, ()))
    return tuple(
        Ablation(one.layer, one.channels, one.position, one.value) for one in state.ablations
    )
