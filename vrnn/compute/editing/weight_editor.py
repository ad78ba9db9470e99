"""Edited weights of an open model: copies that take the place of its own while it computes.

The parameters of the model are never written. While the worker computes with a model, the data of
an edited parameter is a copy; before and after, it is the model's own. So a model that is open
twice, or that Python goes on with, keeps its weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from vrnn.compute.editing.kernel_shapes import kernel_shapes
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.trace import OpRecord
from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import FilterKernels, KernelEdit, KernelShape, no_kernels
from vrnn.network.kernel_filters import edit_problem, hand_written_filter

_Data = tuple[nn.Parameter, torch.Tensor]
"""A parameter and what it holds."""


class WeightEditor:
    """Holds the edits of one model.

    Attributes:
        edits: Those that are in place.
    """

    def __init__(self) -> None:
        """Begin without edits."""
        self.edits: tuple[KernelEdit, ...] = ()
        self._copies: list[_Data] = []
        self._own: list[_Data] = []
        self._is_edited = False

    def apply(self, view: GraphView, edits: Sequence[KernelEdit]) -> bool:
        """Put edits in place of those before.

        Args:
            view: The graph of the model.
            edits: The edits, the first one first.

        Returns:
            Whether they are others than before.

        Raises:
            VrnnError: An edit does not fit the model; those before stay then.
        """
        edits = tuple(edits)
        if edits == self.edits:
            return False
        self._copies = self._edited(view, edits, {})
        self.edits = edits
        return True

    def renew(self, view: GraphView) -> None:
        """Make the edits anew of what the model's own weights are now, such as at another step.

        Args:
            view: The graph of the model.
        """
        copies = {id(parameter): (parameter, copy) for parameter, copy in self._copies}
        with self.suspended():
            for parameter, copy in self._copies:
                copy.copy_(parameter.detach())
        self._edited(view, self.edits, copies)

    def _edited(
        self, view: GraphView, edits: Sequence[KernelEdit], copies: dict[int, _Data]
    ) -> list[_Data]:
        """Write edits into copies, which are made where there is none yet."""
        with self.suspended():
            for edit in edits:
                record, shape = find_kernels(view, edit.layer)
                if problem := edit_problem(edit, shape):
                    raise VrnnError(problem)
                weight = record.weight
                assert weight is not None
                copy = copies.setdefault(id(weight), (weight, weight.detach().clone()))[1]
                _write(edit, shape, filter_of(weight.detach(), record, edit.output),
                       filter_of(copy, record, edit.output))  # fmt: skip
        return list(copies.values())

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let the model compute with its edited weights, in this thread."""
        with self._holding(self._copies, True):
            yield

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Let the model compute with its own weights for a moment, inside `active` too."""
        with self._holding(self._own, False):
            yield

    @contextmanager
    def _holding(self, given: list[_Data], is_edited: bool) -> Iterator[None]:
        """Let parameters hold this data, unless they do already."""
        if self._is_edited == is_edited:
            yield
            return
        before = [(parameter, parameter.data) for parameter, _ in given]
        own, self._own = self._own, before if is_edited else self._own
        self._is_edited = is_edited
        for parameter, data in given:
            parameter.data = data
        try:
            yield
        finally:
            for parameter, data in before:
                parameter.data = data
            self._own, self._is_edited = own, not is_edited


def find_kernels(view: GraphView, layer: str) -> tuple[OpRecord, KernelShape]:
    """Return the operation that uses the kernels of a layer, and what these are.

    Raises:
        VrnnError: There is no such layer, or it has no kernels that can be edited.
    """
    node = next((node for node in view.network.nodes if node.name == layer), None)
    if node is None:
        raise VrnnError(f"there is no layer '{layer}' to edit; `vrnn graph` lists the layers")
    shape = kernel_shapes(view).get(node.id)
    if shape is None:
        raise VrnnError(no_kernels(layer))
    if shape.refusal:
        raise VrnnError(shape.refusal)
    return next(r for r in view.members[node.id] if r.weight is not None), shape


def filter_of(weight: torch.Tensor, record: OpRecord, output: int) -> torch.Tensor:
    """Return a view (J, …) of the kernels of one filter.

    Args:
        weight: The weight.
        record: The operation that uses it.
        output: The filter.
    """
    if not record.is_transposed:
        return weight[output]
    inner, own = weight.shape[0] // record.groups, weight.shape[1]
    first = output // own * inner
    return weight[first : first + inner, output % own]


def _write(
    edit: KernelEdit, shape: KernelShape, original: torch.Tensor, target: torch.Tensor
) -> None:
    """Write an edit into a filter (J, …). original: the filter as it is in the model."""
    chosen = slice(None) if edit.input is None else slice(edit.input, edit.input + 1)
    own = original[chosen].to(torch.float64).cpu().numpy()
    values = _content(edit, shape, own, original)
    norm = float(np.linalg.norm(values))
    # A filter that is zero has no norm to keep.
    if edit.keeps_norm and edit.content not in ("values", "zero") and norm > 0 and own.any():
        values = values * (np.linalg.norm(own) / norm)
    target[chosen] = torch.from_numpy(np.array(values)).to(target)


def _content(
    edit: KernelEdit, shape: KernelShape, own: np.ndarray, original: torch.Tensor
) -> np.ndarray:
    """What is put there, (K, …) float64."""
    if edit.content == "values":
        return np.array(edit.values, np.float64).reshape(own.shape)
    if edit.content == "zero":
        return np.zeros_like(own)
    if edit.content == "noise":
        # The deviation of a single weight says nothing: that of its filter does.
        of = own if own.size > 1 else original.to(torch.float64).cpu().numpy()
        return np.random.default_rng(edit.seed).normal(0.0, float(of.std()), own.shape)
    one = hand_written_filter(edit.content, shape.size, edit.angle, edit.wavelength)
    return np.broadcast_to(one.astype(np.float64), own.shape)


def read_filter(editor: WeightEditor, view: GraphView, layer: str, output: int) -> FilterKernels:
    """Return the kernels of a filter, before and after its edits.

    Args:
        editor: The edits.
        view: The graph of the model.
        layer: Name of the layer.
        output: The filter.

    Raises:
        VrnnError: There is no such filter, or it cannot be edited.
    """
    record, shape = find_kernels(view, layer)
    if problem := edit_problem(KernelEdit(layer, output), shape):
        raise VrnnError(problem)
    assert record.weight is not None

    def values() -> np.ndarray:
        assert record.weight is not None
        kernels = filter_of(record.weight.detach(), record, output)
        return kernels.to(torch.float32).cpu().numpy().copy()

    with editor.suspended():
        before = values()
    with editor.active():
        return FilterKernels(layer, output, before, values())
