"""Explanations as jobs, with the relevance of all layers ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import (
    CheckStop,
    Job,
    JobStep,
    JobSteps,
    analysis_job,
    require_same_graph,
)
from vrnn.explanations.relevance_maps import RelevanceMaps, RelevanceScale
from vrnn.explanations.results import Explanation
from vrnn.explanations.settings import ExplanationSettings
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Network
from vrnn.style.relevance_colors import color_scale

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

MAX_SAMPLES = 40_000
"""Values of a layer that its scale is found from."""


@analysis_job("explanation")
@dataclass(frozen=True)
class ExplanationJob(Job):
    """Explains the answer to what went in last.

    Its result is a `RelevanceMaps`.

    Attributes:
        settings: How.
        keeps_layers: Whether the relevance of layers is wanted, beside that of the input.
    """

    settings: ExplanationSettings = field(default_factory=ExplanationSettings)
    keeps_layers: bool = True

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"relevance: {self.settings.method}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.explain.explain import explain

        view = model.view
        yield JobStep(self.title(model.network), 0, 1)
        nodes = None if self.keeps_layers else ()
        explanation = explain(model, model.media, self.settings, nodes, check_stop)
        require_same_graph(model, view)
        return _with_maps(explanation, model.network, check_stop)


def _with_maps(explanation: Explanation, network: Network, check_stop: CheckStop) -> RelevanceMaps:
    """Convert the relevance of layers; those whose shape is not that of their maps are left out."""
    import torch

    from vrnn.compute.passes.feature_maps import fill_feature_maps

    no_tokens = np.zeros((0, 0), np.float32)
    maps: dict[int, FeatureMaps] = {}
    pictures: dict[int, FeatureMaps] = {}
    scales: dict[int, RelevanceScale] = {}
    layers = {}
    for name, layer in explanation.layers.items():
        check_stop()
        picture = np.ascontiguousarray(layer.picture, np.float32)
        layers[name] = replace(layer, maps=picture[None])
        shape = map_shape(network.by_id[layer.node].shape)
        if picture.shape != shape[1:] or not picture.size:
            continue
        if layer.maps.shape == shape:
            values = torch.from_numpy(np.ascontiguousarray(layer.maps, np.float32))
            maps[layer.node] = fill_feature_maps(values, no_tokens)
        pictures[layer.node] = fill_feature_maps(torch.from_numpy(picture[None]), no_tokens)
        scales[layer.node] = _scale(layer.maps, picture)
    explanation = replace(explanation, layers=layers)
    return RelevanceMaps(explanation, maps, pictures, scales)


def _scale(maps: np.ndarray, picture: np.ndarray) -> RelevanceScale:
    flat = np.nan_to_num(maps.reshape(-1))
    some = flat[:: max(1, flat.size // MAX_SAMPLES)]
    return RelevanceScale(color_scale(some), color_scale(np.nan_to_num(picture)), picture.size)


@analysis_job("pixel_flipping")
@dataclass(frozen=True, eq=False)
class PixelFlippingJob(Job):
    """Measures how faithful an explanation of what went in last is: pixels are taken away.

    Its result is a `FlippingCurves`.

    Attributes:
        explanation: The explanation.
        settings: Its settings.
    """

    explanation: Explanation
    settings: ExplanationSettings = field(default_factory=ExplanationSettings)

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "flipping pixels"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.explain.faithfulness import flip_pixels

        view = model.view
        found: object = None
        for step in flip_pixels(
            model, model.media, self.explanation, self.settings, check_stop=check_stop
        ):
            if isinstance(step, float):
                yield JobStep(self.title(model.network), step, 1)
                require_same_graph(model, view)
            else:
                found = step
        return found
