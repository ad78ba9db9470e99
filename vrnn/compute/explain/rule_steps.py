"""Operations with a backward pass of their own: what goes back is relevance, divided by a value.

Relevance is kept as a gradient, R = x · g (Arras et al. 2025, https://arxiv.org/abs/2502.15886),
so that additions, views, pools and whatever else is proportional need no rule: autograd's gradient
is right for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from vrnn.compute.explain.kept_tensors import KeptTensor
from vrnn.compute.explain.linear_operations import LinearOperation
from vrnn.compute.explain.linear_rules import distribute
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.tracing.tensors import version_of
from vrnn.explanations.composites import LayerRule
from vrnn.explanations.results import SinkKind

TINY = 1e-30
"""Values below it count as zero where relevance is divided by them."""


class RuleFunction(torch.autograd.Function):
    """Runs a step: an object with `forward` and `backward`."""

    @staticmethod
    def forward(ctx: Any, step: Any, *tensors: torch.Tensor | None) -> torch.Tensor:
        """Run a step forward."""
        ctx.step = step
        result: torch.Tensor = step.forward(*tensors)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Run it back, and let go of it unless it is to run back again."""
        step = ctx.step
        if not step.repeats:
            ctx.step = None
        return (None, *step.backward(gradients[0]))


@dataclass(frozen=True)
class Uncropped:
    """The result of a linear operation before a view of it, such as a crop.

    Attributes:
        node: Id of the node that shows it.
        shape: Its shape.
        view: The view.
    """

    node: int
    shape: torch.Size
    view: Callable[[torch.Tensor], torch.Tensor]

    def spread(self, relevance: torch.Tensor) -> torch.Tensor:
        """Return the relevance of the whole result, which is 0 where the view does not show it."""
        with torch.enable_grad():
            whole = relevance.new_zeros(self.shape, requires_grad=True)
            (found,) = torch.autograd.grad(self.view(whole), whole, relevance)
        return found


