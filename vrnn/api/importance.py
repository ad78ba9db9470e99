"""How important channels are, and what pruning costs."""

from __future__ import annotations

from typing import Any

from vrnn.api.sources import finish, opened_model, prepare
from vrnn.errors import VrnnError
from vrnn.explanations.targets import Target, parse_target
from vrnn.network.importance import LayerImportance
from vrnn.network.importance_measures import IMPORTANCE_MEASURES, PRUNING_RANKINGS, PruningRanking


def importance(
    model: Any = "default",
    target: str | int | Target = "",
    measure: PruningRanking = "gradient",
    *,
    curve: bool = True,
    epochs: int | None = None,
    detail: str = "layers",
    **source: Any,
) -> LayerImportance:
    """Find out how important the channels of all hidden layers are, and what pruning costs.

        found = vrnn.importance("net.py", "tabby", data="photos")
        found.layers["layer1.0.conv1"], found.result.curve.area(281)

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        target: The class, by name or number; `magnitude` and `random` ask for none.
        measure: `gamma`, `relevance`, `gradient`, `magnitude` or `random`.
        curve: Whether it is measured what pruning in this order costs.
        epochs: Of the training of gammas; None for 20.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, the class or the measure is wrong, there is no data set, or nothing
            can be ranked.
    """
    from vrnn.compute.importance.gamma_settings import GammaSettings
    from vrnn.compute.importance.importance import importance_steps
    from vrnn.compute.importance.importance_request import ImportanceRequest

    prepare()
    if measure not in PRUNING_RANKINGS:
        raise VrnnError(f"no measure '{measure}': choose one of {', '.join(PRUNING_RANKINGS)}")
    if epochs is not None and epochs < 1:
        raise VrnnError(f"gammas are trained for at least 1 epoch, not for {epochs}")
    opened = opened_model(model, source, detail)
    dataset = opened.source.dataset
    if dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give data=FOLDER")
    number = None
    if measure in IMPORTANCE_MEASURES:
        if not isinstance(target, Target):
            target = parse_target(str(target), opened.source.class_names)
        if target.channel is None or target != Target(channel=target.channel):
            raise VrnnError("importance is found for a class; give its name or number as target")
        number = target.channel
    settings = GammaSettings() if epochs is None else GammaSettings(epochs=epochs)
    request = ImportanceRequest(measure, number, curve, settings=settings)
    result = finish(importance_steps(opened, dataset, request))
    names = {node.id: node.name for node in opened.network.nodes}
    return LayerImportance({names[n]: c for n, c in result.importance.channels.items()}, result)
