"""Why a model answers as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vrnn.api.sources import opened_model, prepare, to_media
from vrnn.explanations.conditions import Condition, parse_condition
from vrnn.explanations.results import Explanation
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target, parse_target


def explain(
    model: Any = "default",
    image: Any = None,
    method: str = "epsilon-plus",
    target: str | int | Target = "",
    *,
    layers: str = "*",
    through: Mapping[str, Sequence[int]] | Sequence[str] = (),
    composites: str | Path | None = None,
    detail: str = "layers",
    settings: Mapping[str, Any] | None = None,
    **source: Any,
) -> Explanation:
    """Explain an answer of a model: which pixels, channels and paths speak for it.

        found = vrnn.explain(model, "cat.jpg", target="tabby")
        found.heatmap, found.layers["layer3.0.conv1"].channels, found.sinks
        found.picture().save("why.png")

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        image: As for `screenshot`; or a tensor that is the very input.
        method: A composite of relevance propagation or a gradient method, see docs/explain.md.
        target: A class by name or number, or any other target as `vrnn explain --target` takes it;
            '' for the winning class.
        layers: A pattern that names of layers fit whose relevance is returned.
        through: What relevance may flow through: channels by the name of their layer, or texts such
            as `layer3.0.conv1 #4 @2-5,0-3` (channels; rows and columns).
        composites: A TOML file of your own composites.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        settings: Further settings, see `ExplanationSettings`.
        **source: As for `screenshot`.

    Returns:
        Plain arrays, and a picture on demand.

    Raises:
        VrnnError: The model, the image, the method, the target or a layer is wrong.
    """
    from vrnn.compute.explain.explain import explain as explain_input
    from vrnn.export.layers import matching_layers

    prepare()
    opened = opened_model(model, source, detail)
    is_ready = image is None or hasattr(image, "detach")
    media = image if is_ready else to_media(opened, image)
    if not isinstance(target, Target):
        target = parse_target(str(target), opened.source.class_names)
    chosen = ExplanationSettings(
        method, target, _conditions(through),
        None if composites is None else Path(composites), **(settings or {}),
    )  # fmt: skip
    nodes = None if layers == "*" else [
        node.id for node in matching_layers(opened.network.nodes, layers)
    ]  # fmt: skip
    return explain_input(opened, media, chosen, nodes)


def _conditions(through: Mapping[str, Sequence[int]] | Sequence[str]) -> tuple[Condition, ...]:
    if isinstance(through, Mapping):
        return tuple(Condition(name, tuple(channels)) for name, channels in through.items())
    return tuple(parse_condition(text) for text in through)
