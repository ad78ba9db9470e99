"""From tensors of relevance to plain data."""

from __future__ import annotations

import numpy as np
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.passes.feature_maps import chosen_maps
from vrnn.explanations.results import LayerRelevance
from vrnn.network.choices import chosen_indices


def to_layer(model: LoadedModel, node: int, relevance: torch.Tensor) -> LayerRelevance:
    """Return a node's relevance as maps.

    Args:
        model: The model.
        node: Id of the node.
        relevance: Of the shape of the node's tensor.
    """
    layout = model.view.map_layouts[node]
    indices = chosen_indices(model.network, node, ())
    maps = chosen_maps(relevance, layout, indices)[0].cpu().numpy()
    sums = to_maps(relevance, layout).sum((0, 2), dtype=torch.float64)
    return LayerRelevance(
        node, model.network.by_id[node].name, np.ascontiguousarray(maps),
        sums.float().cpu().numpy(), float(sums.sum()),
    )  # fmt: skip


def heatmap_of(values: torch.Tensor) -> np.ndarray:
    """(H, W) float32: the sum over the channels of the first of (N, C, H, W)."""
    summed: np.ndarray = values[0].sum(0, dtype=torch.float64).float().cpu().numpy()
    return summed
