"""The record of one real forward pass: each operation, what it took, and where in the model it ran.

A `TorchFunctionMode` sees each function that a person wrote; global module hooks tell which module
it ran in. `origins` tells what each tensor came from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, is_dataclass
from inspect import Parameter, signature
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs, ModelInputs, call_model
from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import head_weights_shape
from vrnn.compute.operators.receptive_field import PixelField
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
from vrnn.compute.tracing.origins import OriginTable, TensorOrigin


@dataclass(eq=False)
class OpRecord:
    """One operation as it ran.

    Attributes:
        id: Index in the trace's records.
        call_index: Number of the function call in the pass; -1 for inputs, and for what an opaque
            module did, which `module` and `module_call` find again.
        function: The torch function; None for inputs and opaque modules.
        output_index: Which of the call's results this is; -1 for a tensor that it wrote into and
            did not return.
        operation: Canonical name of the operation; `input` or `module` where there is none.
        label: What people read.
        module: Path of the innermost module that it ran in.
        is_leaf_module: Whether that module has no children.
        module_call: 0, 1, … when that module runs more than once.
        sources: Ids of the records whose data it took, in order.
        shape: Shape of the result with its batch.
        axis_layout: What is known of the result's axes.
        pixel_field: Which pixels of the input the result's positions can depend on.
        is_attention: Whether the attention weights of each head are shown; `shape` is of those.
        own_parameters: The parameters that it was the first to use.
        weight_module: Path of the module that owns the weight of a convolution or linear layer.
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
        batch_size: Number of samples in the pass.
        markers: Record id and text of each `Marker`.
        tracked: Record id and name of each `Tracker`.
    """

    name: str
    records: list[OpRecord]
    inputs: list[int]
    outputs: list[int]
    call_count: int
    module_types: dict[str, str]
    batch_size: int = 1
    markers: list[tuple[int, str]] = field(default_factory=list)
    tracked: list[tuple[int, str]] = field(default_factory=list)


class _Source(NamedTuple):
    """A tensor that an operation took and that depends on the input. shape: before the call."""

    tensor: torch.Tensor
    shape: torch.Size
    origin: TensorOrigin


class _CallEffects(NamedTuple):
    """What a function call did.

    Attributes:
        taken: All tensors among its arguments.
        sources: Those of them that depend on the input.
        made: Tensors that it returned.
        changed: Tensors among `taken` that it wrote into.
    """

    taken: list[torch.Tensor]
    sources: list[_Source]
    made: list[torch.Tensor]
    changed: list[torch.Tensor]


def trace(model: nn.Module, inputs: Inputs, name: str) -> Trace:
    """Run a model once and record what it does.

    The model is left as it was. Exceptions of the model itself pass through unchanged.

    Args:
        model: The model.
        inputs: Its arguments.
        name: What the trace is called.
    """
    recorder = _Recorder(model)
    with evaluation_mode(model), recorder.watching_modules(), torch.no_grad():
        recorder.record_inputs(model, inputs)
        with recorder:
            result = call_model(model, inputs)
    return recorder.finish(name, result)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, without compiled code, and every module back afterwards."""
    training = [module for module in nn.Module.modules(model) if module.training]
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
    """Yield all tensors in nested lists, tuples, dicts, data classes and plain objects, in order.

    Args:
        value: Where to look.
        depth: Levels to descend at most.
    """
    if isinstance(value, torch.Tensor):
        yield value
    elif depth and isinstance(value, list | tuple | set):
        for item in value:
            yield from tensors_in(item, depth - 1)
    elif depth and isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item, depth - 1)
    elif depth and (is_dataclass(value) or _package_of(value) not in _WITHOUT_TENSORS):
        for item in getattr(value, "__dict__", {}).values():
            yield from tensors_in(item, depth - 1)


_WITHOUT_TENSORS = frozenset({"builtins", "torch", "numpy", "typing", "types"})
"""Packages whose objects are not looked into."""


def _package_of(value: Any) -> str:
    return type(value).__module__.split(".")[0]


