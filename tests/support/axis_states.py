"""What may be known of a tensor's axes, at random, and text that tells what is known after a call.

An axis is written as what its factors hold, how sure that is and how long they are: `C!4` are 4
channels for certain, `N?2*T~3` likely 2 samples of maybe 3 frames each, `.5` is unknown. Behind it
stands which factor of the operands it is (`b1` is the axis 1 of the second one), with a `'` where
only the role is shared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from tests.support import golden_text
from vrnn.compute.operators.attention import head_weights_shape
from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    expanded,
    split,
)
from vrnn.compute.tracing.axis_follower import AxisFollower, is_attention_map
from vrnn.compute.tracing.tensors import list_tensors, result_tensors
from vrnn.network.axes import AxisRole

LETTERS: Mapping[AxisRole | None, str] = {
    None: ".", "batch": "N", "channel": "C", "height": "H", "width": "W", "depth": "D",
    "time": "T", "token": "L", "head": "h", "query": "q", "key": "k", "node": "V", "other": "o",
}  # fmt: skip
MARKS = dict(zip(Evidence, ("", "~", "m", "?", "!", "="), strict=True))
ROLES = {letter: role for role, letter in LETTERS.items()}
EVIDENCE = {mark: evidence for evidence, mark in MARKS.items()}
COHERENT = {
    1: ("C?", "L~", "N?", "V?", "."),
    2: ("N? C!", "L? C!", "H! W!", "V? C?", ". C?", "N~ .", ". .", "L? L?"),
    3: ("N? L? C!", "T? N? C!", "C! H! W!", "N! C! T?", "N? . .", ". . .", "h! L? L?", "N? C! L?"),
    4: (
        "N? C! H! W!", "N? h! L? C?", "N? H! W! C!", "N? T~ L? C!", "N~ C~ H~ W~", ". . . .",
        "N? . H! W!", "N? h! . .",
    ),
    5: ("N? C! D? H! W!", "N? T? C! H! W!", ". . . . ."),
}  # fmt: skip
"""What tensors of so many axes often hold."""
LOOSE = (".", ".", ".", "C!", "C?", "N?", "N!", "L?", "L~", "T?", "H!", "W!", "h!", "V?", "o?")
STATES = 24
"""Lines for each operation."""
FOLDED = (("N?", "T?"), ("H!", "W!"), (".", "."), ("N?", "N?"), ("L?", "C?"), ("N?", "."))


class Following(TorchFunctionMode):
    """Follows the axes of each call of torch, as a trace does."""

    def __init__(self, follower: AxisFollower) -> None:
        super().__init__()
        self.follower = follower
        self.told: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run a call, then follow it."""
        kwargs = kwargs or {}
        taken = list_tensors((args, kwargs))
        result = func(*args, **kwargs)
        results = result_tensors(result) or [args[0]]  # what was written into
        call = self.follower.follow(func, args, kwargs, taken, results)
        if call.operation == "attention":
            shape = head_weights_shape(call.arguments)
            axes = () if shape is None else self.follower.attention_axes(call, shape)
            self.told.append(f"weights {text_of(axes)}")
        if call.operation == "softmax" and is_attention_map(
            call, self.follower.axes_of(results[0])
        ):
            self.told.append("attention")
        return result


def claimed(factor: AxisFactor, state: str) -> AxisFactor:
    """Say what a factor holds, as `C!`; returns it."""
    role = ROLES[state[0]]
    if role is not None:
        factor.claim(role, EVIDENCE[state[1:]])
    return factor


