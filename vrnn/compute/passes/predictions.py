"""A model's results decoded into class scores, a segmentation, or boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.graph import Network
from vrnn.network.predictions import ClassScores, Detections, Output, Segmentation

MAX_SCORE_SIDE = 8
"""A result with a larger height and width than this is an image, not scores."""


def decode_outputs(result: Any, network: Network, size: tuple[int, int]) -> tuple[Output, ...]:
    """Decode all results of the first sample whose kind is recognized.

    Args:
        result: What the model returned.
        network: Its graph, whose output nodes the results belong to.
        size: (height, width) of its input in pixels.
    """
    nodes = list(network.outputs)
    detections = _decode_detections(result, nodes[0] if nodes else 0, size)
    if detections is not None:
        return (detections,)
    outputs: list[Output] = []
    for index, tensor in enumerate(tensors_in(result)):
        node = nodes[min(index, len(nodes) - 1)] if nodes else 0
        output = _decode_tensor(tensor.detach(), node)
        if output is not None:
            outputs.append(output)
    return tuple(outputs)


def _decode_tensor(tensor: torch.Tensor, node: int) -> Output | None:
    if tensor.dim() == 4 and min(tensor.shape[2:]) > MAX_SCORE_SIDE:
        return _decode_segmentation(tensor[0].float(), node)
    if tensor.dim() in (1, 2) and tensor.is_floating_point():
        logits = tensor[0] if tensor.dim() == 2 else tensor
        if logits.dim() == 1 and logits.numel():
            return _decode_scores(logits.float().cpu().numpy(), node)
    if tensor.dim() == 4 and tuple(tensor.shape[2:]) == (1, 1):
        return _decode_scores(tensor[0, :, 0, 0].float().cpu().numpy(), node)
    return None


def _decode_scores(logits: np.ndarray, node: int) -> ClassScores:
    """Softmax of the (K,) logits, unless they are probabilities; a single one gets a sigmoid."""
    finite = np.nan_to_num(logits, nan=-1e4, posinf=1e4, neginf=-1e4).astype(np.float64)
    if finite.size == 1:
        is_probability = 0 <= finite[0] <= 1
        probabilities = finite if is_probability else 1 / (1 + np.exp(-np.clip(finite, -60, 60)))
    elif finite.min() >= 0 and abs(finite.sum() - 1) < 1e-3:
        probabilities = finite
    else:
        powers = np.exp(finite - finite.max())
        probabilities = powers / powers.sum()
    return ClassScores(node, logits, probabilities.astype(np.float32))


def _decode_segmentation(logits: torch.Tensor, node: int) -> Segmentation | None:
    """The class of the largest of (K, H, W) scores; one channel is split at probability one half.

    Three channels without a larger one may be an image, as of an autoencoder: None.
    """
    count = logits.shape[0]
    if count == 1:
        is_probability = float(logits.min()) >= 0.0 and float(logits.max()) <= 1.0
        classes = (logits[0] > (0.5 if is_probability else 0.0)).to(torch.int32)
        return Segmentation(node, classes.cpu().numpy(), 2)
    if count == 3:
        return None
    return Segmentation(node, logits.argmax(0).to(torch.int32).cpu().numpy(), count)


def _decode_detections(result: Any, node: int, size: tuple[int, int]) -> Detections | None:
    """From `[{"boxes", "labels", "scores"}]`, as torchvision's models return it."""
    first = result[0] if isinstance(result, list | tuple) and result else result
    if not isinstance(first, Mapping) or not {"boxes", "scores"} <= first.keys():
        return None
    height, width = size
    scale = np.array([width, height, width, height], np.float32)
    boxes = first["boxes"].float().cpu().numpy().reshape(-1, 4) / scale
    scores = first["scores"].float().cpu().numpy()
    labels = first.get("labels")
    classes = np.zeros(len(scores)) if labels is None else labels.cpu().numpy()
    order = np.argsort(-scores, kind="stable")
    return Detections(
        node, boxes[order].astype(np.float32), classes[order].astype(np.int32), scores[order]
    )
