"""What a tensor's axes are made of, followed exactly through folds and splits.

An axis is a product of factors, the outermost first: tokens folded from a map are height times
width, frames folded into the batch are batch times time. A factor is the same object in every
tensor that has it. What an operation says of one tensor therefore holds for those before it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from vrnn.network.axes import AxisRole


class Evidence(IntEnum):
    """How good the reason for a role is; a better one replaces a worse one."""

    NONE = 0
    ASSUMED = 1
    MEASURED = 2
    LIKELY = 3
    CERTAIN = 4
    GIVEN = 5


_NO_PLACES: Mapping[int, int] = {}


class RoleVariable:
    """The role of several factors that are known to be of the same kind.

    Attributes:
        role: What they hold; None if unknown.
        evidence: The reason for the role.
        places: Number and axis of the inputs whose axes have this role: of one input never two.
        fallback: Where the role is from as long as nothing else is known, such as the axis that
            was split.
    """

    __slots__ = ("_same", "evidence", "fallback", "places", "role")

    def __init__(self) -> None:
        self.role: AxisRole | None = None
        self.evidence = Evidence.NONE
        self.places: Mapping[int, int] = _NO_PLACES
        self.fallback: RoleVariable | None = None
        self._same: RoleVariable | None = None

    @property
    def root(self) -> RoleVariable:
        """The variable that stands for all that were joined with this one."""
        root = self
        while root._same is not None:
            root = root._same
        return root

    def differs_from(self, other: RoleVariable) -> bool:
        """Return whether both are known to be of different axes of one input."""
        return any(
            other.places.get(number, place) != place for number, place in self.places.items()
        )

    def join(self, other: RoleVariable) -> None:
        """Note that both are the same; the better evidence holds for both."""
        one, two = self.root, other.root
        if one is two or one.differs_from(two):
            return
        one.places = {**two.places, **one.places}
        if two.evidence > one.evidence:
            one.role, one.evidence = two.role, two.evidence
        one.fallback = one.fallback or two.fallback
        two._same = one
        if one.fallback is not None and one.fallback.root is one:
            one.fallback = None


class AxisFactor:
    """An axis, or one of several that are folded into one.

    Attributes:
        size: Its length.
        parts: The factors that it was split into, or is known to be the product of; ().
        segments: The factors of each part that it was concatenated from; ().
        parent: The factor that it is a part of; None if there is none.
        origin: What its parts were before a reshape that cut through them; () if there was none.
        source: The tensor that it is an axis of from the start, as a number: two axes of one input
            are never the same.
    """

    __slots__ = ("_roles", "_same", "origin", "parent", "parts", "segments", "size", "source")

    def __init__(self, size: int, like: AxisFactor | None = None) -> None:
        """Make a factor.

        Args:
            size: Its length.
            like: A factor of the same kind, such as the height before a convolution.
        """
        self.size = size
        self.parts: tuple[AxisFactor, ...] = ()
        self.segments: tuple[FactoredAxis, ...] = ()
        self.parent: AxisFactor | None = None
        self.origin: FactoredAxis = ()
        self.source = -1
        self._roles = RoleVariable() if like is None else like.roles
        self._same: AxisFactor | None = None

    @property
    def root(self) -> AxisFactor:
        """The factor that stands for all that are known to be the same."""
        root = self
        while root._same is not None:
            root = root._same
        return root

    @property
    def roles(self) -> RoleVariable:
        """What is known of its role itself."""
        root = self  # `self.root._roles.root`, which is asked for often
        while root._same is not None:
            root = root._same
        roles = root._roles
        while roles._same is not None:
            roles = roles._same
        return roles

    @property
    def role(self) -> AxisRole | None:
        """Its role, or that of what it was split from; None if nothing is known."""
        return self.settled[0]

    @property
    def settled(self) -> tuple[AxisRole | None, Evidence]:
        """Its role, or that of what it was split from, and the evidence for it."""
        variable: RoleVariable | None = self.roles
        for _ in range(32):
            if variable is None or variable.role is not None:
                break
            variable = variable.fallback.root if variable.fallback is not None else None
        return (None, Evidence.NONE) if variable is None else (variable.role, variable.evidence)

    def claim(self, role: AxisRole, evidence: Evidence) -> None:
        """Say what it holds; that counts if nothing better is known."""
        roles = self.roles
        if evidence > roles.evidence:
            roles.role, roles.evidence = role, evidence

    def same_as(self, other: AxisFactor) -> None:
        """Note that another factor of the same size is this one."""
        one, two = self.root, other.root
        if one is two:
            return
        one._roles.join(two._roles)
        one.parts = one.parts or two.parts
        one.segments = one.segments or two.segments
        one.parent = one.parent or two.parent
        one.source = max(one.source, two.source)
        two._same = one


FactoredAxis = tuple[AxisFactor, ...]
"""The factors of an axis, the outermost first; () for an axis of length 1 of no meaning."""
Axes = tuple[FactoredAxis, ...]
"""The axes of a tensor."""


def new_axes(shape: Iterable[int]) -> Axes:
    """Return axes of which nothing is known."""
    return tuple((AxisFactor(int(size)),) for size in shape)


def axis_size(axis: FactoredAxis) -> int:
    """Return the length of an axis."""
    size = 1
    for factor in axis:
        size *= factor.size
    return size


def fits(axes: Axes, shape: Sequence[int]) -> bool:
    """Return whether axes are those of a tensor of a shape."""
    if len(axes) != len(shape):
        return False
    for axis, size in zip(axes, shape, strict=True):
        if (axis[0].size if len(axis) == 1 else axis_size(axis)) != size:
            return False
    return True


def expanded(axis: FactoredAxis) -> FactoredAxis:
    """Return the finest factors of an axis that are known."""
    result: list[AxisFactor] = []
    for factor in axis:
        root = factor.root
        if root.parts:
            result += expanded(root.parts)
        else:
            result.append(root)
    return tuple(result)


def compacted(axis: Sequence[AxisFactor]) -> FactoredAxis:
    """Return an axis with parts that lie side by side joined to what they were split from."""
    result: list[AxisFactor] = []
    for factor in axis:
        result.append(factor.root)
        while (whole := _whole_at_end(result)) is not None:
            result[-len(whole.parts) :] = whole.origin or [whole]
    return tuple(result)


def _whole_at_end(factors: Sequence[AxisFactor]) -> AxisFactor | None:
    parent = factors[-1].parent
    if parent is None:
        return None
    parts = [part.root for part in parent.parts]
    if len(parts) > len(factors) or [f.root for f in factors[-len(parts) :]] != parts:
        return None
    return parent


def split(factor: AxisFactor, outer: int) -> FactoredAxis:
    """Split a factor in two; from then on it is the product of both everywhere.

    Args:
        factor: The factor, not split before.
        outer: Size of the outer part.
    """
    root = factor.root
    parts = AxisFactor(outer), AxisFactor(root.size // outer)
    for part in parts:
        part.roles.fallback, part.parent = root.roles, root
    root.parts = parts
    return parts


def unify(one: FactoredAxis, other: FactoredAxis) -> FactoredAxis:
    """Note that two axes of the same length are the same one, as far as they can be.

    Returns:
        The axis of which more is known.
    """
    if one == other:
        return one
    if len(one) == len(other) == 1 and one[0].root is other[0].root:
        return one
    first, second = expanded(one), expanded(other)
    if len(first) == 1 and len(second) == 1:
        _unify_factors(first[0], second[0])
        return one
    if len(second) == 1:
        _bind(second[0], first)
        return one
    if len(first) == 1:
        return other if _bind(first[0], second) else one
    _unify_aligned(first, second)
    return one


def _unify_factors(one: AxisFactor, other: AxisFactor) -> None:
    one, other = one.root, other.root
    if one is other or (one.source >= 0 and one.source == other.source):
        return
    if _disagree(one.roles, other.roles) or one.roles.differs_from(other.roles):
        return
    one.same_as(other)


def _disagree(one: RoleVariable, other: RoleVariable) -> bool:
    """Whether both have roles for good reasons, and not the same."""
    return one.role != other.role and min(one.evidence, other.evidence) >= Evidence.CERTAIN


def _bind(factor: AxisFactor, parts: FactoredAxis) -> bool:
    """Note that a factor is the product of others; not what is an axis of its own for sure."""
    meaningful = [part for part in parts if part.size > 1]
    if len(meaningful) == 1:
        _unify_factors(meaningful[0], factor)
        return False
    is_channel = factor.roles.role == "channel" and factor.roles.evidence >= Evidence.CERTAIN
    if factor.source >= 0 or factor.segments or is_channel or factor in parts:
        return False
    factor.root.parts = tuple(parts)
    return True


def _unify_aligned(first: FactoredAxis, second: FactoredAxis) -> None:
    """Unify factors where the same product of sizes lies before them in both axes."""
    rest_one = [f for f in first if f.size > 1]
    rest_two = [f for f in second if f.size > 1]
    while rest_one and rest_two:
        one, two = [rest_one.pop(0)], [rest_two.pop(0)]
        while (a := axis_size(tuple(one))) != (b := axis_size(tuple(two))):
            rest, taken = (rest_one, one) if a < b else (rest_two, two)
            if not rest:
                return
            taken.append(rest.pop(0))
        if len(one) == len(two) == 1:
            _unify_factors(one[0], two[0])
        elif len(one) == 1:
            _bind(one[0], tuple(two))
        elif len(two) == 1:
            _bind(two[0], tuple(one))


def reshaped(axes: Axes, shape: Sequence[int]) -> Axes:
    """Return the axes of a tensor whose elements, in row-major order, take another shape.

    Factors are split where the new shape cuts through them.
    """
    if 0 in shape:
        return new_axes(shape)
    rest = list(compacted([factor for axis in axes for factor in axis]))
    rest.reverse()  # the outermost is at the end, where it is cheap to take
    result: list[FactoredAxis] = []
    for index, size in enumerate(shape):
        is_last = index == len(shape) - 1
        axis = _take(rest, size, is_last)
        if axis is None:  # cuts through a factor where it cannot be split
            return _reshaped_in_groups(axes, shape)
        result.append(compacted(axis))
    return tuple(result)


def _take(rest: list[AxisFactor], size: int, is_last: bool) -> list[AxisFactor] | None:
    """Take the factors of an axis of a size off the end of what is left; None if impossible."""
    if size == 1:
        if rest and rest[-1].size == 1:
            return [rest.pop()]
        return [AxisFactor(1)] if not is_last or not rest else [*reversed(rest)]
    axis: list[AxisFactor] = []
    left = size
    while left > 1:
        if not rest:
            return None
        factor = rest.pop()
        if left % factor.size == 0:
            axis.append(factor)
            left //= factor.size
        elif factor.parts:
            rest += [part.root for part in reversed(factor.parts)]
        elif factor.size % left == 0:
            outer, inner = split(factor, left)
            axis.append(outer)
            rest.append(inner)
            left = 1
        else:
            return None
    if is_last:
        axis += reversed(rest)
        rest.clear()
    return axis


def _reshaped_in_groups(axes: Axes, shape: Sequence[int]) -> Axes:
    """The same where some factors are cut: runs of axes that hold as much as runs of new ones."""
    old = [(axis, axis_size(axis)) for axis in axes]
    result: list[FactoredAxis] = []
    i = j = 0
    while j < len(shape):
        start_i, start_j = i, j
        before, after = old[i][1] if i < len(old) else 1, shape[j]
        i, j = i + 1, j + 1
        while before != after:
            if before < after and i < len(old):
                before, i = before * old[i][1], i + 1
            elif j < len(shape):
                after, j = after * shape[j], j + 1
            else:
                break
        if j - start_j == 1 and i - start_i == 1 and start_i < len(old):
            result.append(old[start_i][0])
        else:
            made = new_axes(shape[start_j:j])
            _remember([axis for axis, _ in old[start_i:i]], made)
            result += made
    return tuple(result)


def _remember(before: Sequence[FactoredAxis], after: Axes) -> None:
    """Let a later reshape back find what axes were before they were cut through."""
    parts = tuple(axis[0] for axis in after if axis[0].size > 1)
    if len(parts) < 2:
        return
    whole = AxisFactor(axis_size(parts))
    whole.parts, whole.origin = parts, tuple(f.root for axis in before for f in axis if f.size > 1)
    for part in parts:
        part.parent = whole
