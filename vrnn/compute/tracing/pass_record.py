"""What is known of a pass while it is recorded, and how a record is added to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from vrnn.compute.operators import catalog
from vrnn.compute.operators.axis_factors import Axes
from vrnn.compute.operators.receptive_field import PixelField
from vrnn.compute.operators.receptive_field_rules import global_field
from vrnn.compute.tracing.axis_follower import AxisFollower
from vrnn.compute.tracing.call_effects import Source
from vrnn.compute.tracing.gaps import GapSource, GapTable
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.module_stack import ModuleStack
from vrnn.compute.tracing.origins import OriginTable
from vrnn.compute.tracing.tensors import plain_tensor
from vrnn.compute.tracing.trace import OpRecord


class PassRecord:
    """What is known of a pass while it is recorded.

    Attributes:
        records: The operations so far.
        modules: Which module runs.
        origins: Where each tensor came from.
        gaps: Which numbers have left torch.
        axes: The axes of each tensor.
        used_parameters: The parameters that were used, by `id`.
        log: Takes what autograd records; None if nobody asks for it.
        tensors: Takes a copy of each record's tensor; None if nobody asks for them.
        with_gradient: Of the tensors that the running call took, those with a gradient, by `id`.
    """

    def __init__(
        self, modules: ModuleStack, log: GradientLog | None, tensors: dict[int, torch.Tensor] | None
    ) -> None:
        """Begin a pass.

        Args:
            modules: The model's modules.
            log: See above.
            tensors: See above.
        """
        self.records: list[OpRecord] = []
        self.modules = modules
        self.origins = OriginTable()
        self.gaps = GapTable()
        self.axes = AxisFollower()
        self.used_parameters: dict[int, nn.Parameter] = {}
        self.log, self.tensors = log, tensors
        if tensors is not None:
            tensors.clear()
        self.with_gradient: set[int] = set()

    def add_record(
        self, *, operation: str, label: str, shape: tuple[int, ...], axes: Axes,
        pixel_field: PixelField | None, sources: tuple[int, ...] = (),
    ) -> OpRecord:  # fmt: skip
        """Add the record of an operation in the current module, as of no function call."""
        path, module_call = self.modules.current
        record = OpRecord(
            len(self.records), -1, None, 0, operation, label, path, path in self.modules.leaves,
            module_call, sources, shape, axes, pixel_field,
        )  # fmt: skip
        self.records.append(record)
        return record

    def record_gap(
        self, tensor: torch.Tensor, sources: Sequence[GapSource], call_index: int,
        output_index: int,
    ) -> OpRecord:  # fmt: skip
        """Record that a tensor was computed outside torch from what left torch before."""
        self.origins.advance()
        origins = [source.origin for source in sources]
        shape = tuple(plain_tensor(tensor).shape)
        fields = [origin.pixel_field for origin in origins if origin.pixel_field is not None]
        record = self.add_record(
            operation="gap", label=catalog.operation_label("gap", {}, tensor), shape=shape,
            axes=self.axes.follow_gap([source.tensor for source in sources], tensor),
            pixel_field=global_field(fields) if fields else None,
            sources=tuple(dict.fromkeys(origin.record for origin in origins)),
        )  # fmt: skip
        if call_index >= 0:  # else replay finds it by the module that gave it
            record.module, record.module_call = sources[-1].module
            record.is_leaf_module = record.module in self.modules.leaves
        record.call_index, record.output_index = call_index, output_index
        self.origins.set(tensor, record.id, record.pixel_field)
        self.note(record, (), tensor, [tensor])
        return record

    def use(self, parameters: tuple[nn.Parameter, ...]) -> tuple[nn.Parameter, ...]:
        """Note that parameters are used."""
        self.used_parameters.update((id(p), p) for p in parameters)
        return parameters

    def note(
        self, record: OpRecord, sources: Sequence[Source], shown: torch.Tensor | None,
        results: Sequence[torch.Tensor],
    ) -> None:  # fmt: skip
        """Tell who wants to know of a record and its tensor."""
        if self.tensors is not None and shown is not None:
            self.tensors[record.id] = plain_tensor(shown).detach().clone()
        if self.log is not None:
            taken = [(s.origin.record, id(s.tensor) in self.with_gradient) for s in sources]
            self.log.note(record.id, taken, results)
