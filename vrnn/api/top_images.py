"""Images that use a channel most."""

from __future__ import annotations

from typing import Any, Literal

from vrnn.api.sources import finish, opened_model, prepare
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target, parse_target
from vrnn.network.results import TopImages


def top_images(
    model: Any = "default",
    layer: str = "",
    by: Literal["relevance", "activation"] = "relevance",
    k: int = 9,
    method: str = "epsilon-plus",
    target: str | int | Target = "",
    *,
    detail: str = "layers",
    **source: Any,
) -> TopImages:
    """Find the images of a model's data set that use each channel of a layer most.

        found = vrnn.top_images("net.py", "layer3.0.conv1", target="tabby", data="photos")
        found.images[12], found.values[12]  # of channel 12, the best first

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer.
        by: `relevance`: the share that a channel has of its layer's relevance; or `activation`.
        k: Images for each channel.
        method: A composite, see docs/explain.md.
        target: As for `explain`; '' for the winning class of each image.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, the layer, the method or the target is wrong, or there is no data set.
    """
    from vrnn.compute.analysis.relevant_images import relevant_image_steps
    from vrnn.compute.analysis.top_activations import top_activation_steps

    prepare()
    opened = opened_model(model, source, detail)
    node = opened.network.layer_named(layer, opened.source.title).id
    dataset = opened.source.dataset
    if dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give data=FOLDER")
    if by not in ("relevance", "activation"):
        raise VrnnError(f"images are found by relevance or by activation, not by '{by}'")
    if not isinstance(target, Target):
        target = parse_target(str(target), opened.source.class_names)
    steps = (
        top_activation_steps(opened, dataset, node, k, "max")
        if by == "activation"
        else relevant_image_steps(opened, dataset, node, k, ExplanationSettings(method, target))
    )
    return finish(steps)
