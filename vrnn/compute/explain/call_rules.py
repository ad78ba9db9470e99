"""Which rule each call of torch has, by the canonical name of its operation.

A rule is a function that is declared with `@call_rule`; it returns the result of the call with a
backward pass that distributes relevance, or NotImplemented where the plain gradient is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from vrnn.compute.explain.pass_book import Constant, PassBook
from vrnn.compute.explain.rule_steps import LinearStep
from vrnn.compute.operators import catalog
from vrnn.explanations.results import SinkKind


@dataclass(eq=False)
class LiveCall:
    """A call that takes what depends on the input.

    Attributes:
        book: The accounts.
        func: The torch function.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        live: The tensors among them that depend on the input.
        node: Id of the node that the call belongs to; -1 for none.
        module: Path of the module that it runs in.
        depth: Linear operations between it and the input.
        is_in_place: Whether it writes over its first argument.
        is_linear: Set by a rule: whether it is a linear operation.
        is_scale: Set by a rule: whether others are to be divided by its result.
        is_weights: Set by a rule: whether its result is attention weights.
        head_weights: Set by a rule: (N, heads, Tq, Tk) of a fused attention.
        step: Set by a rule: the linear operation that a norm behind it may be folded into.
    """

    book: PassBook
    func: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    live: list[torch.Tensor]
    node: int
    module: str
    depth: int
    is_in_place: bool
    is_linear: bool = False
    is_scale: bool = False
    is_weights: bool = False
    head_weights: torch.Tensor | None = None
    step: LinearStep | None = None

    @cached_property
    def _identified(self) -> tuple[str, dict[str, Any]]:
        return catalog.identify(self.func, self.args, self.kwargs)

    @property
    def operation(self) -> str:
        """Canonical name of the operation."""
        return self._identified[0]

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments by name, see `catalog.bind_arguments`."""
        return self._identified[1]

    def compute(self) -> torch.Tensor:
        """Return the result as the model computes it; only without gradients.

        What is written in place is left as it was.
        """
        args = list(self.args)
        if self.is_in_place:
            args[0] = args[0].detach().clone()
        kwargs = {name: value for name, value in self.kwargs.items() if name != "out"}
        result: torch.Tensor = self.func(*args, **kwargs)
        return result

    def constant(self, tensor: torch.Tensor, kind: SinkKind) -> torch.Tensor:
        """Return a constant as a leaf, so that it is known how much relevance ends in it."""
        leaf = tensor.detach().requires_grad_()
        name = self.book.name_of(tensor)
        note = self.book.notes.of(tensor)
        if not name and note is not None:
            name = note.cut
        self.book.constants.append(Constant(leaf, kind, self.node, name))
        return leaf

    def is_live(self, value: object) -> bool:
        """Whether an argument depends on the input."""
        return isinstance(value, torch.Tensor) and value.requires_grad


CallRule = Callable[[LiveCall], Any]
_RULES: dict[str, CallRule] = {}


def call_rule(names: str) -> Callable[[CallRule], CallRule]:
    """Register the decorated function as the rule of some operations.

    Args:
        names: Canonical names, separated by spaces.
    """

    def register(rule: CallRule) -> CallRule:
        _RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return register


def rule_of(operation: str) -> CallRule | None:
    """Return the rule of an operation; None if it has none."""
    return _RULES.get(operation)


PROPORTIONAL = frozenset(
    """
    add sub neg cat stack where set relu leaky_relu rrelu prelu hardshrink abs pad roll flip fliplr
    flipud rot90 interpolate pixel_shuffle pixel_unshuffle channel_shuffle grid_sample
    affine_grid fold unfold im2col col2im mean sum nansum cumsum diff trace index index_select
    gather take take_along_dim masked_select masked_fill masked_scatter max min amax amin maximum
    minimum fmax fmin topk sort msort median nanmedian mode kthvalue cummax cummin scatter
    scatter_add scatter_reduce index_add index_copy index_put index_fill tril triu repeat
    repeat_interleave tile diag diag_embed diagonal_scatter slice_scatter select_scatter
    block_diag kron threshold std norm vector_norm dist
    max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d
    lp_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_avg_pool1d
    adaptive_avg_pool2d adaptive_avg_pool3d fractional_max_pool2d fractional_max_pool3d
    max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices
    adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices
    adaptive_max_pool3d_with_indices fractional_max_pool2d_with_indices
    fractional_max_pool3d_with_indices max_unpool1d max_unpool2d max_unpool3d
    pad_sequence pad_packed_sequence pack_padded_sequence resize take_along_axis
    fft rfft ifft irfft fft2 ifft2 rfft2 irfft2 fftn ifftn fftshift ifftshift stft istft
    nan_to_num lerp bernoulli
    """.split()
)
"""Operations without a rule of their own whose gradient times input is what it should be: what is
added, chosen, moved, averaged or scaled."""
ADDITIVE = frozenset(
    "add sub cat stack where set maximum minimum fmax fmin masked_fill masked_scatter index_put "
    "scatter index_copy index_add scatter_add".split()
)
"""Of these, those to which constants may contribute."""
SCALES = frozenset("std var rsqrt norm vector_norm reciprocal std_mean var_mean".split())
"""What these give is held fixed where something is multiplied with it or divided by it."""