class _ModuleStack:
    """Which module runs.

    Attributes:
        paths: Path of each module, by `id`.
        leaves: Paths of the modules without children.
    """

    def __init__(self, model: nn.Module) -> None:
        self.paths = {id(m): path for path, m in model.named_modules()}
        self.leaves = {path for path, m in model.named_modules() if not any(m.children())}
        self._stack: list[tuple[str, int]] = [("", 0)]
        self._calls: dict[str, int] = {}

    @property
    def current(self) -> tuple[str, int]:
        """Path of the innermost module that runs, and the number of its call."""
        return self._stack[-1]

    def enter(self, module: nn.Module) -> None:
        """Note that a module begins to run."""
        path = self.paths.get(id(module))
        if path is not None:
            call = self._calls.get(path, 0)
            self._calls[path] = call + 1
            self._stack.append((path, call))

    def leave(self) -> None:
        """Note that the innermost module has ended."""
        if len(self._stack) > 1:
            self._stack.pop()


class _Recorder(TorchFunctionMode):
    """Makes a trace while it is active, with module hooks of its own."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.records: list[OpRecord] = []
        self._modules = _ModuleStack(model)
        self._types = {path: type(m).__name__ for path, m in model.named_modules()}
        self._owners = {
            id(p): path for path, m in model.named_modules() for p in m.parameters(recurse=False)
        }
        self._origins = OriginTable()
        self._call_index = 0
        self._is_paused = False
        self._used_parameters: set[int] = set()
        self._inputs: list[int] = []
        self._markers: list[tuple[int, str]] = []
        self._tracked: list[tuple[int, str]] = []
        self._batch_size = 1

    # The pass.

    def record_inputs(self, model: nn.Module, inputs: Inputs) -> None:
        """Make a record of each input tensor."""
        size: tuple[int, int] | None = None
        for name, value in zip(_input_names(model, inputs), inputs, strict=True):
            for tensor in tensors_in(value):
                if tensor.dim() and not self._inputs:
                    self._batch_size = int(tensor.shape[0])
                axis = 1 if tensor.dim() >= 3 else tensor.dim() - 1
                shape = tuple(tensor.shape)
                label = "×".join(str(n) for n in shape[1:]) or "value"
                grid = shape[2:] if len(shape) == 4 else None
                axis_layout = AxisLayout(axis if axis > 0 else None, grid)
                map_layout = infer_map_layout(shape, axis_layout, False, self._batch_size)
                size = size or (map_layout.shape[1], map_layout.shape[2])
                pixel_field = field_of_input(shape, size)
                record = self._add_record(
                    operation="input", label=label, shape=shape, axis_layout=axis_layout,
                    pixel_field=pixel_field,
                )  # fmt: skip
                record.module = name
                self._inputs.append(record.id)
                self._origins.set(tensor, record.id, axis_layout, pixel_field)

    @contextmanager
    def watching_modules(self) -> Iterator[None]:
        """Install global hooks: those of single modules raise on ScriptModules."""
        before = hooks.register_module_forward_pre_hook(self._before_module)
        after = hooks.register_module_forward_hook(self._after_module)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def finish(self, name: str, result: Any) -> Trace:
        """Return the trace, ending in the tensors of the model's result."""
        outputs: list[int] = []
        for tensor in tensors_in(result):
            origin = self._origins.get(tensor)
            if origin and origin.depends_on_input and origin.record not in outputs:
                outputs.append(origin.record)
        return Trace(
            name, self.records, self._inputs, outputs, self._call_index, self._types,
            self._batch_size, self._markers, self._tracked,
        )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._is_paused:
            return func(*args, **kwargs)
        call_index = self._call_index
        self._call_index += 1
        taken = list(tensors_in((args, kwargs)))
        versions = [version_of(t) for t in taken]
        shapes = [t.shape for t in taken]
        origins = [self._origins.get(t) for t in taken]
        result = func(*args, **kwargs)
        made = list(tensors_in(result)) if isinstance(result, torch.Tensor | list | tuple) else []
        changed = [t for t, v in zip(taken, versions, strict=True) if version_of(t) != v]
        if made or changed:
            sources = [
                _Source(t, shape, origin)
                for t, shape, origin in zip(taken, shapes, origins, strict=True)
                if origin is not None and origin.depends_on_input
            ]
            effects = _CallEffects(taken, sources, made, changed)
            self._record_call(func, call_index, args, kwargs, effects)
        return result

    def _record_call(
        self, func: Any, call_index: int, args: Any, kwargs: Mapping[str, Any], did: _CallEffects
    ) -> None:
        self._origins.advance()
        operation = catalog.operation_name(func)
        role = catalog.lookup(operation).role
        if not did.sources or role == "factory":
            for tensor in did.made:
                self._origins.set_constant(tensor)
            return
        if role == "view" and not did.changed:
            self._record_view(operation, args, did)
            return
        results = did.made or did.changed
        first = next((i for i, t in enumerate(results) if t.is_floating_point()), 0)
        shown = results[first]
        is_attention_map = _is_attention_map(operation, shown)
        axis_layout = layout_after_operation(
            operation,
            tuple(shown.shape),
            [(tuple(s.tensor.shape), s.origin.axis_layout) for s in did.sources],
            operation == "attention" or is_attention_map,
        )
        arguments = catalog.bind_arguments(func, operation, args, kwargs)
        weights_shape = head_weights_shape(arguments) if operation == "attention" else None
        fields = {id(s.tensor): s.origin.pixel_field for s in did.sources if s.origin.pixel_field}
        call = Call(func, operation, args, kwargs, arguments, did.taken, fields)
        pixel_fields = _fields_of_results(call, did, shown)
        record = self._add_record(
            operation=operation,
            label=catalog.operation_label(operation, arguments, shown),
            shape=weights_shape or tuple(shown.shape),
            axis_layout=axis_layout,
            pixel_field=pixel_fields[id(shown)],
            sources=tuple(dict.fromkeys(s.origin.record for s in did.sources)),
        )
        record.call_index, record.function = call_index, func
        record.output_index = first if did.made else -1
        record.is_attention = weights_shape is not None or is_attention_map
        record.own_parameters = self._take_unused_parameters(did.taken)
        record.weight_module = self._owners.get(id(arguments.get("weight")), record.module)
        for tensor in did.made:
            self._origins.set(tensor, record.id, axis_layout, pixel_fields[id(tensor)])
        for tensor in did.changed:
            self._origins.set_written(tensor, record.id, axis_layout, pixel_fields[id(tensor)])

    def _record_view(self, operation: str, args: Any, did: _CallEffects) -> None:
        """Give views the origin of what they view."""
        old, before, origin = did.sources[0]
        for tensor in did.made:
            rest = args[1:] if isinstance(args, tuple) else ()
            axis_layout = layout_after_view(
                operation, rest, tuple(old.shape), tuple(tensor.shape), origin.axis_layout
            )
            pixel_field = origin.pixel_field and field_of_view(
                operation, old, before, origin.pixel_field, tensor
            )
            for other, shape, its in did.sources[1:]:  # as broadcast_tensors gives several
                if its.pixel_field and shares_storage(other, tensor):
                    pixel_field = field_of_view(operation, other, shape, its.pixel_field, tensor)
            self._origins.set(tensor, origin.record, axis_layout, pixel_field)

    def _add_record(
        self, *, operation: str, label: str, shape: tuple[int, ...], axis_layout: AxisLayout,
        pixel_field: PixelField, sources: tuple[int, ...] = (),
    ) -> OpRecord:  # fmt: skip
        """Add the record of an operation in the current module, as of no function call."""
        path, module_call = self._modules.current
        record = OpRecord(
            len(self.records), -1, None, 0, operation, label, path, path in self._modules.leaves,
            module_call, sources, shape, axis_layout, pixel_field,
        )  # fmt: skip
        self.records.append(record)
        return record

    def _take_unused_parameters(self, taken: Sequence[torch.Tensor]) -> tuple[nn.Parameter, ...]:
        """Parameters among the arguments; shared ones belong to who used them first."""
        new = {
            id(t): t
            for t in taken
            if isinstance(t, nn.Parameter) and id(t) not in self._used_parameters
        }
        self._used_parameters.update(new)
        return tuple(new.values())

    # The modules.

    def _before_module(self, module: nn.Module, args: Any) -> None:
        self._modules.enter(module)

    def _after_module(self, module: nn.Module, args: Any, result: Any) -> None:
        path = self._modules.paths.get(id(module))
        if path is None:
            return
        self._is_paused = True
        try:
            self._record_opaque_module(module, args, result)
            if isinstance(module, Tracker | Marker):
                self._record_annotation(module, path, result)
        finally:
            self._is_paused = False
            self._modules.leave()

    def _record_annotation(self, module: Tracker | Marker, path: str, result: Any) -> None:
        for tensor in tensors_in(result):
            origin = self._origins.get(tensor)
            if origin is not None and origin.depends_on_input:
                if isinstance(module, Marker):
                    self._markers.append((origin.record, module.text))
                else:
                    self._tracked.append((origin.record, module.name or path))

    def _record_opaque_module(self, module: nn.Module, args: Any, result: Any) -> None:
        """Record a module as one operation if no traced function made its result.

        Such are ScriptModules and custom autograd functions.
        """
        made = [t for t in tensors_in(result) if self._origins.get(t) is None]
        made = [t for t in made if not isinstance(t, nn.Parameter) and t.is_floating_point()]
        origins = [(t, self._origins.get(t)) for t in tensors_in(args)]
        sources = [(t, o) for t, o in origins if o is not None and o.depends_on_input]
        if not made or not sources:
            return
        self._origins.advance()
        shape = tuple(made[0].shape)
        axis_layout = layout_after_operation(
            "module", shape, [(tuple(t.shape), origin.axis_layout) for t, origin in sources]
        )
        if axis_layout.channel_axis is None and len(shape) == 4:
            axis_layout = AxisLayout(1, (shape[2], shape[3]))
        record = self._add_record(
            operation="module",
            label=getattr(module, "original_name", type(module).__name__),
            shape=shape,
            axis_layout=axis_layout,
            pixel_field=global_field(
                [origin.pixel_field for _, origin in sources if origin.pixel_field is not None]
            ),
            sources=tuple(dict.fromkeys(origin.record for _, origin in sources)),
        )
        record.output_index = [id(t) for t in tensors_in(result)].index(id(made[0]))
        record.own_parameters = self._take_unused_parameters(list(module.parameters()))
        record.is_leaf_module = True
        for tensor in made:
            self._origins.set(tensor, record.id, axis_layout, record.pixel_field)


