"""What a vector of numbers is, the strongest evidence first."""

from __future__ import annotations

import numpy as np

from vrnn.compute.outputs.conclusion import (
    SIGMOIDS,
    SOFTMAXES,
    Conclusion,
    Rule,
    has_class_names,
)
from vrnn.compute.outputs.evidence import OutputEvidence
from vrnn.network.predictions import OutputKind

EMBEDDING_STEP = 64
"""Vectors of a multiple of this length are embeddings more often than class scores."""
QUANTITIES = (
    "regress", "value", "critic", "bbox", "offset", "pose", "angle", "coord", "landmark",
    "keypoint", "rotation", "translation", "age_", "steer",
)  # fmt: skip
"""Parts of the names of layers that measure something."""


def _vector_by_key(e: OutputEvidence) -> Conclusion | None:
    if e.has_key("mixture"):
        return Conclusion("numbers", "the weights of a mixture")
    key = e.has_key("embed", "pooler", "latent", "hidden", "feature", "logvar", "log_var", "mu")
    if key and not (key == "mu" and len(key) > 2):
        return Conclusion("embedding", f"the output is named '{key}'")
    key = e.has_key("prob", "logit", "score", "class", "policy", "label")
    if key and e.count > 1:
        kind: OutputKind = "independent" if _is_multi_label(e) else "scores"
        return Conclusion(kind, f"the output is named '{key}'")
    key = e.has_key("audio", "waveform", "wav")
    if key and e.count > 1:
        return Conclusion("waveform", f"the output is named '{key}'")
    key = e.has_key("value", "loss", "regress", "box", "bbox", "pose", "angle", "age", "density")
    return Conclusion("numbers", f"the output is named '{key}'") if key else None


def _is_multi_label(e: OutputEvidence) -> bool:
    return e.model.is_multi_label or e.model.loss == "sigmoid" or e.ends_in(*SIGMOIDS)


def _vector_of_pixels(e: OutputEvidence) -> Conclusion | None:
    """As many numbers as the input image has pixels, and nothing that says they are classes."""
    if e.flat_image is None or e.ends_in(*SOFTMAXES, "normalize") or has_class_names(e):
        return None
    if e.model.loss == "softmax" or e.model.task == "classification":
        return None
    is_sure = e.ends_in(*SIGMOIDS, "tanh", "hardtanh", "clamp")
    if not is_sure and any(w in e.layer for w in ("latent", "embed", "proj", "logit", "classif")):
        return None
    return Conclusion("picture", f"{e.count} values, as many as the input has", is_sure)


def _vector_by_end(e: OutputEvidence) -> Conclusion | None:
    if e.count > 1 and e.ends_in(*SOFTMAXES):
        return Conclusion("scores", f"ends in {e.operations[0].replace('_', ' ')}")
    if e.ends_in(*SIGMOIDS) and e.model.loss != "regression" and e.model.task != "regression":
        if e.signal_length == e.count or _is_flat_image(e):
            return None
        return Conclusion("independent", "ends in sigmoid", e.count == 1 or has_class_names(e))
    if e.ends_in("normalize") and e.count > 2:
        return Conclusion("embedding", "has unit length")
    return None


def _is_flat_image(e: OutputEvidence) -> bool:
    """Whether a vector has as many numbers as an image among the inputs has pixels."""
    return e.count > 48 and any(i.is_float and _size(i.shape) == e.count for i in e.inputs)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape[1:], dtype=np.int64))


def _vector_of_signal(e: OutputEvidence) -> Conclusion | None:
    if e.count > 1 and e.count == e.signal_length and not e.ends_in(*SIGMOIDS):
        return Conclusion("waveform", f"{e.count} values, as many as the input has", False)
    return None


def _vector_by_task(e: OutputEvidence) -> Conclusion | None:
    model = e.model
    if model.task == "classification" and model.is_sure and e.count > 1:
        kind: OutputKind = "independent" if model.is_multi_label else "scores"
        return Conclusion(kind, f"{e.count} numbers of {model.title}")
    if e.count > 1 and "token" in e.position:
        if model.task == "tokens":
            return Conclusion("scores", f"{e.count} numbers of {model.title}")
        if e.count == model.vocabulary:
            return Conclusion("scores", f"{e.count} numbers, as many as tokens are known")
    if model.task == "regression" and model.is_sure:
        return Conclusion("numbers", f"{model.title} is a regression")
    return None


def _vector_by_classes(e: OutputEvidence) -> Conclusion | None:
    if e.count < 2:
        return None
    kind: OutputKind = "independent" if _is_multi_label(e) else "scores"
    if has_class_names(e):
        return Conclusion(kind, f"{e.count} numbers, {e.count} class names")
    for name, count in e.model.counts.items():
        if count == e.count:
            return Conclusion(kind, f"{e.count} numbers, {name} is {count}")
    return None


def _vector_by_loss(e: OutputEvidence) -> Conclusion | None:
    loss, name = e.model.loss, e.model.loss_name
    if loss == "softmax" and e.count > 1:
        return Conclusion("scores", f"{name} is used")
    if loss == "sigmoid":
        return Conclusion("independent", f"{name} is used")
    if loss == "regression" and not _is_flat_image(e):
        return Conclusion("numbers", f"{name} is used")
    return None


def _vector_by_layer(e: OutputEvidence) -> Conclusion | None:
    """The name of the last layer, such as `classifier` or `to_latent`."""
    words = e.layer
    evidence = f"the last layer is named '{words}'"
    for parts in (e.layer, e.layer_path):
        if any(w in parts for w in QUANTITIES):
            return Conclusion("numbers", evidence, False)
        if any(w in parts for w in ("mu", "logvar", "log_var", "latent", "embed", "proj")):
            return Conclusion("embedding", evidence, False) if e.count > 1 else None
        if e.count > 1 and any(w in parts for w in ("classif", "logit", "actor", "policy", "cls")):
            return Conclusion("scores", evidence, False)
    is_head = words in ("fc", "head", "heads", "fc_out", "last_linear", "output", "out")
    if is_head and e.count > 1 and (e.image or e.signal_length) and not _is_embedding_size(e):
        return Conclusion("scores", f"{e.count} numbers of a layer named '{words}'", False)
    return None


def _is_embedding_size(e: OutputEvidence) -> bool:
    return e.count % EMBEDDING_STEP == 0


def _vector_by_values(e: OutputEvidence) -> Conclusion | None:
    total, least = float(e.values.sum()), float(e.values.min(initial=0))
    if e.count > 2 and least >= 0 and abs(total - 1) < 1e-3 and not e.ends_in("normalize"):
        return Conclusion("scores", "values from 0 on, with sum 1", False)
    return None


def _vector_by_shape(e: OutputEvidence) -> Conclusion | None:
    if e.count == 1:
        return None
    if _is_flat_image(e):
        return Conclusion("numbers", f"{e.count} values, as many as the input has", False)
    is_pooled = not e.layer and (e.image or e.signal_length)
    if e.count >= EMBEDDING_STEP and (is_pooled or _is_embedding_size(e)):
        return Conclusion("embedding", f"{e.count} numbers, no class names", False)
    if e.image or e.signal_length:
        what = e.inputs[0].what if e.inputs else "an image"
        return Conclusion("scores", f"{e.count} numbers for {what}, no class names", False)
    return None


VECTOR_RULES: tuple[Rule, ...] = (
    _vector_by_key, _vector_of_pixels, _vector_by_end, _vector_by_task, _vector_by_classes,
    _vector_of_signal, _vector_by_loss, _vector_by_values, _vector_by_layer, _vector_by_shape,
)  # fmt: skip
