"""One real forward pass, written down: each operation, what it took, and where in the model it ran.

A `TorchFunctionMode` sees each function a person wrote; global module hooks tell the module. A
tensor remembers the operation that made it and a storage the last one that wrote into it, so that
views, in-place operations and buffers filled piece by piece lead to the right edges.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, is_dataclass
from inspect import Parameter, signature
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from vrnn.compute.operators import catalog as ops
from vrnn.compute.operators.attention import head_weights_shape
from vrnn.compute.operators.receptive_field import (
    Geometry,
    PixelField,
    join_fields,
    lies_within,
    pull_back,
    push_through_view,
)
from vrnn.compute.operators.receptive_field_rules import (
    Call,
    field_of_input,
    field_of_result,
    field_of_view,
    global_field,
    shares_storage,
)
from vrnn.compute.operators.tensor_layout import (
    AxisLayout,
    infer_map_layout,
    layout_after_operation,
    layout_after_view,
)
from vrnn.compute.tracing.annotations import Marker, Tracker

CONSTANT = -1
"""Marks a tensor that was made within sight and does not depend on the input."""


@dataclass(eq=False)
class OpRecord:
    """One operation as it ran.

    position: number of the function call in the pass; -1 for inputs and for what a module did out
        of sight, which `module` and `call` find again. part: which of the call's results.
    sources: ids of the records whose data it took, in order; shape: with its batch.
    module: path of the innermost module; leaf: whether that has no children.
    attention: what is shown is the attention of each head, and `shape` is of that.
    own: the parameters that it was the first to use, and `parameters` their count.
    field: which pixels of the input the tensor's positions can depend on.
    weight: path of the module that owns the weight of a convolution or linear layer.
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
    axis_layout: AxisLayout
    pixel_field: PixelField
    is_attention: bool = False
    own_parameters: tuple[nn.Parameter, ...] = ()
    weight_module: str = ""

    @property
    def parameter_count(self) -> int:
        """How many numbers there are in `own`."""
        return sum(parameter.numel() for parameter in self.own_parameters)


@dataclass(eq=False)
class Trace:
    """A pass written down. calls: function calls in the whole pass; kinds: class name by module
    path; markers, tracked: record ids with what the author wrote."""

    name: str
    records: list[OpRecord]
    inputs: list[int]
    outputs: list[int]
    call_count: int
    module_types: dict[str, str]
    batch_size: int = 1
    markers: list[tuple[int, str]] = field(default_factory=list)
    tracked: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class TensorOrigin:
    """What is known of a tensor: the record it came from, when, its layout, and which pixels of the
    input its positions can depend on (None: on none)."""

    record: int
    time: int
    axis_layout: AxisLayout
    pixel_field: PixelField | None = None


@dataclass(frozen=True)
class StorageWrite:
    """The last record that wrote into a storage, and when. field: of all that was written there,
    as seen through a tensor of this geometry; None: there is no such tensor, all of it counts."""

    record: int
    time: int
    pixel_field: PixelField
    geometry: Geometry | None


def trace(model: nn.Module, inputs: tuple[Any, ...], name: str) -> Trace:
    """Run the model once on these inputs and write down what it does.

    The model is left as it was. What the model itself raises passes through unchanged.
    """
    recorder = _Recorder(model)
    with evaluation_mode(model), recorder.watching(), torch.no_grad():
        recorder.enter(model, inputs)
        with recorder:
            result = model(*inputs)
    return recorder.finish(name, result)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode, every module as it was afterwards; compiled code off."""
    training = [module for module in model.modules() if module.training]
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:  # importing it only for this would take seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        for module in training:
            module.training = False
        try:
            yield
        finally:
            for module in training:
                module.training = True


def tensors_in(value: Any, depth: int = 6) -> Iterator[torch.Tensor]:
    """All tensors in nested lists, tuples, dicts, dataclasses and plain objects, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth and isinstance(value, list | tuple | set):
        for item in value:
            yield from tensors_in(item, depth - 1)
    elif depth and isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item, depth - 1)
    elif depth and (is_dataclass(value) or type(value).__module__.split(".")[0] not in _PLAIN):
        for item in getattr(value, "__dict__", {}).values():
            yield from tensors_in(item, depth - 1)


_PLAIN = frozenset({"builtins", "torch", "numpy", "typing", "types"})


