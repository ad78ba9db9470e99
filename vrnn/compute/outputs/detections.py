"""Outputs that several tensors make up together: boxes of detectors, masks of queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.predictions import Detections, Output, Segmentation

MAX_DETECTIONS = 300
"""Boxes that are kept, the best first."""
MAX_OVERLAP = 0.7
"""Intersection over union above which the worse of two boxes of a class is left out."""
MAX_MASKS = 20
"""Masks that are kept, those of the best boxes."""
MIN_MASK = 0.5
"""Probability from which on a position belongs to a mask."""
MIN_SCORE = 0.01
"""Boxes with a lower score are left out where they are many thousands."""


def decode_compound(
    result: Any, node: int, size: tuple[int, int], model: nn.Module | None, label_count: int = 0
) -> tuple[Output | None, frozenset[int]]:
    """Decode what is known to belong together.

    Args:
        result: What the model returned.
        node: The output that it belongs to.
        size: (height, width) of the input in pixels.
        model: The model, for heads that are known by their class.
        label_count: Number of classes that the model's config names, 0 for none.

    Returns:
        The output, None if there is no such; and the ids of the tensors that it is made of.
    """
    masks = _query_masks(result, node)
    found = find_boxes(result, size, None if masks else model, label_count)
    if found is not None:
        return found.detections(node), found.tensors
    return masks or (None, frozenset())


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """The boxes in a model's result.

    Attributes:
        boxes: (K, 4) left, top, right, bottom as fractions 0…1 of the input image.
        labels: (K,) classes; None where the model gives none.
        scores: (K,) numbers 0…1.
        order: Those that are kept, the best first.
        values: Gives the score of one as the model has it, a tensor with its history; of a softmax
            or sigmoid that is not the model's own, what goes into it.
        evidence: Why they are boxes.
        tensors: Ids of the tensors that they are made of.
        masks: (K, h, w) probabilities; None for none.
    """

    boxes: np.ndarray
    labels: np.ndarray | None
    scores: np.ndarray
    order: np.ndarray
    values: Callable[[int], torch.Tensor]
    evidence: str
    tensors: frozenset[int]
    masks: torch.Tensor | None = None

    def detections(self, node: int) -> Detections:
        """Return them as an output of a node."""
        labels = np.zeros(len(self.scores)) if self.labels is None else self.labels
        order, masks = self.order, None
        if self.masks is not None:
            best = torch.from_numpy(order[:MAX_MASKS].copy()).to(self.masks.device)
            masks = (self.masks[best] > MIN_MASK).cpu().numpy()
        return Detections(
            node, self.boxes[order].astype(np.float32), labels[order].astype(np.int32),
            self.scores[order].astype(np.float32), masks, name="boxes", evidence=self.evidence,
        )  # fmt: skip


def find_boxes(
    result: Any, size: tuple[int, int], model: nn.Module | None, label_count: int = 0
) -> FoundBoxes | None:
    """Find the boxes of a detector in its result, None for none; see `decode_compound`."""
    return (
        _torchvision_boxes(result, size)
        or _query_boxes(result, label_count)
        or _grid_boxes(result, size, model)
    )


Compound = tuple[Output, frozenset[int]]


def _torchvision_boxes(result: Any, size: tuple[int, int]) -> FoundBoxes | None:
    """From `[{"boxes", "labels", "scores"}]`, as torchvision's models return it."""
    first = result[0] if isinstance(result, list | tuple) and result else result
    if not isinstance(first, Mapping) or not {"boxes", "scores"} <= first.keys():
        return None
    tensors = [value for value in first.values() if isinstance(value, torch.Tensor)]
    if _are_tensors(first["boxes"]) and first["boxes"].dim() == 3:  # of several images
        first = {n: t[0] for n, t in first.items() if _are_tensors(t) and t.dim()}
    corners, found, labels = (first.get(name) for name in ("boxes", "scores", "labels"))
    if not _are_tensors(corners, found) or corners.shape != (found.numel(), 4):
        return None
    if not _are_tensors(labels) or labels.numel() != found.numel():
        labels = None
    height, width = size
    scale = np.array([width, height, width, height], np.float32)
    boxes, scores = _numpy(corners) / scale, _numpy(found).reshape(-1)
    masks = first.get("masks")
    if not isinstance(masks, torch.Tensor) or masks.shape[:1] != (len(scores),):
        masks = None
    elif masks.dim() == 4:
        masks = masks[:, 0]
    elif masks.dim() != 3:
        masks = None
    return FoundBoxes(
        boxes, None if labels is None else labels.reshape(-1).cpu().numpy(), scores,
        _best(scores), lambda row: cast(torch.Tensor, found.reshape(-1)[row]),
        "boxes, labels and scores by name", frozenset(map(id, tensors)), masks,
    )  # fmt: skip


