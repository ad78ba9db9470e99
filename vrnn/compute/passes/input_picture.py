"""The picture of what went into a model, of the sample that is chosen, read as its axes are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_pictures import (
    draw_tokens,
    draw_values,
    pictured_leaf,
    tensor_picture,
)
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.tokens import token_texts
from vrnn.compute.model_inputs import Inputs, leaves_in
from vrnn.compute.passes.feature_maps import chosen_maps
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices
from vrnn.network.graph import Network

_IMAGES = ("image", "volume")


def chosen_picture(
    candidate: ModelCandidate,
    slots: tuple[InputSlot, ...],
    view: GraphView,
    network: Network,
    inputs: Inputs,
    choices: Sequence[AxisChoice],
) -> np.ndarray | None:
    """Draw what went in as its axes are read: one sample of a batch, a sequence as a whole.

    Args:
        candidate: The model.
        slots: Which of its inputs take what.
        view: Its graph.
        network: The same, with maps of one sample, frame and slice.
        inputs: What went in.
        choices: Which sample, frame or slice is shown.

    Returns:
        (H, W, 3) uint8; None where the picture that was made with the inputs is right: of an image
        or a sound of which nothing else was chosen, or where the input is no layer.
    """
    slot, leaf = pictured_leaf(leaves_in(inputs), slots)
    tensors = list(tensors_in(inputs))
    if leaf is None:
        leaf = next((t for t in tensors if t.is_floating_point()), tensors[0])
    nodes = zip(tensors, view.trace.inputs, strict=True)
    entry = network.by_id.get(next((node for t, node in nodes if t is leaf), -1))
    if entry is None:
        return None
    indices = chosen_indices(network, entry.id, choices)
    is_usual = indices == chosen_indices(network, entry.id, ())
    is_text = slot is not None and slot.kind == "text"
    if slot is not None and is_usual and not is_text:
        return None
    maps = chosen_maps(leaf, view.map_layouts[entry.id], indices)[0].cpu()
    if slot is not None and is_text:
        sizes = [entry.axes[i].size for i in entry.choices]
        count = prod(size for size, i in zip(sizes, indices, strict=True) if i is None)
        texts = maps.reshape(count, -1).to(torch.int64).tolist()
        return draw_tokens([_words(candidate, slot, ids, len(leaf.reshape(-1))) for ids in texts])
    if entry.presentation in _IMAGES and slot is not None:
        return tensor_picture(candidate if entry.presentation == "image" else None, maps)
    if entry.presentation in (*_IMAGES, "attention"):
        return draw_values(maps[0].numpy())
    return draw_values(maps.reshape(len(maps), -1).numpy())


def _words(
    candidate: ModelCandidate, slot: InputSlot, ids: Sequence[int], total: int
) -> Sequence[str]:
    """The text of each token of a sequence, else its number. total: tokens that went in."""
    if len(slot.tokens) == len(ids) == total:
        return slot.tokens
    return token_texts(candidate.tokenizer, ids) or [str(number) for number in ids]