class _Recorder(TorchFunctionMode):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.records: list[OpRecord] = []
        self._paths = {id(m): path for path, m in model.named_modules()}
        self._kinds = {path: type(m).__name__ for path, m in model.named_modules()}
        self._leaves = {path for path, m in model.named_modules() if not any(m.children())}
        self._owners = {
            id(p): path for path, m in model.named_modules() for p in m.parameters(recurse=False)
        }
        self._tags: Any = WeakTensorKeyDictionary()
        self._writers: dict[int, StorageWrite] = {}
        self._stack: list[tuple[str, int]] = [("", 0)]
        self._calls: dict[str, int] = {}
        self._position = 0
        self._time = 0
        self._busy = False
        self._counted: set[int] = set()
        self._kept_alive: list[torch.Tensor] = []  # a storage's address must not be used twice
        self._inputs: list[int] = []
        self._markers: list[tuple[int, str]] = []
        self._tracked: list[tuple[int, str]] = []
        self._batch = 1

    # The pass.

    def enter(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Make a record of each input tensor."""
        size: tuple[int, int] | None = None
        for name, value in zip(_names(model, len(inputs)), inputs, strict=True):
            for tensor in tensors_in(value):
                if tensor.dim() and not self._inputs:
                    self._batch = int(tensor.shape[0])
                at = 1 if tensor.dim() >= 3 else tensor.dim() - 1
                shape = tuple(tensor.shape)
                label = "×".join(str(n) for n in shape[1:]) or "value"
                layout = AxisLayout(at if at > 0 else None, shape[2:] if len(shape) == 4 else None)
                form = infer_map_layout(shape, layout, False, self._batch)
                size = size or (form.shape[1], form.shape[2])
                field = field_of_input(shape, size)
                record = self._add(-1, None, 0, "input", label, (), shape, layout, field)
                record.module = name
                self._inputs.append(record.id)
                self._tags[tensor] = TensorOrigin(record.id, self._time, layout, field)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Global hooks: those of single modules raise on ScriptModules."""
        before = hooks.register_module_forward_pre_hook(self._before)
        after = hooks.register_module_forward_hook(self._after)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def finish(self, name: str, result: Any) -> Trace:
        """The trace, ending in the tensors of the model's result."""
        outputs: list[int] = []
        for tensor in tensors_in(result):
            source = self._source(tensor)
            if source and source.record != CONSTANT and source.record not in outputs:
                outputs.append(source.record)
        return Trace(
            name, self.records, self._inputs, outputs, self._position, self._kinds, self._batch,
            self._markers, self._tracked,
        )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._busy:
            return func(*args, **kwargs)
        position = self._position
        self._position += 1
        taken = list(tensors_in((args, kwargs)))
        versions = [version_of(t) for t in taken]
        shapes = [t.shape for t in taken]
        sources = [self._source(t) for t in taken]
        result = func(*args, **kwargs)
        made = list(tensors_in(result)) if isinstance(result, torch.Tensor | list | tuple) else []
        changed = [t for t, v in zip(taken, versions, strict=True) if version_of(t) != v]
        if made or changed:
            self._note(func, position, args, kwargs, taken, shapes, sources, made, changed)
        return result

    def _note(
        self,
        func: Any,
        position: int,
        args: Any,
        kwargs: Mapping[str, Any],
        taken: Sequence[torch.Tensor],
        shapes: Sequence[torch.Size],
        sources: Sequence[TensorOrigin | None],
        made: list[torch.Tensor],
        changed: list[torch.Tensor],
    ) -> None:
        self._time += 1
        operation = ops.operation_name(func)
        known = [
            (t, shape, tag)
            for t, shape, tag in zip(taken, shapes, sources, strict=True)
            if tag is not None and tag.record != CONSTANT
        ]
        real = [(t, tag) for t, _, tag in known]
        results = made or changed
        if not real or operation in ops.FACTORIES:
            for tensor in made:
                self._tags[tensor] = TensorOrigin(CONSTANT, self._time, AxisLayout())
            return
        if operation in ops.VIEW_OPS and not changed:
            self._alias(operation, args, known, made)
            return
        first = next((i for i, t in enumerate(results) if t.is_floating_point()), 0)
        shown = results[first]
        attention = operation == "attention" or _is_attention_map(operation, shown)
        pairs = [(tuple(t.shape), tag.axis_layout) for t, tag in real]
        layout = layout_after_operation(operation, tuple(shown.shape), pairs, attention)
        names = ops.bind_arguments(func, operation, args, kwargs)
        weights = head_weights_shape(names) if operation == "attention" else None
        fields = {id(t): tag.pixel_field for t, tag in real if tag.pixel_field is not None}
        call = Call(func, operation, args, kwargs, names, taken, fields)
        reshaped = any(t.shape != shape for t, shape, _ in known)
        field = global_field([*fields.values()]) if reshaped else field_of_result(call, shown)
        record = self._add(
            position, func, first if made else -1, operation,
            ops.operation_label(operation, names, shown),
            tuple(dict.fromkeys(tag.record for _, tag in real)), weights or tuple(shown.shape),
            layout, field,
        )  # fmt: skip
        record.is_attention = weights is not None or _is_attention_map(operation, shown)
        record.own_parameters = self._first_used(taken)
        record.weight_module = self._owners.get(id(names.get("weight")), record.module)
        seen = {id(shown): field}
        for tensor in (*made, *changed):
            if id(tensor) not in seen:
                alike = reshaped or tensor.shape == shown.shape
                seen[id(tensor)] = field if alike else field_of_result(call, tensor)
        for tensor in made:
            self._tags[tensor] = TensorOrigin(record.id, self._time, layout, seen[id(tensor)])
        for tensor in changed:
            self._kept_alive.append(tensor)
            self._write(tensor, record.id, seen[id(tensor)])
            if tensor not in self._tags or self._tags[tensor].record == CONSTANT:
                self._tags[tensor] = TensorOrigin(record.id, self._time, layout, seen[id(tensor)])

    def _write(self, tensor: torch.Tensor, record: int, field: PixelField) -> None:
        """Note who wrote through a tensor, and the field of all that was written so far."""
        storage = tensor.untyped_storage()._cdata
        before, geometry = self._writers.get(storage), Geometry.of(tensor)
        seen: Geometry | None = geometry
        if before is not None and before.geometry is None:
            field, seen = global_field([before.pixel_field, field]), None
        elif before is not None and before.geometry is not None and before.geometry != geometry:
            if lies_within(geometry, before.geometry):
                back = pull_back(field, geometry, before.geometry)
                field, seen = (
                    join_fields([before.pixel_field, back], before.geometry.shape),
                    before.geometry,
                )
            elif not lies_within(before.geometry, geometry):
                field, seen = global_field([before.pixel_field, field]), None
        self._writers[storage] = StorageWrite(record, self._time, field, seen)

    def _alias(
        self,
        operation: str,
        args: Any,
        known: Sequence[tuple[torch.Tensor, torch.Size, TensorOrigin]],
        made: list[torch.Tensor],
    ) -> None:
        old, before, tag = known[0]
        for tensor in made:
            rest = args[1:] if isinstance(args, tuple) else ()
            layout = layout_after_view(
                operation, rest, tuple(old.shape), tuple(tensor.shape), tag.axis_layout
            )
            field = tag.pixel_field and field_of_view(
                operation, old, before, tag.pixel_field, tensor
            )
            for other, size, its in known[1:]:  # as broadcast_tensors gives several
                if its.pixel_field and shares_storage(other, tensor):
                    field = field_of_view(operation, other, size, its.pixel_field, tensor)
            self._tags[tensor] = TensorOrigin(tag.record, self._time, layout, field)

    def _source(self, tensor: torch.Tensor) -> TensorOrigin | None:
        """Where the numbers in a tensor last came from."""
        tag: TensorOrigin | None = self._tags.get(tensor)
        if not self._writers:
            return tag
        try:
            storage = tensor.untyped_storage()._cdata
        except (RuntimeError, NotImplementedError):  # sparse and other tensors without a storage
            return tag
        writer = self._writers.get(storage)
        if writer is None or (tag is not None and tag.time >= writer.time):
            return tag
        layout = tag.axis_layout if tag is not None else AxisLayout()
        field = _as_written(
            Geometry.of(tensor), tag.pixel_field if tag is not None else None, writer
        )
        return TensorOrigin(writer.record, writer.time, layout, field)

    def _add(
        self, position: int, func: Any, part: int, operation: str, label: str,
        sources: tuple[int, ...], shape: tuple[int, ...], layout: AxisLayout, field: PixelField,
    ) -> OpRecord:  # fmt: skip
        path, call = self._stack[-1]
        record = OpRecord(
            len(self.records), position, func, part, operation, label, path, path in self._leaves,
            call, sources, shape, layout, field,
        )  # fmt: skip
        self.records.append(record)
        return record

    def _first_used(self, taken: Sequence[torch.Tensor]) -> tuple[nn.Parameter, ...]:
        """Parameters among the arguments; shared ones belong to who used them first."""
        new = {
            id(t): t for t in taken if isinstance(t, nn.Parameter) and id(t) not in self._counted
        }
        self._counted.update(new)
        return tuple(new.values())

    # The modules.

    def _before(self, module: nn.Module, args: Any) -> None:
        path = self._paths.get(id(module))
        if path is not None:
            call = self._calls.get(path, 0)
            self._calls[path] = call + 1
            self._stack.append((path, call))

    def _after(self, module: nn.Module, args: Any, result: Any) -> None:
        path = self._paths.get(id(module))
        if path is None:
            return
        self._busy = True
        try:
            self._record_opaque_module(module, args, result)
            if isinstance(module, Tracker | Marker):
                self._signpost(module, path, result)
        finally:
            self._busy = False
            if len(self._stack) > 1:
                self._stack.pop()

    def _signpost(self, module: nn.Module, path: str, result: Any) -> None:
        for tensor in tensors_in(result):
            tag = self._source(tensor)
            if tag is not None and tag.record != CONSTANT:
                if isinstance(module, Marker):
                    self._markers.append((tag.record, module.text))
                elif isinstance(module, Tracker):
                    self._tracked.append((tag.record, module.name or path))

    def _record_opaque_module(self, module: nn.Module, args: Any, result: Any) -> None:
        """A result that no function in sight made (a ScriptModule, a custom autograd function):
        the module as a whole is the operation."""
        made = [t for t in tensors_in(result) if self._source(t) is None]
        made = [t for t in made if not isinstance(t, nn.Parameter) and t.is_floating_point()]
        sources = [(t, self._source(t)) for t in tensors_in(args)]
        real = [(t, tag) for t, tag in sources if tag is not None and tag.record != CONSTANT]
        if not made or not real:
            return
        self._time += 1
        kind = type(module).__name__
        kind = getattr(module, "original_name", kind)
        pairs = [(tuple(t.shape), tag.axis_layout) for t, tag in real]
        shape = tuple(made[0].shape)
        layout = layout_after_operation("module", shape, pairs)
        if layout.channel_axis is None and len(shape) == 4:
            layout = AxisLayout(1, (shape[2], shape[3]))
        found = tuple(dict.fromkeys(tag.record for _, tag in real))
        part = [id(t) for t in tensors_in(result)].index(id(made[0]))
        field = global_field([tag.pixel_field for _, tag in real if tag.pixel_field is not None])
        record = self._add(-1, None, part, "module", kind, found, shape, layout, field)
        record.own_parameters = self._first_used(list(module.parameters()))
        record.is_leaf_module = True
        for tensor in made:
            self._tags[tensor] = TensorOrigin(record.id, self._time, layout, field)


def _as_written(geometry: Geometry, before: PixelField | None, writer: StorageWrite) -> PixelField:
    """The field of a tensor of this geometry, once something was written into its storage.

    before: of what it held when it was made.
    """
    if writer.geometry == geometry:
        return writer.pixel_field
    fields = [writer.pixel_field] if before is None else [writer.pixel_field, before]
    if writer.geometry is None:
        return global_field(fields)
    if lies_within(writer.geometry, geometry):
        return join_fields(
            [*fields[1:], pull_back(writer.pixel_field, writer.geometry, geometry)], geometry.shape
        )
    if lies_within(geometry, writer.geometry):
        return push_through_view(writer.pixel_field, writer.geometry, geometry)
    return global_field(fields)


def version_of(tensor: torch.Tensor) -> int:
    """A number that grows when a tensor is written to; inference tensors do not count."""
    return 0 if tensor.is_inference() else int(tensor._version)


def _is_attention_map(operation: str, result: torch.Tensor) -> bool:
    """Softmax over keys, written out by hand: (N, heads, queries, keys)."""
    return operation == "softmax" and result.dim() == 4 and result.shape[-1] > 1


def _names(model: nn.Module, count: int) -> list[str]:
    if count == 1:
        return ["input"]
    try:
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        names = [n for n, p in signature(model.forward).parameters.items() if p.kind in kinds]
    except (TypeError, ValueError):
        names = []
    return [names[i] if i < len(names) else f"input{i + 1}" for i in range(count)]
