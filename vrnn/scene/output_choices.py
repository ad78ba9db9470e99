"""Which outputs of a network are shown, and as what: as they were decoded, or as the user chose."""

from __future__ import annotations

from functools import lru_cache

from vrnn.errors import VrnnError
from vrnn.network import output_decoding
from vrnn.network.predictions import Detections, Embedding, Maps, Output, OutputKind
from vrnn.network.results import ForwardResult
from vrnn.scene.state import State


@lru_cache(maxsize=16)  # outputs are equal only to themselves
def show_as(output: Output, kind: OutputKind) -> Output:
    """Return an output decoded as another kind, see `output_decoding.show_as`."""
    return output_decoding.show_as(output, kind)


def shown_outputs(result: ForwardResult, state: State, slot: int) -> tuple[Output, ...]:
    """Return the outputs of a pass, those that the user chose a kind for as that.

    A choice that does not fit, as of another version of the model, is passed over.

    Args:
        result: What the pass gave.
        state: The state of the world.
        slot: The network.
    """
    chosen = {c.output: c.kind for c in state.output_choices if c.network == slot}
    return tuple(_as_chosen(output, chosen.get(output.name)) for output in result.outputs)


def _as_chosen(output: Output, kind: OutputKind | None) -> Output:
    if kind is None:
        return output
    try:
        return show_as(output, kind)
    except VrnnError:
        return output


def output_beside_input(outputs: tuple[Output, ...]) -> Output | None:
    """Return the output that is drawn beside the input: there is room for one, besides boxes.

    The first that says something by itself; an embedding only where there is nothing else.

    Args:
        outputs: Those of a network, in order.
    """
    others = [output for output in outputs if not isinstance(output, Detections)]
    telling = [o for o in others if not isinstance(o, Embedding | Maps)]
    return next(iter([*telling, *others]), None)