class LinearStep:
    """A linear operation with a rule.

    Attributes:
        operation: The operation.
        x: Its input, with its history.
        node: Id of the node that it belongs to.
    """

    def __init__(
        self, book: PassBook, operation: LinearOperation, rule: LayerRule, x: torch.Tensor,
        node: int, compute: Callable[[], torch.Tensor],
    ) -> None:  # fmt: skip
        """Prepare a step.

        Args:
            book: The accounts.
            operation: The operation.
            rule: Its rule.
            x: Its input.
            node: Id of the node that it belongs to.
            compute: Returns the result as the model computes it.
        """
        self.operation, self.x, self.node = operation, x, node
        self._book, self._rule, self._compute = book, rule, compute
        self.kept_x = book.kept.keep(x)
        self._version = version_of(x)
        self.kept_result: KeptTensor | None = None
        self._folded_node: int | None = None
        self._uncropped: Uncropped | None = None

    @property
    def repeats(self) -> bool:
        """Whether it runs back several times."""
        return self._book.repeats

    @property
    def can_be_folded(self) -> bool:
        """Whether its input is still what it was."""
        return version_of(self.x) == self._version

    def folded(
        self, operation: LinearOperation, compute: Callable[[], torch.Tensor], node: int,
        folded_node: int | None,
    ) -> LinearStep:  # fmt: skip
        """Return the step of this operation together with a norm behind it.

        Args:
            operation: Both in one.
            compute: Returns the result of the norm.
            node: Id of the node that the norm belongs to.
            folded_node: Id of the node that shows the result before the norm; None for none.
        """
        step = LinearStep(self._book, operation, self._rule, self.x, node, compute)
        step._folded_node, step._uncropped = folded_node, self._uncropped
        return step

    def through(
        self, view: Callable[[torch.Tensor], torch.Tensor], shape: torch.Size, shown: int | None
    ) -> LinearStep:
        """Return the step of this operation and a view of its result, for a norm behind both.

        Args:
            view: Takes a result of the operation; it keeps all channels.
            shape: Of the result.
            shown: Id of the node that shows the result; None for none.
        """
        own = self.operation

        def function(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
            return view(own.function(x, weight))

        operation = replace(own, function=function, transpose=None)
        step = LinearStep(self._book, operation, self._rule, self.x, self.node, self._compute)
        step._uncropped = None if shown is None else Uncropped(shown, shape, view)
        return step

    def run(self) -> torch.Tensor:
        """Do the operation, and return its result."""
        note = self._book.notes.of(self.x)
        carrier = None if note is None else note.carrier
        result: torch.Tensor = RuleFunction.apply(self, self.x, carrier)  # type: ignore[no-untyped-call]
        return result

    def forward(self, x: torch.Tensor, carrier: torch.Tensor | None) -> torch.Tensor:
        """Compute the result."""
        self._has_carrier = carrier is not None
        result, self._compute = self._compute(), _no_more  # it holds the input of a norm
        self.kept_result = self._book.kept.keep(result)
        return result

    def backward(self, gradient: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Distribute relevance; returns gradients of the input and of its carrier."""
        self._book.check_stop()
        assert self.kept_result is not None
        result, x = self.kept_result.take(), self.kept_x.take()
        self.x = x  # without its history
        relevance = gradient * result
        if self._folded_node is not None:
            self._book.deliver(self._folded_node, relevance.detach())
        if self._uncropped is not None:
            self._book.deliver(self._uncropped.node, self._uncropped.spread(relevance.detach()))
        found = distribute(self.operation, self._rule, x, result, relevance, self._book.bounds)
        self._book.add_sink("bias", self.node, found.bias)
        self._book.add_sink("epsilon", self.node, found.epsilon)
        if self._has_carrier:
            arrived = found.relevance
            if arrived is None:
                assert found.gradient is not None
                arrived = x * found.gradient
            return None, arrived
        if found.gradient is not None:
            return found.gradient, None
        assert found.relevance is not None
        is_zero = x.abs() < TINY
        self._book.add_sink("activation", self.node, _masked_sum(found.relevance, is_zero))
        return torch.where(is_zero, 0, found.relevance / torch.where(is_zero, 1, x)), None


class IdentityStep:
    """An operation on each value by itself, whose input takes all relevance of its result."""

    def __init__(
        self, book: PassBook, kind: SinkKind, node: int, compute: Callable[[], torch.Tensor]
    ) -> None:
        """Prepare a step.

        Args:
            book: The accounts.
            kind: What it is called that the result is not zero at zero.
            node: Id of the node that it belongs to.
            compute: Returns the result as the model computes it.
        """
        self._book, self._kind, self._node, self._compute = book, kind, node, compute

    @property
    def repeats(self) -> bool:
        """Whether it runs back several times."""
        return self._book.repeats

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Do the operation, and return its result."""
        self._x = self._book.kept.keep(x)
        result: torch.Tensor = RuleFunction.apply(self, x)  # type: ignore[no-untyped-call]
        return result

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the result."""
        result, self._compute = self._compute(), _no_more
        self._result = self._book.kept.keep(result)
        return result

    def backward(self, gradient: torch.Tensor) -> tuple[torch.Tensor]:
        """Pass relevance on."""
        self._book.check_stop()
        x, result = self._x.take(), self._result.take()
        relevance = gradient * result
        is_zero = x.abs() < TINY
        if bool(is_zero.any()):
            self._book.add_sink(self._kind, self._node, _masked_sum(relevance, is_zero))
            return (torch.where(is_zero, 0, relevance / torch.where(is_zero, 1, x)).to(x.dtype),)
        return (relevance.div_(x).to(x.dtype),)


def _no_more() -> torch.Tensor:
    raise AssertionError("a step runs once")


def _masked_sum(values: torch.Tensor, mask: torch.Tensor) -> float:
    return float((values.detach() * mask).sum(dtype=torch.float64))


def share(tensor: torch.Tensor, parts: int) -> torch.Tensor:
    """Return a factor of a product of several activations: it takes an equal share of relevance."""
    alias = tensor.view_as(tensor)
    alias.register_hook(lambda gradient: gradient / parts)
    return alias
