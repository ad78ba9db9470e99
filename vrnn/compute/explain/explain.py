"""Explanations by any method, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import torch

from vrnn.compute.explain.gradient_methods import GRADIENT_EXPLAINERS
from vrnn.compute.explain.prepared_input import ExplainedInput, prepare_input
from vrnn.compute.explain.relevance_flow import RelevanceRequest
from vrnn.compute.explain.relevance_pass import propagate
from vrnn.compute.explain.results import heatmap_of, to_layer
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.errors import VrnnError
from vrnn.explanations.composites import load_composites
from vrnn.explanations.results import Explanation, LayerRelevance
from vrnn.explanations.settings import GRADIENT_METHODS, ExplanationSettings
from vrnn.media.media import Media


def method_names(composites: Path | None = None) -> tuple[str, ...]:
    """Return the names of all methods: composites, those of a file too, and gradient methods."""
    return (*load_composites(composites), *GRADIENT_METHODS)


def explain(
    model: LoadedModel, media: Media | torch.Tensor | None, settings: ExplanationSettings,
    nodes: Collection[int] | None = None, check_stop: Callable[[], None] = lambda: None,
) -> Explanation:  # fmt: skip
    """Explain an answer of a model. The model is left as it was.

    Args:
        model: The model; it is traced anew if this input takes it another way.
        media: What goes in, see `prepare_input`.
        settings: How.
        nodes: Ids of the layers whose relevance is wanted; None for all.
        check_stop: Raises what is to end it; called for each operation.

    Raises:
        VrnnError: The method, the target, a layer or a value is wrong, or memory is short.
    """
    model.use_default_dtype()
    given = prepare_input(model, media)
    try:
        return _explain(model, given, settings, nodes, check_stop)
    except GraphChanged:
        model.retrace(given.inputs)
        try:
            return _explain(model, given, settings, nodes, check_stop)
        except GraphChanged as error:
            raise VrnnError(
                f"{model.source.title} takes another path in each pass, so no pass explains another"
            ) from error


def _explain(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings,
    nodes: Collection[int] | None, check_stop: Callable[[], None],
) -> Explanation:  # fmt: skip
    explainer = GRADIENT_EXPLAINERS.get(settings.method)
    if explainer is None:
        found = _explain_by_rules(model, given, settings, nodes, check_stop)
    else:
        if settings.conditions:
            raise VrnnError(
                f"conditions are for relevance propagation, not for {settings.method}; choose a "
                "composite such as epsilon-plus"
            )
        found = explainer(model, given, settings, check_stop)
    return replace(found, notes=(given.note,) if given.note else ())


def relevance_request(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings,
    nodes: Collection[int] | None, links: Collection[int] = (),
) -> RelevanceRequest:  # fmt: skip
    """Return what a pass with rules is asked for.

    Args:
        model: The model.
        given: What goes in.
        settings: How it is explained.
        nodes: Ids of the layers whose relevance is wanted; None for all.
        links: See `RelevanceRequest`.

    Raises:
        VrnnError: There is no such method or layer.
    """
    composites = load_composites(settings.composites)
    if settings.method not in composites:
        names = ", ".join(method_names(settings.composites))
        raise VrnnError(f"no method '{settings.method}'; choose one of {names}")
    ids = {node.name: node.id for node in model.network.nodes}
    for one in settings.conditions:
        if one.layer not in ids:
            raise VrnnError(
                f"{model.source.title} has no layer '{one.layer}' to restrict relevance to; "
                "`vrnn graph` lists its layers"
            )
    return RelevanceRequest(
        settings.target, composites[settings.method],
        {ids[one.layer]: one for one in settings.conditions}, given.bounds, nodes,
        settings.ablations, links,
    )  # fmt: skip


def _explain_by_rules(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings,
    nodes: Collection[int] | None, check_stop: Callable[[], None],
) -> Explanation:  # fmt: skip
    request = relevance_request(model, given, settings, nodes)
    composite = request.composite
    layers: dict[str, LayerRelevance] = {}

    def on_relevance(node: int, relevance: torch.Tensor) -> None:
        layer = to_layer(model, node, relevance)
        before = layers.get(layer.name)
        if before is not None:  # from several ways on
            layer = replace(
                layer, maps=layer.maps + before.maps, channels=layer.channels + before.channels,
                total=layer.total + before.total,
            )  # fmt: skip
        layers[layer.name] = layer

    flow = propagate(model, given.inputs, request, on_relevance, check_stop)
    by_id = model.network.by_id
    inputs = {by_id[n].name: v.cpu().numpy() for n, v in flow.inputs.items() if n in by_id}
    main = flow.inputs.get(model.view.trace.inputs[given.index])
    for number, (node, values) in enumerate(flow.entries):
        name = by_id[node].name if node in by_id else f"numbers {number}"
        inputs[name] = values.cpu().numpy()
        if given.is_image and values.shape == given.tensor.shape:
            main = values
    for node, values in flow.inputs.items():
        if node in by_id and (nodes is None or node in nodes):
            layers[by_id[node].name] = to_layer(model, node, values)
    heatmap = None
    if main is not None and given.is_image:
        heatmap = heatmap_of(main)
    order = {node.name: i for i, node in enumerate(model.network.nodes)}
    return Explanation(
        settings.method, flow.target.text, float(flow.target.value), inputs, heatmap, given.image,
        dict(sorted(layers.items(), key=lambda item: order.get(item[0], 0))),
        {node.name: flow.totals[node.id] for node in model.network.nodes if node.id in flow.totals},
        flow.edges, flow.sinks, flow.fallbacks, composite.conserves,
    )  # fmt: skip