def random_axis(chance: random.Random, size: int) -> FactoredAxis:
    """Return an axis of which something is known."""
    kind = chance.randrange(8)
    outer = next((n for n in (2, 3, 5) if size % n == 0 and size > n), 0)
    if kind == 0 and outer:
        one, two = chance.choice(FOLDED)
        return claimed(AxisFactor(outer), one), claimed(AxisFactor(size // outer), two)
    whole = claimed(AxisFactor(size), chance.choice(LOOSE))
    if kind == 1 and outer:
        split(whole, outer)
    if kind == 2 and size > 2:
        rest = claimed(AxisFactor(size - 1), chance.choice(("L?", "H!", ".")))
        whole.segments = ((AxisFactor(1),), (rest,))
    return (whole,)


def random_axes(chance: random.Random, shape: Sequence[int], earlier: Sequence[Axes]) -> Axes:
    """Return axes of which something is known, some of them those of other tensors."""
    coherent = COHERENT.get(len(shape))
    if coherent is not None and chance.random() < 0.5:
        states = chance.choice(coherent).split()
        axes = [(claimed(AxisFactor(n), s),) for n, s in zip(shape, states, strict=True)]
    else:
        axes = [random_axis(chance, size) for size in shape]
    if chance.random() < 0.4:
        others = [axis for axes in earlier for axis in axes]
        for index, size in enumerate(shape):
            same = [axis for axis in others if _length(axis) == size]
            axes[index] = chance.choice(same) if same else axes[index]
    return tuple(axes)


def _length(axis: FactoredAxis) -> int:
    size = 1
    for factor in axis:
        size *= factor.size
    return size


def line_of(seed: str, operands: Sequence[torch.Tensor], function: Callable[..., Any]) -> str:
    """Return what a function makes of operands of which something is known at random.

    Args:
        seed: Of what is known.
        operands: The tensors that it takes.
        function: Takes the operands.
    """
    chance = random.Random(seed)
    follower = AxisFollower()
    known: list[Axes] = []
    for number, tensor in enumerate(operands):
        axes = random_axes(chance, tensor.shape, known)
        if chance.random() < 0.25:  # an input of the model
            for place, axis in enumerate(axes):
                if len(axis) == 1 and not axis[0].parts:
                    axis[0].source = number
                    axis[0].roles.places = {number: place}
        known.append(axes)
        follower._axes[tensor] = axes
    names = {
        f"{'abcdef'[n]}{place}{'xyz'[i] if len(found) > 1 else ''}": factor
        for n, axes in enumerate(known)
        for place, found in enumerate(map(expanded, axes))
        for i, factor in enumerate(found)
    }
    before = [text_of(axes) for axes in known]
    named = [text_of(axes, names) for axes in known]
    following = Following(follower)
    with following:
        results = result_tensors(function(*operands))
    made = [text_of(follower.axes_of(tensor), names) for tensor in results]
    after = [
        "abcdef"[n] + ": " + text_of(axes, names)
        for n, axes in enumerate(known) if text_of(axes, names) != named[n]
    ]  # fmt: skip
    told = [f"{' | '.join(before)} -> {' | '.join(made)}", *after, *following.told]
    return " ; ".join(told)


def text_of(axes: Axes, names: Mapping[str, AxisFactor] | None = None) -> str:
    """Return axes in words, see above.

    Args:
        axes: The axes of a tensor.
        names: Factors to name.
    """
    return " ".join("*".join(_factor(f, names or {}) for f in expanded(axis)) for axis in axes)


def _factor(factor: AxisFactor, names: Mapping[str, AxisFactor]) -> str:
    role, evidence = factor.settled
    same = [name for name, other in names.items() if other.root is factor.root]
    alike = [f"{name}'" for name, other in names.items() if other.roles is factor.roles]
    name = f"({(same + alike)[0]})" if same or alike else ""
    return f"{LETTERS[role]}{MARKS[evidence]}{factor.size}{name}"


def check(
    kind: str,
    name: str,
    shapes: Sequence[Sequence[int]],
    function: Callable[..., Any],
    regenerate: bool,
) -> None:
    """Check what a function makes of operands of which something else is known each time.

    Args:
        kind: Folder of the golden text.
        name: Of the function, in words.
        shapes: Those of the operands.
        function: Takes the operands.
        regenerate: Whether to write the golden text.
    """
    lines = []
    for number in range(STATES):
        torch.manual_seed(number)
        operands = [torch.rand(tuple(shape)) + 0.1 for shape in shapes]
        lines.append(line_of(f"{kind}/{name} {number}", operands, function))
    golden_text.check(f"axes/{kind}/{name.replace(' ', '-')}", lines, regenerate)


def weight(*shape: int) -> nn.Parameter:
    """Return a weight of ones."""
    return nn.Parameter(torch.ones(shape))


def ids(*shape: int) -> torch.Tensor:
    """Return token ids."""
    return torch.arange(torch.Size(shape).numel()).view(shape) % 3