def _fields_of_results(call: Call, did: _CallEffects, shown: torch.Tensor) -> dict[int, PixelField]:
    """The fields of all tensors that a call made or changed, by `id`.

    shown: the one of which a record is made; others of the same shape have its field.
    """
    is_reshaped = any(s.tensor.shape != s.shape for s in did.sources)
    field = global_field([*call.fields.values()]) if is_reshaped else field_of_result(call, shown)
    fields = {id(shown): field}
    for tensor in (*did.made, *did.changed):
        if id(tensor) not in fields:
            is_alike = is_reshaped or tensor.shape == shown.shape
            fields[id(tensor)] = field if is_alike else field_of_result(call, tensor)
    return fields


def version_of(tensor: torch.Tensor) -> int:
    """Return a number that grows when a tensor is written to; 0 for inference tensors."""
    return 0 if tensor.is_inference() else int(tensor._version)


def _is_attention_map(operation: str, result: torch.Tensor) -> bool:
    """Softmax over keys, written out by hand: (N, heads, queries, keys)."""
    return operation == "softmax" and result.dim() == 4 and result.shape[-1] > 1


def _input_names(model: nn.Module, inputs: Inputs) -> list[str]:
    keywords = list(inputs.kwargs) if isinstance(inputs, ModelInputs) else []
    count = len(list(inputs)) - len(keywords)
    if count + len(keywords) == 1:
        return ["input"]
    try:
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        names = [n for n, p in signature(model.forward).parameters.items() if p.kind in kinds]
    except (TypeError, ValueError):
        names = []
    positional = [names[i] if i < len(names) else f"input{i + 1}" for i in range(count)]
    return positional + keywords
