"""What an output is, concluded from what is known of it.

The rules of each shape are asked in order, the strongest evidence first: a key of the result, what
the model's class or config says, the last operation, class names, losses, names of layers, and at
last the shape alone. Where only weak evidence speaks the conclusion is unsure, and without any the
output stays plain numbers or maps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vrnn.compute.passes.output_evidence import OutputEvidence
from vrnn.network.predictions import OutputKind

MAX_SCORE_SIDE = 8
"""Maps that are not larger than this are features, no picture of the scene."""
MAX_CLASSES = 512
"""Maps of more classes than this are features."""
MAX_SHRINK = 8.5
"""How many times smaller than the image a segmentation may be."""
EMBEDDING_STEP = 64
"""Vectors of a multiple of this length are embeddings more often than class scores."""
QUANTITIES = (
    "regress", "value", "critic", "bbox", "offset", "pose", "angle", "coord", "landmark",
    "keypoint", "rotation", "translation", "age_", "steer",
)  # fmt: skip
"""Parts of the names of layers that measure something."""
SIGMOIDS = ("sigmoid", "hardsigmoid")
SOFTMAXES = ("softmax", "log_softmax")
POSITIVE = ("relu", "softplus", "exp", "sigmoid", "relu6", "elu")


class Conclusion(NamedTuple):
    """What an output is taken for.

    Attributes:
        kind: What it is.
        evidence: Why.
        is_sure: Whether that leaves no doubt.
    """

    kind: OutputKind
    evidence: str
    is_sure: bool = True


Rule = Callable[[OutputEvidence], Conclusion | None]


def conclude(evidence: OutputEvidence) -> Conclusion:
    """Return what an output is.

    Args:
        evidence: What is known of it.
    """
    rules = {1: _VECTOR_RULES, 2: _SIGNAL_RULES}.get(evidence.values.ndim, _MAP_RULES)
    for rule in rules:
        found = rule(evidence)
        if found is not None:
            if evidence.position:
                found = found._replace(evidence=f"{found.evidence}, {evidence.position}")
            return found
    count = "×".join(map(str, evidence.values.shape))
    text = "1 value" if count == "1" else f"{count} values"
    text += f", {evidence.position}" if evidence.position else ""
    return Conclusion("numbers" if evidence.values.ndim == 1 else "maps", text, False)


# Vectors.


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
    if e.flat_image is None or e.ends_in(*SOFTMAXES, "normalize") or _has_class_names(e):
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
        return Conclusion("independent", "ends in sigmoid", e.count == 1 or _has_class_names(e))
    if e.ends_in("normalize") and e.count > 2:
        return Conclusion("embedding", "has unit length")
    return None


def _has_class_names(e: OutputEvidence) -> bool:
    return len(e.model.class_names) == e.count


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
    if _has_class_names(e):
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


_VECTOR_RULES: tuple[Rule, ...] = (
    _vector_by_key, _vector_of_pixels, _vector_by_end, _vector_by_task, _vector_by_classes,
    _vector_of_signal, _vector_by_loss, _vector_by_values, _vector_by_layer, _vector_by_shape,
)  # fmt: skip


# Channels over time or over tokens.


def _signal_by_key(e: OutputEvidence) -> Conclusion | None:
    key = e.has_key("audio", "waveform", "wav")
    if key:
        return Conclusion("waveform", f"the output is named '{key}'")
    key = e.has_key("hidden", "feature", "embed", "attention")
    return Conclusion("maps", f"the output is named '{key}'") if key else None


def _signal_by_shape(e: OutputEvidence) -> Conclusion | None:
    channels, length = e.values.shape
    if e.signal_length and length == e.signal_length and channels <= 8:
        return Conclusion("waveform", f"{length} values, as many as the input has", False)
    if channels <= 2 and length >= 1024 and e.ends_in("tanh", "conv1d", "conv_transpose1d"):
        return Conclusion("waveform", f"{length} values in a line", False)
    return None


_SIGNAL_RULES: tuple[Rule, ...] = (_signal_by_key, _signal_by_shape)


# Maps.


def _integer_maps(e: OutputEvidence) -> Conclusion | None:
    if np.issubdtype(e.values.dtype, np.integer):
        if e.count == 1 and e.values.min(initial=0) >= 0 and e.values.max(initial=0) < 4096:
            return Conclusion("segmentation", "whole numbers at each position")
        return Conclusion("maps", "whole numbers at each position", False)
    return None


def _features(e: OutputEvidence) -> Conclusion | None:
    """Small maps, or many, are features: the layer shows them."""
    size = "×".join(map(str, e.values.shape))
    if min(e.values.shape[1:]) <= MAX_SCORE_SIDE and not e.has_input_size:
        return Conclusion("maps", f"{size} values")
    if e.count > MAX_CLASSES:
        return Conclusion("maps", f"{e.count} maps")
    return None


def _map_by_key(e: OutputEvidence) -> Conclusion | None:
    def named(*words: str) -> str:
        key = e.has_key(*words)
        return f"the output is named '{key}'" if key else ""

    if evidence := named("depth", "disp"):
        return Conclusion("depth", evidence)
    if e.count == 2 and (evidence := named("flow")):
        return Conclusion("flow", evidence)
    if evidence := named("mask", "seg", "semantic"):
        return Conclusion("segmentation", evidence)
    if evidence := named("noise", "eps"):
        return Conclusion("noise", evidence)
    if e.count in (1, 3, 4) and (
        evidence := named("recon", "image", "img", "x_hat", "rgb", "picture", "generated")
    ):
        return Conclusion("picture", evidence)
    if evidence := named("heatmap", "keypoint", "hidden", "feature", "attention", "latent"):
        return Conclusion("maps", evidence)
    return None


def _map_by_task(e: OutputEvidence) -> Conclusion | None:
    model = e.model
    if not model.is_sure or not model.task:
        return None
    evidence = f"the output of {model.title}"
    if model.task == "segmentation":
        return Conclusion("segmentation", evidence)
    if model.task == "depth" and e.count == 1:
        return Conclusion("depth", evidence)
    if model.task == "flow" and e.count == 2:
        return Conclusion("flow", evidence)
    if model.task == "noise" and e.has_input_size:
        return Conclusion("noise", evidence)
    if model.task == "picture" and e.count in (1, 3, 4):
        return Conclusion("picture", evidence)
    return None


def _map_by_end(e: OutputEvidence) -> Conclusion | None:
    if e.count > 1 and e.ends_in(*SOFTMAXES):
        total = np.exp(e.values).sum(0) if e.ends_in("log_softmax") else e.values.sum(0)
        if np.allclose(total, 1, atol=1e-2):
            return Conclusion("segmentation", f"ends in {e.operations[0].replace('_', ' ')}")
    is_picture = e.image is not None and e.count == e.image[0] and e.count in (1, 3)
    if e.ends_in(*SIGMOIDS):
        if e.model.task == "depth":
            return Conclusion("depth", f"ends in sigmoid, in a model named {e.model.title}", False)
        is_mask = e.model.loss == "sigmoid" or e.model.task == "segmentation"
        if is_picture and not (is_mask and e.count == 1) and not _has_class_names(e):
            return Conclusion("picture", "ends in sigmoid, as many channels as the input", False)
        if e.count == 1 or is_mask or _has_class_names(e):
            return Conclusion("segmentation", "ends in sigmoid", is_mask)
        if e.count == 3:
            return Conclusion("picture", "ends in sigmoid, three channels", False)
    if e.ends_in("tanh", "hardtanh", "clamp") and e.count in (1, 3):
        sure = is_picture or e.count == 3
        return Conclusion("picture", f"ends in {e.operations[0]}", sure and e.ends_in("tanh"))
    return None


def _map_by_classes(e: OutputEvidence) -> Conclusion | None:
    if e.count < 2:
        return None
    if _has_class_names(e):
        return Conclusion("segmentation", f"{e.count} maps, {e.count} class names")
    for name, count in e.model.counts.items():
        if count == e.count and e.model.task not in ("picture", "noise"):
            return Conclusion("segmentation", f"{e.count} maps, {name} is {count}")
    return None


def _map_of_pair(e: OutputEvidence) -> Conclusion | None:
    """Two numbers a pixel for two images are how far each pixel moves."""
    if e.count != 2:
        return None
    if e.model.task == "flow":
        return Conclusion("flow", f"two maps of a model named {e.model.title}", False)
    images = [i.image_shape for i in e.inputs if i.image_shape]
    is_pair = len(images) == 2 and images[0] == images[1]  # not a photo and its depth
    if is_pair or (e.image and e.image[0] == 6):
        return Conclusion("flow", "two maps for two images", False)
    return None


def _map_like_input(e: OutputEvidence) -> Conclusion | None:
    """As many channels as the input: a picture, or the noise in it."""
    if e.image is None or e.count != e.image[0] or e.size_ratio == 0:
        return None
    evidence = "as many channels as the input"
    if e.has_time_step and e.has_input_size:
        return Conclusion("noise", f"{evidence}, which comes with a time step", False)
    if e.model.task == "noise" and e.has_input_size:
        return Conclusion("noise", f"{evidence}, in a model named {e.model.title}", False)
    is_loss_of_classes = e.model.loss in ("softmax", "sigmoid")
    if is_loss_of_classes or (e.model.task == "segmentation" and e.count < 3):
        return None
    if e.ends_in(*POSITIVE) and e.count > 4:
        return None
    if e.count in (1, 3) and e.model.task != "depth":
        return Conclusion("picture", evidence, False)
    if "slice" in e.position:  # scans of several kinds in, tissues out: no one denoises those
        return None
    return Conclusion("noise", evidence, False) if e.count > 3 and e.has_input_size else None


def _map_by_loss(e: OutputEvidence) -> Conclusion | None:
    loss, name = e.model.loss, e.model.loss_name
    if loss == "softmax" and e.count > 1:
        return Conclusion("segmentation", f"{name} is used")
    if loss == "sigmoid":
        return Conclusion("segmentation", f"{name} is used")
    if loss == "regression" and e.count == 1:
        return Conclusion("depth", f"one number a position, {name} is used", False)
    return None


def _map_by_name(e: OutputEvidence) -> Conclusion | None:
    """A word in the name of the model's class."""
    evidence = f"in a model named {e.model.title}"
    if e.model.task == "depth" and e.count == 1:
        return Conclusion("depth", evidence, False)
    if e.model.task == "segmentation" and 0 < e.size_ratio < MAX_SHRINK:
        return Conclusion("segmentation", f"{e.count} maps {evidence}", False)
    if e.model.task == "picture" and e.count in (1, 3):
        return Conclusion("picture", evidence, False)
    return None


def _map_by_shape(e: OutputEvidence) -> Conclusion | None:
    is_raw = not e.ends_in(*POSITIVE, "tanh", "batch_norm", "group_norm", "layer_norm", "gelu")
    if e.count > 1 and e.has_input_size and is_raw:
        return Conclusion("segmentation", f"{e.count} maps as large as the image", False)
    if e.count == 3 and e.image is None and is_raw:
        return Conclusion("picture", "three channels", False)
    return None


_MAP_RULES: tuple[Rule, ...] = (
    _integer_maps, _map_by_key, _map_by_task, _features, _map_by_end, _map_by_classes,
    _map_of_pair, _map_like_input, _map_by_loss, _map_by_name, _map_by_shape,
)  # fmt: skip
