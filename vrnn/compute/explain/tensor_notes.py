"""What is noted of tensors while relevance rules follow a pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

_NAME = "_vrnn_relevance"


@dataclass(eq=False)
class TensorNote:
    """What is known of a tensor.

    Attributes:
        node: Id of the node whose result it is or shows; None for none.
        depth: Linear operations between it and the input, on the longest way.
        carrier: Takes the input's relevance where that is no multiple of the input; there for what
            is still the input, seen in another way or scaled.
        is_scale: Whether it is what others are divided by, such as a deviation.
        is_weights: Whether it is attention weights.
        is_integer_input: Whether it is made of integers that go in.
        linear: The `LinearStep` that made it; None for none.
        shown: Id of the node that shows this very tensor; None for none.
        is_written: Whether the newest call wrote into it.
        uses: How many calls have taken it.
        cut: The operation without a gradient that it comes from; '' for none.
    """

    node: int | None = None
    depth: int = 0
    carrier: torch.Tensor | None = None
    is_scale: bool = False
    is_weights: bool = False
    is_integer_input: bool = False
    linear: Any = None
    shown: int | None = None
    is_written: bool = False
    uses: int = 0
    cut: str = ""


class TensorNotes:
    """The notes of one pass. Tensors that a module keeps from one before have none of it."""

    def __init__(self) -> None:
        """Begin without notes."""
        self._token = object()

    def of(self, tensor: torch.Tensor) -> TensorNote | None:
        """Return the note of a tensor; None if there is none."""
        kept: Any = getattr(tensor, _NAME, None)
        return kept[1] if kept is not None and kept[0] is self._token else None

    def note_of(self, tensor: torch.Tensor) -> TensorNote:
        """Return the note of a tensor, a new one if there is none."""
        note = self.of(tensor)
        if note is None:
            note = TensorNote()
            self.set(tensor, note)
        return note

    def set(self, tensor: torch.Tensor, note: TensorNote) -> None:
        """Note something of a tensor."""
        setattr(tensor, _NAME, (self._token, note))

    def pass_on(self, old: TensorNote, new: torch.Tensor, **changes: Any) -> None:
        """Note of another tensor what is noted of one, but for what made it and uses it."""
        self.set(new, replace(old, linear=None, shown=None, uses=0, **changes))


def forget(tensor: torch.Tensor) -> None:
    """Take what was noted of a tensor from it."""
    if hasattr(tensor, _NAME):
        delattr(tensor, _NAME)