def _query_boxes(result: Any, label_count: int) -> FoundBoxes | None:
    """From `pred_boxes`, center and size as fractions, and logits, as DETR returns them.

    The last class is none where there is one more than the config names.
    """
    boxes = _field(result, "pred_boxes")
    logits = _field(result, "logits", "pred_logits")
    if not _are_tensors(boxes, logits) or boxes.shape[:-1] != logits.shape[:-1]:
        return None
    if boxes.dim() != 3 or boxes.shape[-1] != 4:
        return None
    with_none = not label_count or logits.shape[-1] == label_count + 1
    scores = logits[0].float()
    probabilities = scores.softmax(-1)[:, :-1] if with_none else scores.sigmoid()
    if probabilities.shape[-1] == 0:
        return None
    best = probabilities.max(-1)
    x, y, width, height = _numpy(boxes[0]).T
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 1)
    labels, found = _numpy(best.indices).astype(int), _numpy(best.values)
    return FoundBoxes(
        corners, labels, found, _best(found),
        lambda row: cast(torch.Tensor, logits[0, row, int(labels[row])]),
        "pred_boxes and logits by name", frozenset({id(boxes), id(logits)}),
    )  # fmt: skip


def _query_masks(result: Any, node: int) -> Compound | None:
    """The class of each position, from masks and classes of queries, as MaskFormer returns them.

    Cheng, Schwing and Kirillov 2021, https://arxiv.org/abs/2107.06278: "semantic inference".
    """
    classes = _field(result, "class_queries_logits")
    masks = _field(result, "masks_queries_logits")
    if not _are_tensors(classes, masks) or masks.dim() != 4 or classes.dim() != 3:
        return None
    weights = classes[0].float().softmax(-1)[:, :-1]
    values = torch.einsum("qc,qhw->chw", weights, masks[0].float().sigmoid())
    found = Segmentation(
        node, values.argmax(0).to(torch.int32).cpu().numpy(), len(values),
        name="segmentation", evidence="masks and classes of queries", values=_numpy(values),
    )  # fmt: skip
    return found, frozenset({id(classes), id(masks)})


def _grid_boxes(result: Any, size: tuple[int, int], model: nn.Module | None) -> FoundBoxes | None:
    """From (1, 4 + classes, positions), as the head `Detect` of ultralytics' models returns it."""
    heads = [m for m in nn.Module.modules(model) if _is_detect_head(m)] if model is not None else []
    first = result[0] if isinstance(result, list | tuple) and result else result
    if not heads or not isinstance(first, torch.Tensor) or first.dim() != 3:
        return None
    head: Any = heads[-1]
    count = int(head.nc)
    height, width = size
    scale = np.array([width, height, width, height], np.float32)
    parts = frozenset(map(id, tensors_in(result)))  # the rest is what the boxes are made of
    rows = _numpy(first[0])
    evidence = f"the head {type(head).__name__} gives boxes of {count} classes"
    if rows.shape[-1] == 6 and rows.shape[0] != count + 4:  # corners, score, class: all is done
        return FoundBoxes(
            rows[:, :4] / scale, rows[:, 5], rows[:, 4], _best(rows[:, 4]),
            lambda row: first[0, row, 4], evidence, parts,
        )  # fmt: skip
    if rows.shape[0] < count + 4:
        return None
    x, y, wide, high = rows[:4]
    corners = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], 1) / scale
    labels, scores = rows[4 : 4 + count].argmax(0), rows[4 : 4 + count].max(0)
    order = np.argsort(-scores, kind="stable")[:MAX_DETECTIONS]
    order = order[scores[order] >= MIN_SCORE]
    kept = order[_without_overlaps(corners[order], labels[order])]
    return FoundBoxes(
        corners, labels, scores, kept, lambda row: first[0, 4 + int(labels[row]), row],
        evidence, parts,
    )  # fmt: skip


def _is_detect_head(module: nn.Module) -> bool:
    return any("Detect" in base.__name__ for base in type(module).__mro__) and isinstance(
        getattr(module, "nc", None), int
    )


def _without_overlaps(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of (K, 4) boxes, the best first, less those that a better one of its class hides."""
    kept: list[int] = []
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1)
    for i in range(len(boxes)):
        others = [k for k in kept if labels[k] == labels[i]]
        low = np.maximum(boxes[others, :2], boxes[i, :2])
        high = np.minimum(boxes[others, 2:], boxes[i, 2:])
        shared = np.prod(np.maximum(high - low, 0), 1)
        if not (shared > MAX_OVERLAP * (areas[others] + areas[i] - shared)).any():
            kept.append(i)
    return np.array(kept, int)


def _best(scores: np.ndarray) -> np.ndarray:
    """Rows of the boxes that are kept, the best first."""
    return np.argsort(-scores, kind="stable")[:MAX_DETECTIONS]


def _field(result: Any, *names: str) -> Any:
    """The first of these items or attributes that a result has; None for none."""
    for name in names:
        value = result.get(name) if isinstance(result, Mapping) else getattr(result, name, None)
        if value is not None:
            return value
    return None


def _are_tensors(*values: Any) -> bool:
    return all(isinstance(value, torch.Tensor) for value in values)


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
