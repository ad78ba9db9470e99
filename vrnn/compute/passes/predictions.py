"""What a model answered, in the form that suits it: class scores, a segmentation, boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from vrnn.compute.tracing.tracer import tensors_in
from vrnn.network.graph import Network
from vrnn.network.predictions import ClassScores, Detections, Output, Segmentation

BIG = 8
"""A result with a larger height and width than this is a picture, not scores."""


def decode_outputs(result: Any, network: Network, size: tuple[int, int]) -> tuple[Output, ...]:
    """All answers of the first sample that have a form of their own.

    result: what the model returned; size: (height, width) of its input in pixels.
    """
    nodes = list(network.outputs)
    found = _detections(result, nodes[0] if nodes else 0, size)
    if found is not None:
        return (found,)
    answers: list[Output] = []
    for number, tensor in enumerate(tensors_in(result)):
        node = nodes[min(number, len(nodes) - 1)] if nodes else 0
        answer = _answer(tensor.detach(), node)
        if answer is not None:
            answers.append(answer)
    return tuple(answers)


def _answer(tensor: torch.Tensor, node: int) -> Output | None:
    if tensor.dim() == 4 and min(tensor.shape[2:]) > BIG:
        return _segmentation(tensor[0].float(), node)
    if tensor.dim() in (1, 2) and tensor.is_floating_point():
        logits = tensor[0] if tensor.dim() == 2 else tensor
        if logits.dim() == 1 and logits.numel():
            return _scores(logits.float().cpu().numpy(), node)
    if tensor.dim() == 4 and tuple(tensor.shape[2:]) == (1, 1):
        return _scores(tensor[0, :, 0, 0].float().cpu().numpy(), node)
    return None


def _scores(logits: np.ndarray, node: int) -> ClassScores:
    """Softmax of the logits, unless they are probabilities already; one alone is a sigmoid."""
    clean = np.nan_to_num(logits, nan=-1e4, posinf=1e4, neginf=-1e4).astype(np.float64)
    if clean.size == 1:
        probabilities = clean if 0 <= clean[0] <= 1 else 1 / (1 + np.exp(-np.clip(clean, -60, 60)))
    elif clean.min() >= 0 and abs(clean.sum() - 1) < 1e-3:
        probabilities = clean
    else:
        powers = np.exp(clean - clean.max())
        probabilities = powers / powers.sum()
    return ClassScores(node, logits, probabilities.astype(np.float32))


def _segmentation(logits: torch.Tensor, node: int) -> Segmentation | None:
    """(K, H, W) scores: the largest; a single channel is split at a probability of one half.

    Three channels without a larger one may be a picture, as of an autoencoder: none of these.
    """
    count = logits.shape[0]
    if count == 1:
        inside = float(logits.min()) >= 0.0 and float(logits.max()) <= 1.0
        classes = (logits[0] > (0.5 if inside else 0.0)).to(torch.int32)
        return Segmentation(node, classes.cpu().numpy(), 2)
    if count == 3:
        return None
    return Segmentation(node, logits.argmax(0).to(torch.int32).cpu().numpy(), count)


def _detections(result: Any, node: int, size: tuple[int, int]) -> Detections | None:
    """Of `[{"boxes", "labels", "scores"}]`, as torchvision's models return it."""
    first = result[0] if isinstance(result, list | tuple) and result else result
    if not isinstance(first, Mapping) or not {"boxes", "scores"} <= first.keys():
        return None
    height, width = size
    scale = np.array([width, height, width, height], np.float32)
    boxes = first["boxes"].float().cpu().numpy().reshape(-1, 4) / scale
    scores = first["scores"].float().cpu().numpy()
    labels = first.get("labels")
    kinds = np.zeros(len(scores)) if labels is None else labels.cpu().numpy()
    best = np.argsort(-scores, kind="stable")
    return Detections(
        node, boxes[best].astype(np.float32), kinds[best].astype(np.int32), scores[best]
    )
