"""What is said of similarity: at the pointer, and in the legend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.similarity import stretch_range
from vrnn.scene.picking import Hit
from vrnn.scene.similarity_state import Region
from vrnn.scene.world_contents import WorldContents
from vrnn.style.similarity_colors import SimilarityColormap

NOTHING_TO_COMPARE = "nothing can be compared with it: point elsewhere"


@dataclass(frozen=True)
class SimilarityLegend:
    """What the legend of similarity says.

    Attributes:
        title: What is compared with what, and by which measure.
        span: What the colors span.
        ends: The similarities of the first and the last color, in words.
        colormap: The colors.
    """

    title: str
    span: str
    ends: tuple[str, str]
    colormap: SimilarityColormap


def similarity_text(world: WorldContents, hit: Hit) -> str:
    """Return the similarity at the pointer, after three spaces; '' where there is none."""
    shown = world.similarity.get(hit.slot)
    if shown is None:
        return ""
    if hit.node not in shown.layers:
        maps = world.networks[hit.slot].layer_maps(hit.node)
        if maps is not None and maps.height * maps.width == 1:
            return "   one position: nothing to compare"
        is_coarse = hit.node in world.networks[hit.slot].coarse
        return "   not compared: its whole maps are not in memory" if is_coarse else ""
    found = shown.layers[hit.node]
    height, width = found.values.shape
    row, column = min(hit.row, height - 1), min(hit.column, width - 1)
    value = float(found.values[row, column])
    top, left, rows, columns = found.reference
    where = Region(hit.slot, "", top, left, rows, columns).text
    if not np.isfinite(found.values).any():
        return f"   the values at {where} are NaN or infinite: nothing to compare with"
    number = f"{value:.3f}".replace("-", "−") if value == value else "not finite"
    return f"   similarity of ({row}, {column}) to {where} = {number}"


def similarity_legend(
    world: WorldContents, compared: Region | None, focus: tuple[int, int] | None, hit: Hit | None
) -> SimilarityLegend | None:
    """Return what the legend says while positions are compared; None while none are.

    Args:
        world: The networks.
        compared: What they are compared with.
        focus: Slot and node of the layer that was pointed at last.
        hit: What is pointed at: its layer, where each has a span of its own.
    """
    state = world.state.similarity
    if compared is None or not world.similarity:
        return None
    title = f"similarity to {compared.text} of {compared.layer} · {state.measure}"
    if state.kept:
        title += " · of the kept image"
    if left_out := _count_left_out(world):
        what = "layer that is" if left_out == 1 else "layers that are"
        title += f" · without {left_out:,} {what} not whole in memory"
    key = (hit.slot, hit.node) if hit is not None and hit.kind == "layer" else focus
    shown = None if key is None else world.similarity.get(key[0])
    found = None if shown is None or key is None else shown.layers.get(key[1])
    if found is not None and not np.isfinite(found.values).any():
        title = f"{compared.text} of {compared.layer} has values that are NaN or infinite"
        return SimilarityLegend(title, NOTHING_TO_COMPARE, ("", ""), state.colormap)
    if not state.stretched:
        span = stretch_range(np.zeros(0), state.measure, False)
        return SimilarityLegend(title, "all layers alike", ends(*span), state.colormap)
    if found is None:
        return SimilarityLegend(title, "stretched to each layer", ("least", "most"), state.colormap)
    return SimilarityLegend(title, "stretched to this layer", ends(*found.span), state.colormap)


def _count_left_out(world: WorldContents) -> int:
    """How many layers with several positions are not compared, as only coarse maps are there."""
    return sum(
        maps.height * maps.width > 1 and node not in shown.layers
        for slot, shown in world.similarity.items()
        for node, maps in world.networks[slot].coarse.items()
    )


def ends(low: float, high: float) -> tuple[str, str]:
    """Return two similarities in words, with so many digits that they can be told apart."""
    digits = 2
    while digits < 6 and 0 < high - low < 10.0**-digits * 2:
        digits += 1
    first, last = (f"{v:.{digits}f}".replace("-", "−") for v in (low, high))
    return first, last
