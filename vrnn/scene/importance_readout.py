"""What the legend says while maps and edges fade by importance."""

from __future__ import annotations

from vrnn.network.importance_measures import RANKING_TEXT
from vrnn.scene.world import World


def importance_legend(world: World) -> tuple[str, str, str, str] | None:
    """Return what is faded and why; None while nothing is.

    Returns:
        By what and for which class; what is dark; the ends of the bar.
    """
    now = world.state.importance
    network = world.networks.get(now.network)
    if not now.shown or now.network not in world.importance or network is None:
        return None
    names = network.info.class_names
    name = names[now.class_index] if now.class_index < len(names) else f"class {now.class_index}"
    if now.beside is not None:
        other = names[now.beside] if now.beside < len(names) else f"class {now.beside}"
        name += f" or {other}"
    title = f"importance for {name}, by {RANKING_TEXT[now.measure]}"
    faded, gone = ("pale", "white") if world.state.theme == "light" else ("dark", "black")
    span = f"{faded} maps, thin {faded} edges: hardly used for it"
    if now.pruned:
        span += f" · {gone}: pruned, {now.pruned:.0%} of the channels"
    return title, span, "0", "max of the layer"
