"""What the legend says while maps are compared with another network's, or another step's."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.network.comparison import distinct_titles
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.scene.training_pictures import SLOT, layers_with_kernels, picture_kind
from vrnn.scene.world import World

CHANGED_VISUAL = "changed layers"
"""The frames around layers whose weights differ most."""
SPAN = "each layer scaled to its own max"
"""What the colors of differences span."""


@dataclass(frozen=True)
class DifferenceLegend:
    """What the legend says.

    Attributes:
        title: What is shown.
        span: What its colors span.
        ends: Text at the left end, the middle and the right end of the color bar.
        are_weights: Whether colors are those of kernels, and not of differences.
    """

    title: str
    span: str = SPAN
    ends: tuple[str, str, str] = ("less", "the same", "more")
    are_weights: bool = False


def difference_legend(world: World) -> DifferenceLegend | None:
    """Return what is compared, or shown of kernels; None while nothing is."""
    legend = _training_legend(world)
    if legend is not None:
        return legend
    now = world.state.comparison
    slots = {
        slot for (slot, _), layer in world.state.layers.items()
        if layer.picture == DIFFERENCE_PICTURE
    }  # fmt: skip
    if not slots & {now.first, now.second} or not {now.first, now.second} <= world.networks.keys():
        return None
    titles = distinct_titles(*(world.networks[s].info.title for s in (now.first, now.second)))
    own, other = titles if now.first in slots and now.second not in slots else titles[::-1]
    framed = "; framed: weights changed most" if CHANGED_VISUAL in world.visuals else ""
    return DifferenceLegend(f"maps of {own} less those of {other}", f"{SPAN}{framed}")


def _training_legend(world: World) -> DifferenceLegend | None:
    """What layers show of a training in place of their maps; None for nothing."""
    training = world.state.training
    kind = picture_kind(training)
    if not kind or all(layer.picture != kind for layer in world.state.layers.values()):
        return None
    since = "the first step" if training.difference == "first" else "the step before"
    span = SPAN if training.values == "activations" else f"{SPAN}{_others_text(world)}"
    ends = "negative", "0", "positive"
    if training.values == "gradients":
        title = "gradients of kernels, each filter where its map stands"
        return DifferenceLegend(title, span, ends)
    if training.values == "weights" and not training.difference:
        title = "kernels, each filter where its map stands"
        return DifferenceLegend(title, span, ends, True)
    what = "kernels" if training.values == "weights" else "maps"
    return DifferenceLegend(f"{what} less those at {since} of the training", span)


def _others_text(world: World) -> str:
    """What layers without kernels show, where there are any."""
    if SLOT not in world.networks:
        return ""
    network = world.networks[SLOT].network
    others = len(network.nodes) - len(network.inputs) - len(layers_with_kernels(world))
    return "; layers without kernels show maps" if others > 0 else ""
