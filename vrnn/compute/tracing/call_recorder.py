"""From calls of torch to the records of a trace: what is an operation, a view or a constant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import compute_head_weights, head_weights_shape
from vrnn.compute.operators.axis_product_rules import attention_axes
from vrnn.compute.operators.axis_rules import AxisCall
from vrnn.compute.operators.receptive_field import PixelField
from vrnn.compute.operators.receptive_field_rules import Call, field_of_view
from vrnn.compute.tracing.arguments import (
    has_tensor_index,
    is_constant_layer,
    overwritten,
    sources_of_views,
)
from vrnn.compute.tracing.axis_follower import is_attention_map
from vrnn.compute.tracing.call_effects import (
    CallEffects,
    constants_of,
    fields_of,
    fields_of_results,
    weights_first,
)
from vrnn.compute.tracing.calls import CustomFunction
from vrnn.compute.tracing.gaps import ENTRIES
from vrnn.compute.tracing.pass_record import PassRecord
from vrnn.compute.tracing.tensors import plain_tensor, tensors_in
from vrnn.compute.tracing.trace import OpRecord


class CallRecorder:
    """Makes records of calls of torch, after they have run."""

    def __init__(self, record: PassRecord, owners: Mapping[int, str]) -> None:
        """Begin a pass.

        Args:
            record: Takes the records.
            owners: Path of the module of each parameter, by `id` of the parameter.
        """
        self._pass, self._owners = record, owners

    def record_call(
        self, func: Any, call_index: int, args: Any, kwargs: Mapping[str, Any], did: CallEffects
    ) -> None:
        """Record a call.

        Args:
            func: The torch function.
            call_index: Number of the call in the pass.
            args: Its positional arguments.
            kwargs: Its keyword arguments.
            did: What it took, made and changed.
        """
        self._pass.origins.advance()
        operation = catalog.operation_name(func)
        if isinstance(func, CustomFunction) and self._is_known(did):
            return
        axis_call = self._pass.axes.follow(func, args, kwargs, did.taken, did.results)
        role = catalog.lookup(operation).role
        if role == "factory":
            for tensor in did.made:
                self._pass.origins.set_constant(tensor)
            return
        whole = overwritten(func, args, kwargs) if did.changed else None
        if whole is not None:
            did = did._replace(sources=[s for s in did.sources if s.tensor is not whole])
        if operation in ENTRIES and not did.sources and did.made:
            self._record_entry(did.made[0], args, kwargs, call_index, func)
            return
        if has_tensor_index(operation, args):
            operation = self._indexing(args, did)
            role = catalog.lookup(operation).role
        if role == "view" and not did.changed:
            self._record_view(operation, args, did)
            return
        operation, arguments = self._identify(operation, axis_call, func, did)
        parameters, is_curved = constants_of(did.origins)
        path = self._pass.modules.current[0]
        if not did.sources and not (
            parameters and is_constant_layer(operation, arguments, path, is_curved)
        ):
            self._set_constants(operation, did, whole, parameters, is_curved)
            return
        record, pixel_fields = self._record_operation(
            Call(func, operation, args, kwargs, arguments, did.taken, fields_of(did)), did,
            axis_call,
        )  # fmt: skip
        record.call_index = call_index
        self._record_weights(record, arguments, did, parameters)
        self._place_in_module(record)
        for tensor in did.made:
            field = pixel_fields.get(id(tensor))
            self._pass.origins.set(tensor, record.id, field)
        for tensor in did.changed:
            field = pixel_fields.get(id(tensor))
            self._pass.origins.set_written(tensor, record.id, field)

    def _record_weights(
        self, record: OpRecord, arguments: Mapping[str, Any], did: CallEffects,
        parameters: tuple[nn.Parameter, ...],
    ) -> None:  # fmt: skip
        """Record the parameters of an operation, its weight, and the module that owns them."""
        record.parameters = self._pass.use(parameters)
        owners = [self._owners[id(p)] for p in weights_first(arguments, did, parameters)
                  if id(p) in self._owners]  # fmt: skip
        record.weight_module = owners[0] if owners else record.module
        weight = arguments.get("weight")
        if isinstance(weight, nn.Parameter) and id(weight) in self._owners:
            record.weight = weight
            record.groups = int(arguments.get("groups") or 1)
            is_transposed = "transpose" in record.operation or bool(arguments.get("transposed"))
            record.is_transposed = is_transposed

    def _record_operation(
        self, call: Call, did: CallEffects, axis_call: AxisCall
    ) -> tuple[OpRecord, dict[int, PixelField]]:
        """Make the record of a call, and tell the pixel field of each of its results."""
        operation, arguments = call.operation, call.arguments
        results = did.made or did.changed
        first = next((i for i, t in enumerate(results) if t.is_floating_point()), 0)
        shown = results[first]
        axes = self._pass.axes.axes_of(shown)
        is_attention = is_attention_map(axis_call, axes)
        weights_shape = head_weights_shape(arguments) if operation == "attention" else None
        pixel_fields = fields_of_results(call, did, shown) if call.fields else {}
        record = self._pass.add_record(
            operation=operation,
            label=catalog.operation_label(operation, arguments, shown),
            shape=weights_shape or tuple(plain_tensor(shown).shape),
            axes=attention_axes(axis_call, weights_shape) if weights_shape else axes,
            pixel_field=pixel_fields.get(id(shown)),
            sources=tuple(dict.fromkeys(s.origin.record for s in did.sources)),
        )
        record.function = call.function
        record.output_index = first if did.made else -1
        record.is_attention = weights_shape is not None or is_attention
        if weights_shape is not None and self._pass.tensors is not None:
            self._pass.note(record, did.sources, compute_head_weights(arguments), results)
        else:
            self._pass.note(record, did.sources, shown, [*did.made, *did.changed])
        return record, pixel_fields

    def _identify(
        self, operation: str, axis_call: AxisCall, func: Any, did: CallEffects
    ) -> tuple[str, Mapping[str, Any]]:
        """The operation that a call is, and its arguments by name."""
        args = axis_call.args
        if operation in ("index", "embedding") and catalog.operation_name(func) == "getitem":
            return operation, {"weight": args[0], "input": args[1]}
        operation, arguments = axis_call.operation, axis_call.arguments
        is_data = {id(s.tensor) for s in did.sources}
        is_product = catalog.own_name(func) in ("addmm", "addmm_") and len(args) > 2
        if is_product and id(args[1]) in is_data and id(args[2]) in is_data:
            return "matmul", arguments
        return operation, arguments

    def _indexing(self, args: Any, did: CallEffects) -> str:
        """What `x[index]` with a tensor in the index is: rows of a table, a choice, or a view."""
        indices = {id(t) for t in tensors_in(args[1])}
        if not any(id(s.tensor) in indices for s in did.sources):
            return "getitem"
        origin = did.origins[0]
        is_table = origin is not None and not origin.has_record and bool(origin.parameters)
        return "embedding" if is_table else "index"

    def _is_known(self, did: CallEffects) -> bool:
        """Whether the inside of a custom autograd function told all about its results."""
        origins = [self._pass.origins.get(t) for t in did.made]
        return not did.sources or all(o is not None and o.has_record for o in origins)

    def _record_entry(
        self, tensor: torch.Tensor, args: Any, kwargs: Any, call_index: int, func: Any
    ) -> None:
        """Record a tensor that a call made of numbers from outside torch."""
        sources = self._pass.gaps.enter(tensor)
        if not sources:
            self._pass.origins.set_constant(tensor)
            return
        record = self._pass.record_gap(tensor, sources, call_index, 0)
        record.function = func

    def _set_constants(
        self, operation: str, did: CallEffects, whole: torch.Tensor | None,
        parameters: tuple[nn.Parameter, ...], is_curved: bool,
    ) -> None:  # fmt: skip
        """Note what a call made of constants and parameters alone."""
        if parameters:
            self._pass.use(parameters)
        is_curved = is_curved or catalog.lookup(operation).role == "activation"
        for tensor in did.made:
            self._pass.origins.set_constant(tensor, parameters, is_curved)
        for tensor in did.changed:
            if whole is tensor and not parameters:
                self._pass.origins.forget_write(tensor)
            else:
                self._pass.origins.set_constant_written(tensor, parameters)

    def _record_view(self, operation: str, args: Any, did: CallEffects) -> None:
        """Give views the origin of what they view."""
        by_id = {id(s.tensor): s for s in did.sources}
        indices = sources_of_views(operation, args, did.taken, len(did.made))
        for tensor, index in zip(did.made, indices, strict=True):
            if index >= len(did.taken):
                self._pass.origins.set_constant(tensor)
                continue
            source, constant = by_id.get(id(did.taken[index])), did.origins[index]
            if source is None:
                parameters = constant.parameters if constant is not None else ()
                self._pass.origins.set_constant(
                    tensor, parameters, constant is not None and constant.is_curved
                )
                if parameters:
                    self._pass.use(parameters)
                continue
            old, before, origin = source
            pixel_field = origin.pixel_field and field_of_view(
                operation, old, before, origin.pixel_field, tensor
            )
            self._pass.origins.set(tensor, origin.record, pixel_field)

    def _place_in_module(self, record: OpRecord) -> None:
        """Give an operation of compiled or exported code the path of the module of its weight.

        No hook tells of the modules inside such code.
        """
        path, inner = record.module, record.weight_module
        is_inside = inner.startswith(f"{path}.") if path else bool(inner)
        if is_inside and hasattr(record.function, "_schema"):
            record.module, record.is_leaf_module = inner, inner in self._pass.modules.leaves
            record.module_call = sum(
                r.module == inner and r.operation == record.operation
                for r in self._pass.records[:-1]
            )
