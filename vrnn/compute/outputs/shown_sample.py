"""The part of an output that is shown: one sample, slice or frame of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vrnn.compute.outputs.context import OutputContext, map_order
from vrnn.network.axes import SAMPLE_ROLES, Axis, AxisChoice, AxisRole, default_index, local_index


class OutputSample:
    """The part of an output that is shown: one sample, slice or frame, channels first.

    Attributes:
        tensor: (K,), (C, T) or (K, H, W).
        positions: Which part of the whole it is, where several are there.
    """

    def __init__(
        self, tensor: torch.Tensor, keys: Sequence[str], axes: Sequence[Axis],
        context: OutputContext, choices: Sequence[AxisChoice],
    ) -> None:  # fmt: skip
        self.tensor = tensor
        self.positions: list[str] = []
        self._are_logits = any("logit" in key.lower() for key in keys)
        self._choices = {choice.role: choice.index for choice in choices}
        self._roles: list[AxisRole] = []
        if axes:
            order = map_order(axes)
            self.tensor = tensor.permute(order)
            self._roles = [axes[i].role for i in order]
        self._take_sample(axes, context)
        self._drop_single()
        self._take_slice(context)
        self._arrange(context)

    def _take(self, axis: int, role: AxisRole, word: str) -> None:
        count = self.tensor.shape[axis]
        chosen = self._choices.get(role)
        index = default_index(role, count) if chosen is None else chosen
        index = local_index(index, count, max(count, index + 1))
        self.tensor = self.tensor.select(axis, index)
        del self._roles[axis : axis + 1]
        if count > 1:
            self.positions.append(f"{word} {index}")

    def _take_sample(self, axes: Sequence[Axis], context: OutputContext) -> None:
        place = 0 if self.tensor.dim() > 1 and self.tensor.shape[0] in context.batch_sizes else None
        if axes:
            roles = self._roles
            place = 0 if len(roles) > 1 and roles[0] in SAMPLE_ROLES else None
            place = roles.index("batch") if "batch" in roles else place
        if place is not None and not context.is_graph:
            self._take(place, "batch", "sample")

    def _drop_single(self) -> None:
        """Drop axes of one value that hold nothing, such as the samples after a reshape."""
        for axis in reversed(range(len(self._roles))):
            is_single = self.tensor.dim() > 1 and self.tensor.shape[axis] == 1
            if is_single and self._roles[axis] == "other":
                self.tensor = self.tensor.squeeze(axis)
                del self._roles[axis]

    def _take_slice(self, context: OutputContext) -> None:
        while self.tensor.dim() > 4:
            self._take(0, "other", "index")
        if self.tensor.dim() == 4:
            is_video = any(len(i.shape) == 5 and i.shape[2] in (1, 3) for i in context.inputs)
            frames_first = is_video and self.tensor.shape[0] == context.inputs[0].shape[1]
            if frames_first:
                self._take(0, "time", "frame")
            elif self.tensor.shape[0] == 1:
                self.tensor = self.tensor[0]
            else:
                self._take(1, "depth", "slice")

    def _arrange(self, context: OutputContext) -> None:
        """Drop axes of one value behind the channels; channels first; a map of its own."""
        while self.tensor.dim() > 1 and self.tensor.shape[-1] == 1:
            self.tensor = self.tensor[..., 0]
        images = [i.image_shape for i in context.inputs if i.image_shape]
        if self.tensor.dim() == 0:
            self.tensor = self.tensor[None]
        if self.tensor.dim() == 2:
            sizes = [image[1:] for image in images]
            if any(_has_aspect(tuple(self.tensor.shape), size) for size in sizes):
                self.tensor = self.tensor[None]
            else:
                self._take_token(context)
        elif self.tensor.dim() == 3 and images:
            height, width, channels = self.tensor.shape
            is_last = any((height, width) == image[1:] for image in images)
            if is_last and (channels, height) != (height, width) and channels < 64:
                self.tensor = self.tensor.permute(2, 0, 1)

    def _take_token(self, context: OutputContext) -> None:
        """Of the scores of tokens take those of the last one, which a text goes on with."""
        length, count = self.tensor.shape
        lengths = [i.shape[-1] for i in context.inputs if not i.is_float and len(i.shape) == 2]
        is_scores = self._are_logits and context.evidence.task == "tokens"
        is_scores = is_scores or count == context.evidence.vocabulary
        if length in lengths and is_scores and not context.is_graph:
            self.tensor = self.tensor[-1]
            self.positions.append(f"token {length - 1}")


def _has_aspect(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether a map is as large as an image, or as many times smaller along both axes."""
    rows, columns = size[0] / shape[0], size[1] / shape[1]
    return min(shape) > 8 and abs(rows - columns) < 0.05 * rows and rows < 64
