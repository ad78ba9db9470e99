"""The record of a traced pass, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from vrnn.compute.operators.axis_factors import Axes
from vrnn.compute.operators.receptive_field import PixelField


@dataclass(eq=False)
class OpRecord:
    """One operation as it ran.

    Attributes:
        id: Index in the trace's records.
        call_index: Number of the function call in the pass; -1 for inputs, and for what an opaque
            module did, which `module` and `module_call` find again.
        function: The torch function; None for inputs and opaque modules.
        output_index: Which of the call's results this is; -1 for a tensor that it wrote into and
            did not return; -2, -3, … for the first, second, … tensor that it took, if that was
            made where no one saw it.
        operation: Canonical name of the operation; `input` or `module` where there is none.
        label: What people read.
        module: Path of the innermost module that it ran in.
        is_leaf_module: Whether that module has no children.
        module_call: 0, 1, … when that module runs more than once.
        sources: Ids of the records whose data it took, in order.
        shape: Shape of the result with its batch.
        axes: The result's axes, as far as they are known.
        pixel_field: Which pixels of the input the result's positions can depend on; None if on
            none.
        is_attention: Whether the attention weights of each head are shown; `shape` is of those.
        parameters: The parameters that it used, by themselves or made ready for use.
        own_parameters: Those that no operation before it used that leads to a result.
        weight_module: Path of the module that owns the weight of a convolution or linear layer.
        weight: The parameter that a call took as its weight as it is; None where it took none, or
            one that was made of parameters.
        groups: Of a convolution: groups of channels that are not connected with each other.
        is_transposed: Whether a convolution is a transposed one.
    """

    id: int
    call_index: int
    function: Any
    output_index: int
    operation: str
    label: str
    module: str
    is_leaf_module: bool
    module_call: int
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    axes: Axes
    pixel_field: PixelField | None
    is_attention: bool = False
    parameters: tuple[nn.Parameter, ...] = ()
    own_parameters: tuple[nn.Parameter, ...] = ()
    weight_module: str = ""
    weight: nn.Parameter | None = None
    groups: int = 1
    is_transposed: bool = False

    @property
    def is_argument(self) -> bool:
        """Whether it is of a tensor that its call took, not of one that it gave."""
        return self.output_index <= -2

    @property
    def parameter_count(self) -> int:
        """Number of values in `own_parameters`."""
        return sum(parameter.numel() for parameter in self.own_parameters)


@dataclass(eq=False)
class Trace:
    """A recorded pass.

    Attributes:
        name: The model's name.
        records: Its operations in run order.
        inputs: Ids of the records of its inputs.
        outputs: Ids of the records of its results.
        call_count: Function calls in the whole pass.
        module_types: Class name of each module, by path.
        markers: Record id and text of each `Marker`.
        tracked: Record id and name of each `Tracker`.
        parameters: The parameters of the model, by path.
        used_parameters: Paths of those that the pass used for anything.
        inside_scripts: Whether the calls are those that `watch_calls` sees inside scripts.
        has_unseen_calls: Whether something was computed where no one saw it.
        gradients: Whether the model takes gradients in its pass.
        unmatched_entries: See `GapTable`.
        results: The record of each of the `result_tensors`; None for those that do not depend on
            the input.
        result: What the model returned; None unless tensors were asked for.
        draws_numbers: Whether the pass drew random numbers.
        changed_tensors: Paths of the buffers and parameters that the pass changed.
        changes_inputs: Whether the pass writes to what it is given.
    """

    name: str
    records: list[OpRecord]
    inputs: list[int]
    outputs: list[int]
    call_count: int
    module_types: dict[str, str]
    markers: list[tuple[int, str]] = field(default_factory=list)
    tracked: list[tuple[int, str]] = field(default_factory=list)
    parameters: Mapping[str, nn.Parameter] = field(default_factory=dict)
    used_parameters: frozenset[str] = frozenset()
    inside_scripts: bool = False
    has_unseen_calls: bool = False
    gradients: bool = False
    unmatched_entries: int = 0
    results: list[int | None] = field(default_factory=list)
    result: Any = None
    draws_numbers: bool = False
    changed_tensors: tuple[str, ...] = ()
    changes_inputs: bool = False


def own_parameters(records: Sequence[OpRecord], outputs: Sequence[int]) -> None:
    """Give each parameter to the first operation that uses it and leads to a result.

    To the first of all if none does.
    """
    needed = set(outputs)
    for record in reversed(records):
        if record.id in needed:
            needed.update(record.sources)
    taken: set[int] = set()
    for record in sorted(records, key=lambda r: (r.id not in needed, r.id)):
        record.own_parameters = tuple(p for p in record.parameters if id(p) not in taken)
        taken.update(id(p) for p in record.parameters)
