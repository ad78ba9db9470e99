"""A tensor as the maps of all its samples, and back to the shape that the model knows."""

from __future__ import annotations

import torch

from vrnn.compute.form import Form


def spread(tensor: torch.Tensor, form: Form) -> torch.Tensor:
    """(N, C, K + H·W): every sample's maps, before them the K class and register tokens.

    A view of the tensor where there can be one. N is 1 where the form knows no batch axis.
    """
    samples = tensor[None] if form.batch is None else tensor.movedim(form.batch, 0)
    if form.order != "chw":
        samples = samples.movedim(-1, 1)
    return samples.reshape(len(samples), form.shape[0], -1)


def gathered(maps: torch.Tensor, form: Form, like: torch.Tensor) -> torch.Tensor:
    """What `spread` was made of. maps: (N, C, K + H·W); like: a tensor of the shape to return."""
    samples = like[None] if form.batch is None else like.movedim(form.batch, 0)
    if form.order == "chw":
        back = maps.reshape(samples.shape)
    else:
        back = maps.reshape(len(samples), form.shape[0], *samples.shape[1:-1]).movedim(1, -1)
    return back[0] if form.batch is None else back.movedim(0, form.batch)
