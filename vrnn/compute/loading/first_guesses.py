"""First guesses of a model's inputs: from the names of its parameters and the layers it has."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from math import prod

import torch
from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_guess import (
    IMAGE_SIDES,
    STEPS,
    Guesses,
    InputGuess,
    InputKind,
    float_dtype,
    image_guess,
    image_guesses,
    sequence_guess,
    signal_guesses,
    transposed_guesses,
    volume_guesses,
)

_STEP_NAMES = frozenset(
    "t time times timestep timesteps step steps sigma sigmas noise_level noise_levels temb".split()
)
_IDS_NAMES = frozenset(
    "ids input_ids token_ids tokens text texts captions caption src tgt decoder_input_ids".split()
)
_LABEL_NAMES = frozenset("label labels class_labels class_label classes".split())
_EDGE_NAMES = frozenset("edge_index edges edge_list".split())
_ADJACENCY_NAMES = frozenset("adj adjacency adj_t laplacian".split())
_IMAGE_NAMES = frozenset(
    "image images img imgs pixel_values picture pictures photo photos frame".split()
)


def required_parameters(model: nn.Module) -> list[tuple[str, bool]]:
    """Return the name of each argument that `forward` needs, and whether it goes by name only."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return [("input", False)]
    required = [
        (p.name, p.kind is p.KEYWORD_ONLY)
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if required:
        return required
    # Everything has a default: the first parameter is the input, as in Hugging Face's models.
    first = next((p for p in parameters if p.kind is not p.VAR_POSITIONAL), None)
    if first is None or first.kind is first.VAR_KEYWORD:
        return [("input", False)]
    return [(first.name, first.kind is first.KEYWORD_ONLY)]


def takes_any_name(model: nn.Module) -> bool:
    """Return whether `forward` takes keywords of any name, and nothing else."""
    try:
        kinds = [p.kind for p in inspect.signature(model.forward).parameters.values()]
    except (TypeError, ValueError):
        return False
    return kinds == [inspect.Parameter.VAR_KEYWORD]


def first_guesses(
    candidate: ModelCandidate, size: tuple[int, int] | None, keys: Sequence[str] = (),
    by_name: bool = False,
) -> list[Guesses]:  # fmt: skip
    """Guess a model's arguments, the likeliest first.

    Args:
        candidate: The model.
        size: (height, width) in pixels that the user asked for.
        keys: Of the dict that is its only argument; none if its arguments are tensors.
        by_name: Whether the keys are keywords instead.
    """
    names = [(key, by_name) for key in keys] or required_parameters(candidate.model)
    size = size or candidate.input_size
    dtype = float_dtype(candidate.model)
    main = next((i for i, (name, _) in enumerate(names) if _side_kind(name) is None), 0)
    result = []
    for first in _main_guesses(candidate, size, dtype, names[main][0]):
        result.append(
            tuple(
                replace(
                    first if i == main else _side_guess(name, first, candidate, dtype),
                    name=name, keyword=keyword, packed=bool(keys) and not by_name,
                )
                for i, (name, keyword) in enumerate(names)
            )
        )  # fmt: skip
    return result


def _side_kind(name: str) -> InputKind | None:
    """What an argument beside the main one holds, by its name; None if the name does not tell."""
    if name in _STEP_NAMES:
        return "step"
    if name in _LABEL_NAMES | _EDGE_NAMES:
        return "ids"
    if "mask" in name or name in _ADJACENCY_NAMES or "length" in name:
        return "mask"
    return None


def _side_guess(
    name: str, first: InputGuess, candidate: ModelCandidate, dtype: torch.dtype
) -> InputGuess:
    kind = _side_kind(name)
    count = first.shape[0]
    if kind == "step":
        return InputGuess(name, "step", (count,), torch.int64)
    if name in _EDGE_NAMES:
        return InputGuess(name, "ids", (2, 2 * STEPS), torch.int64, count)
    if name in _ADJACENCY_NAMES:
        return InputGuess(name, "mask", (count, count), dtype)
    if "length" in name:
        return InputGuess(name, "step", (count,), torch.int64)
    if kind == "mask":
        shape = first.shape[:2] if first.kind in ("ids", "sequence") else first.shape
        return InputGuess(name, "mask", shape, dtype)
    if kind == "ids":
        return InputGuess(name, "ids", (count,), torch.int64, 2)
    if name in _IDS_NAMES and first.kind != "ids":
        return InputGuess(name, "ids", (count, STEPS), torch.int64, _vocabulary(candidate.model))
    if name in _IMAGE_NAMES and first.kind != "image":
        return image_guess(3, (224, 224), dtype)
    return first


def _vocabulary(model: nn.Module) -> int:
    sizes = [m.num_embeddings for m in nn.Module.modules(model) if isinstance(m, nn.Embedding)]
    return sizes[0] if sizes else 2


def _main_guesses(
    candidate: ModelCandidate, size: tuple[int, int] | None, dtype: torch.dtype, name: str
) -> list[InputGuess]:
    """Guesses of the argument that the first layer takes."""
    layer = _first_layer(candidate, size, name)
    if layer is None or isinstance(layer, nn.Conv2d | nn.LazyConv2d):
        return image_guesses(candidate, size, dtype, getattr(layer, "in_channels", 0))
    if isinstance(layer, nn.ConvTranspose2d):
        return transposed_guesses(layer, dtype)
    if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
        return signal_guesses(layer.in_channels, dtype)
    if isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
        return volume_guesses(layer.in_channels, size, dtype)
    if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        return [InputGuess("", "ids", (1, STEPS), torch.int64, layer.num_embeddings)]
    if isinstance(layer, nn.RNNBase):
        return [sequence_guess(layer.input_size, dtype, layer.batch_first)]
    if isinstance(layer, nn.MultiheadAttention):
        return [sequence_guess(layer.embed_dim, dtype, layer.batch_first)]
    assert isinstance(layer, nn.Linear)
    return vector_guesses(candidate, size, dtype, layer.in_features)


def _first_layer(
    candidate: ModelCandidate, size: tuple[int, int] | None, name: str
) -> nn.Module | None:
    """The layer that probably runs first: by registration, but images have a convolution."""
    kinds = (
        nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose1d | nn.ConvTranspose2d
        | nn.ConvTranspose3d | nn.Linear | nn.Embedding | nn.EmbeddingBag | nn.RNNBase
        | nn.MultiheadAttention
    )  # fmt: skip
    layers = [m for m in nn.Module.modules(candidate.model) if isinstance(m, kinds)]
    if name in _IDS_NAMES:
        found = [m for m in layers if isinstance(m, nn.Embedding | nn.EmbeddingBag)]
        if found:
            return found[0]
    is_image = name in _IMAGE_NAMES or size is not None or candidate.transform is not None
    images = [m for m in layers if isinstance(m, nn.Conv2d | nn.LazyConv2d)]
    if images and (is_image or isinstance(layers[0], nn.Linear | nn.MultiheadAttention)):
        return images[0]
    if is_image and layers and not isinstance(layers[0], nn.Linear):
        return layers[0]
    if is_image and not (layers and _takes_flat_image(layers[0], size)):
        return None
    lazy = any(
        isinstance(m, nn.LazyLinear | nn.LazyConv2d) for m in nn.Module.modules(candidate.model)
    )
    return None if not layers or (lazy and isinstance(layers[0], nn.Linear)) else layers[0]


def _takes_flat_image(layer: nn.Module, size: tuple[int, int] | None) -> bool:
    if not isinstance(layer, nn.Linear) or size is None:
        return False
    return layer.in_features in (prod(size), 3 * prod(size))


def vector_guesses(
    candidate: ModelCandidate, size: tuple[int, int] | None, dtype: torch.dtype, features: int
) -> list[InputGuess]:
    """Guess what a linear layer takes: an image that the model flattens, a vector, a sequence."""
    sizes = [size] if size else [(s, s) for s in IMAGE_SIDES]
    images = [image_guess(c, hw, dtype) for hw in sizes for c in (1, 3) if c * prod(hw) == features]
    names = {name for name, _ in required_parameters(candidate.model)}
    has_nodes = bool(names & (_EDGE_NAMES | _ADJACENCY_NAMES))
    vector = InputGuess("", "vector", (STEPS if has_nodes else 1, features), dtype)
    return [*images, vector, sequence_guess(features, dtype)]
