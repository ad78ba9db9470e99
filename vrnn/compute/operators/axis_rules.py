"""What each of torch's operations does to the axes of what it takes, and says of them.

A rule returns the axes of a result, and claims roles for axes where the operation's meaning tells
them: what a convolution takes has channels before its spatial axes. An operation without a rule
works position by position where its result has the broadcast shape of its arguments, else axes of
the same length in the same place are taken for the same. Rules are added with `axis_rule`:

    @axis_rule("my_blur")
    def blur(call: AxisCall, result: torch.Tensor) -> Axes:
        return call.axes(call.tensor(0))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    expanded,
    fits,
    new_axes,
    unify,
)
from vrnn.compute.operators.rule_table import RuleTable
from vrnn.network.axes import AxisRole


class AxisCall(NamedTuple):
    """One call of an operation as it ran.

    Attributes:
        name: The function's own name without underscores.
        operation: Its canonical name.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        arguments: Arguments by name, as far as known (`catalog.bind_arguments`).
        tensors: All tensors among the arguments, in order.
        known: The axes that each of these had before the call, by `id`; `axes` reads it.
        results: All tensors that it returned or wrote into.
    """

    name: str
    operation: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    tensors: Sequence[torch.Tensor]
    known: Mapping[int, Axes]
    results: Sequence[torch.Tensor]

    def tensor(self, index: int, name: str = "input") -> torch.Tensor:
        """Return an argument that is a tensor.

        Raises:
            LookupError: There is none.
        """
        value = self.value(index, name)
        if not isinstance(value, torch.Tensor):
            raise LookupError(name)
        return value

    def value(self, index: int, name: str, default: Any = None) -> Any:
        """Return an argument by its position or its name."""
        if len(self.args) > index:
            return self.args[index]
        return self.kwargs.get(name, self.arguments.get(name, default))

    def axes(self, tensor: torch.Tensor) -> Axes:
        """Return the axes that an argument had before the call."""
        return self.known[id(tensor)]

    def index_of(self, result: torch.Tensor) -> int:
        """Return which of the results a tensor is."""
        return next(i for i, other in enumerate(self.results) if other is result)


AxisRule = Callable[[AxisCall, torch.Tensor], Axes]
"""Returns the axes of a result of a call. It may raise TypeError, ValueError, LookupError,
ArithmeticError or AttributeError for arguments that it does not know; these are then compared by
their shapes."""
axis_rule = RuleTable[AxisRule]()
"""Decorator that registers the rule of some operations, by canonical name."""


def axes_of_result(call: AxisCall, result: torch.Tensor) -> Axes:
    """Return the axes of one result of an operation."""
    shape = result.shape
    rule = axis_rule.get(call.operation) or axis_rule.get(call.name)
    if rule is not None:
        try:
            axes = rule(call, result)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            axes = ()
        if fits(axes, shape):
            return axes
    return axes_by_shape(call, shape)


def axes_by_shape(call: AxisCall, shape: Sequence[int]) -> Axes:
    """Return the axes of a result of an operation that is known by its shapes only."""
    sources = [call.axes(t) for t in call.tensors]
    if len(sources) == 1 and fits(sources[0], shape):
        return sources[0]
    pointwise = broadcast_axes(sources, shape)
    if pointwise is not None:
        return pointwise
    same_dims = [axes for axes in sources if len(axes) == len(shape)]
    if same_dims:
        return resized_axes(same_dims[0], shape)
    return _aligned_axes(sources, shape)


def broadcast_axes(sources: Sequence[Axes], shape: Sequence[int]) -> Axes | None:
    """Return the axes of tensors that were broadcast together; None if they cannot have been."""
    if not sources or any(len(axes) > len(shape) for axes in sources):
        return None
    result: list[FactoredAxis | None] = [None] * len(shape)
    ones: list[FactoredAxis | None] = [None] * len(shape)
    for axes in sources:
        for index, axis in enumerate(axes, len(shape) - len(axes)):
            size = 1
            for factor in axis:
                size *= factor.size
            if size != shape[index]:
                if size != 1:
                    return None
                ones[index] = axis
                continue
            other = result[index]
            result[index] = axis if other is None else unify(other, axis)
    for index, size in enumerate(shape):
        if result[index] is None:
            like = ones[index]
            result[index] = (AxisFactor(int(size), like[0] if like else None),)
    return tuple(axis if axis is not None else () for axis in result)


def resized_axes(axes: Axes, shape: Sequence[int]) -> Axes:
    """Return the axes of a tensor after some have got another length; they keep their roles."""
    return tuple(resized_axis(axis, int(size)) for axis, size in zip(axes, shape, strict=True))


def resized_axis(axis: FactoredAxis, size: int) -> FactoredAxis:
    """Return an axis after it has got another length, such as a part of it."""
    count = 1
    for factor in axis:
        count *= factor.size
    if count == size:
        return axis
    meaningful = [f for f in axis if f.size > 1] or list(axis)
    if len(meaningful) == 1:
        return (AxisFactor(size, meaningful[0].root),)
    factor = AxisFactor(size)
    role = common_role(axis)
    if role is not None:
        factor.claim(role, Evidence.LIKELY)
    return (factor,)


def _aligned_axes(sources: Sequence[Axes], shape: Sequence[int]) -> Axes:
    """Axes of the same length in the same order, of the source that gives most."""
    best: tuple[int, Axes] = (0, ())
    for axes in sources:
        position, found, result = 0, 0, []
        for size in shape:
            sizes = [_size(axis) for axis in axes[position:]]
            if size in sizes:
                position += sizes.index(size) + 1
                result.append(axes[position - 1])
                found += size > 1
            else:
                result.append((AxisFactor(int(size)),))
        if found > best[0]:
            best = found, tuple(result)
    return best[1] or new_axes(shape)


def _size(axis: FactoredAxis) -> int:
    size = 1
    for factor in axis:
        size *= factor.size
    return size


def common_role(axis: FactoredAxis) -> AxisRole | None:
    """Return the role that all factors of an axis have that are longer than 1."""
    roles = {f.role for f in axis if f.size > 1} or {f.role for f in axis}
    return roles.pop() if len(roles) == 1 else None


POSITIONS: frozenset[AxisRole] = frozenset({"height", "width", "depth", "time", "token", "node"})
"""Roles of axes along which a network looks at one place after another."""


def is_positional(axis: FactoredAxis, least: Evidence = Evidence.LIKELY) -> bool:
    """Return whether an axis is known to run over places, not channels or samples."""
    roles = [f.settled for f in expanded(axis) if f.size > 1]
    return bool(roles) and all(role in POSITIONS and good >= least for role, good in roles)


def has_role(axis: FactoredAxis, role: AxisRole) -> bool:
    """Return whether the factors of an axis that are longer than 1 all have a role."""
    return common_role(axis) == role


def claim(axis: FactoredAxis, role: AxisRole, evidence: Evidence) -> None:
    """Say what an axis holds.

    Of an axis that is folded from several, only those factors are meant of which nothing else is
    known: samples and frames folded into one remain samples and frames.
    """
    if len(axis) == 1:
        axis[0].claim(role, evidence)
        return
    unknown = [f for f in axis if f.roles.role is None]
    if role in ("time", "token", "depth", "node"):
        return  # several axes in a line: not for this are they tokens or time
    if role == "channel" and len(unknown) == len(axis):
        # An input that is flattened: its axes hold what they did before.
        unknown = [f for f in unknown if not _is_of_input(f) or f.size == 1]
    if role == "batch":  # the samples, not what is several of each, such as frames
        if any(f.roles.role == "batch" for f in axis):
            return
        own = {f.roles for f in axis}
        unknown = [f for f in unknown if f.roles.fallback is None or (
            f.roles.fallback.root not in own
        )][:1]  # fmt: skip
    for factor in unknown:
        factor.claim(role, min(evidence, Evidence.LIKELY))


def _is_of_input(factor: AxisFactor) -> bool:
    """Whether a factor is an axis of an input, or was split off one, as rows of a patch are."""
    whole = factor.root
    while whole.source < 0 and whole.parent is not None:
        whole = whole.parent.root
    return whole.source >= 0


def claim_steps(
    steps: FactoredAxis, samples: FactoredAxis, role: AxisRole, evidence: Evidence
) -> None:
    """Say which axis of a sequence has its steps and which its samples.

    An embedding takes the first axis of token ids for samples; where those turn out to be the
    second one, the first has the tokens.

    Args:
        steps: The axis along which the sequence runs.
        samples: The other one.
        role: What the steps are, where nothing tells: `time` or `token`.
        evidence: For the samples.
    """
    has_tokens = has_role(samples, "token")
    is_swapped = has_role(steps, "batch") and not has_role(samples, "channel")
    claim(samples, "batch", Evidence.CERTAIN if is_swapped and has_tokens else evidence)
    if is_swapped and has_tokens:
        role = "token"
    claim(steps, role, Evidence.CERTAIN if is_swapped else Evidence.LIKELY)


def new_axis(size: int, role: AxisRole, evidence: Evidence = Evidence.CERTAIN) -> FactoredAxis:
    """Return an axis with a role that is no axis of the arguments."""
    factor = AxisFactor(int(size))
    factor.claim(role, evidence)
    return (factor,)
