"""What channels over positions are, or over time or tokens, the strongest evidence first."""

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

MAX_SCORE_SIDE = 8
"""Maps that are not larger than this are features, no picture of the scene."""
MAX_CLASSES = 512
"""Maps of more classes than this are features."""
MAX_SHRINK = 8.5
"""How many times smaller than the image a segmentation may be."""
POSITIVE = ("relu", "softplus", "exp", "sigmoid", "relu6", "elu")
"""Last operations of features, which noise and class scores do not end in."""

# Over time or over tokens.


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


SIGNAL_RULES: tuple[Rule, ...] = (_signal_by_key, _signal_by_shape)


# Over rows and columns.


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
        if is_picture and not (is_mask and e.count == 1) and not has_class_names(e):
            return Conclusion("picture", "ends in sigmoid, as many channels as the input", False)
        if e.count == 1 or is_mask or has_class_names(e):
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
    if has_class_names(e):
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


MAP_RULES: tuple[Rule, ...] = (
    _integer_maps, _map_by_key, _map_by_task, _features, _map_by_end, _map_by_classes,
    _map_of_pair, _map_like_input, _map_by_loss, _map_by_name, _map_by_shape,
)  # fmt: skip
