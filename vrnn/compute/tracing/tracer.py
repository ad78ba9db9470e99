"""The record of one real forward pass: each operation, what it took, and where in the model it ran.

A `TorchFunctionMode` sees each function that a person wrote; global module hooks tell which module
it ran in. `origins` tells what each tensor came from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs, ModelInputs, call_model
from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import compute_head_weights, head_weights_shape
from vrnn.compute.operators.axis_factors import Axes, Evidence
from vrnn.compute.operators.axis_product_rules import attention_axes
from vrnn.compute.operators.axis_rules import AxisCall
from vrnn.compute.operators.receptive_field import PixelField
from vrnn.compute.operators.receptive_field_rules import (
    Call,
    field_of_input,
    field_of_result,
    field_of_view,
    global_field,
)
from vrnn.compute.tracing.annotations import Marker, Tracker
from vrnn.compute.tracing.arguments import (
    has_tensor_index,
    is_constant_layer,
    overwritten,
    sources_of_views,
)
from vrnn.compute.tracing.axis_assumptions import assume_roles
from vrnn.compute.tracing.axis_follower import AxisFollower, is_attention_map
from vrnn.compute.tracing.calls import CustomFunction, watch_calls
from vrnn.compute.tracing.gaps import ENTRIES, EXITS, GapSource, GapTable
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.input_places import Places, input_places
from vrnn.compute.tracing.map_layouts import places_of_axes, read_tensor
from vrnn.compute.tracing.module_stack import (
    ModuleStack,
    kept_values,
    named_modules,
    named_parameters,
    parameters_of,
)
from vrnn.compute.tracing.origins import OriginTable, TensorOrigin
from vrnn.compute.tracing.resized_pass import measure_roles
from vrnn.compute.tracing.tensors import (
    innermost_tensor,
    list_tensors,
    plain_tensor,
    result_tensors,
    tensors_in,
    versions_of,
)
from vrnn.errors import VrnnError
from vrnn.network.axes import SAMPLE_ROLES, AxisRole


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
        gradients: Whether the model takes gradients in its pass.
        unmatched_entries: See `GapTable`.
        results: The record of each of the `result_tensors`; None for those that do not depend on
            the input.
        result: What the model returned; None unless tensors were asked for.
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
    gradients: bool = False
    unmatched_entries: int = 0
    results: list[int | None] = field(default_factory=list)
    result: Any = None


class _Source(NamedTuple):
    """A tensor that an operation took and that another one made. shape: before the call."""

    tensor: torch.Tensor
    shape: torch.Size
    origin: TensorOrigin


class _CallEffects(NamedTuple):
    """What a function call did.

    Attributes:
        taken: All tensors among its arguments.
        origins: Where each of those came from; None for a constant that no one has seen before.
        sources: Those of them that an operation of the graph made, and whose numbers count.
        made: Tensors that it returned.
        changed: Tensors among `taken` that it wrote into.
    """

    taken: list[torch.Tensor]
    origins: list[TensorOrigin | None]
    sources: list[_Source]
    made: list[torch.Tensor]
    changed: list[torch.Tensor]

    @property
    def results(self) -> list[torch.Tensor]:
        """What it made or changed, each once."""
        if not self.changed:
            return self.made
        made = {id(t) for t in self.made}
        return [*self.made, *(t for t in self.changed if id(t) not in made)]


def trace(
    model: nn.Module,
    inputs: Inputs,
    name: str,
    roles: Sequence[Sequence[AxisRole]] = (),
    log: GradientLog | None = None,
    tensors: dict[int, torch.Tensor] | None = None,
) -> Trace:
    """Run a model once and record what it does.

    It runs again if it takes gradients, or if something is computed where the first pass does not
    look. The model is left as it was. Exceptions of the model itself pass through unchanged.

    Args:
        model: The model.
        inputs: Its arguments.
        name: What the trace is called.
        roles: For each tensor of the inputs what its axes hold; () where nothing is said of it.
        log: Takes what autograd records; the pass then has gradients.
        tensors: Takes a copy of the tensor of each record, by the record's id.
    """
    traced = _trace_along(model, inputs, name, roles, [], log, tensors)
    places = [places_of_axes(traced.records[i].axes) for i in traced.inputs]
    followed = [field.axes for i in traced.inputs if (field := traced.records[i].pixel_field)]
    if log is None and places[:1] != followed[:1] and any(p is not None for p in places[0]):
        # Receptive fields were followed along other axes than those of the pixels.
        if places[0] == followed[0][::-1]:  # the model turns its input, which stands upright
            places[0] = followed[0]
        traced = _trace_along(model, inputs, name, roles, places, log, tensors)
    return traced


def _trace_along(
    model: nn.Module, inputs: Inputs, name: str, roles: Sequence[Sequence[AxisRole]],
    places: Sequence[Places], log: GradientLog | None, tensors: dict[int, torch.Tensor] | None,
) -> Trace:  # fmt: skip
    """Trace a model. places: of each tensor of the inputs, as far as they are known."""
    inside_scripts: bool | None = None
    gradients = False
    while True:
        recorder = _Recorder(model, roles, places, log, tensors)
        if inside_scripts is None:
            inside_scripts = recorder.has_scripts
        try:
            with (
                evaluation_mode(model, recorder.modules),
                recorder.watching_modules(),
                torch.set_grad_enabled(gradients or log is not None),
                _without_saved_tensors(log is not None and not gradients),
            ):
                recorder.record_inputs(model, inputs)
                with watch_calls(recorder, inside_scripts and log is None):
                    result = call_model(model, inputs)
        except RuntimeError as error:
            if gradients or (log is None and not asks_for_gradients(error)):
                raise
            gradients = True
            continue
        if inside_scripts or log is not None or not recorder.has_unseen_calls:
            traced = recorder.finish(name, result)
            traced.inside_scripts, traced.gradients = inside_scripts, gradients
            if not (inside_scripts or gradients):
                with evaluation_mode(model, recorder.modules):
                    measure_roles(
                        model, inputs, traced.records, traced.inputs, traced.outputs,
                        traced.call_count,
                    )  # fmt: skip
            assume_roles(record.axes for record in traced.records)
            _label_inputs_without_samples(traced)
            return traced
        inside_scripts = True


def _label_inputs_without_samples(traced: Trace) -> None:
    """Name all axes of an input whose first one does not count samples."""
    for record in (traced.records[i] for i in traced.inputs):
        axes = read_tensor(record.axes).axes
        if axes and axes[0].role not in SAMPLE_ROLES:
            record.label = "×".join(str(n) for n in record.shape)


@contextmanager
def _without_saved_tensors(is_on: bool) -> Iterator[None]:
    """Let autograd record its nodes, but keep no activation for a way back that no one goes."""
    if not is_on:
        yield
        return
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: None, lambda kept: kept):
        yield


def asks_for_gradients(error: RuntimeError) -> bool:
    """Return whether a model failed because it takes gradients and there are none."""
    return "does not require grad" in str(error) or "grad_fn" in str(error)


@contextmanager
def evaluation_mode(
    model: nn.Module, modules: Iterable[tuple[str, nn.Module]] | None = None
) -> Iterator[None]:
    """Put a model into evaluation mode, without compiled code, and every module back afterwards.

    Args:
        model: The model.
        modules: What `named_modules` yields of it, if that is known.
    """
    modules = named_modules(model) if modules is None else modules
    training = [module for _, module in modules if module.training]
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


class _Recorder(TorchFunctionMode):
    """Makes a trace while it is active, with module hooks of its own."""

    def __init__(
        self,
        model: nn.Module,
        roles: Sequence[Sequence[AxisRole]],
        places: Sequence[Places],
        log: GradientLog | None = None,
        tensors: dict[int, torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.records: list[OpRecord] = []
        self._log, self._tensors = log, tensors
        if tensors is not None:
            tensors.clear()
        self.has_unseen_calls = False
        self._modules = ModuleStack(model)
        self._parameters = dict(parameters_of(self._modules.modules))
        self._owners = {id(p): path.rpartition(".")[0] for path, p in self._parameters.items()}
        self._origins = OriginTable()
        for parameter in self._parameters.values():
            self._origins.set_constant(parameter, (parameter,))
        self._gaps = GapTable()
        self._held = _tensors_held(self._modules.modules)
        self._call_index = 0
        self._is_paused = False
        self._with_gradient: set[int] = set()
        self._used_parameters: dict[int, nn.Parameter] = {}
        self._inputs: list[int] = []
        self._markers: list[tuple[int, str]] = []
        self._tracked: list[tuple[int, str]] = []
        self._axes = AxisFollower()
        self._input_roles, self._input_places = roles, places

    @property
    def modules(self) -> Sequence[tuple[str, nn.Module]]:
        """The model's modules by path."""
        return self._modules.modules

    @property
    def has_scripts(self) -> bool:
        """Whether parts of the model are scripted."""
        return any(isinstance(m, torch.jit.ScriptModule) for _, m in self.modules)

    # The pass.

    def record_inputs(self, model: nn.Module, inputs: Inputs) -> None:
        """Make a record of each input tensor."""
        size: tuple[int, int] | None = None
        roles, known_places = iter(self._input_roles), iter(self._input_places)
        for name, value in zip(_input_names(model, inputs), inputs, strict=True):
            for tensor in tensors_in(value):
                shape = tuple(tensor.shape)
                label = "×".join(str(n) for n in shape[1:]) or "value"
                given = next(roles, ())
                places = next(known_places, None)
                places = places or input_places(shape, tensor.is_floating_point(), given)
                own = tuple(1 if axis is None else shape[axis] for axis in places)
                size = size or (own[0], own[1])
                pixel_field = field_of_input(shape, size, places)
                record = self._add_record(
                    operation="input", label=label, shape=shape, pixel_field=pixel_field,
                    axes=self._axes.add_input(tensor, given if len(given) == len(shape) else ()),
                )  # fmt: skip
                row, column = places
                if self._input_places and row is not None and column is not None:
                    record.axes[row][0].claim("height", Evidence.CERTAIN)
                    record.axes[column][0].claim("width", Evidence.CERTAIN)
                record.module = name
                self._inputs.append(record.id)
                self._origins.set(tensor, record.id, pixel_field)
                self._note(record, (), tensor, [tensor])

    @contextmanager
    def watching_modules(self) -> Iterator[None]:
        """Install global hooks: those of single modules raise on ScriptModules."""
        before = hooks.register_module_forward_pre_hook(self._before_module)
        after = hooks.register_module_forward_hook(self._after_module, always_call=True)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def finish(self, name: str, result: Any) -> Trace:
        """Return the trace, ending in the tensors of the model's result."""
        outputs: list[int] = []
        results: list[int | None] = []
        for index, tensor in enumerate(result_tensors(result)):
            origin = self._origins.get(tensor)
            if origin is None and index >= 0:
                origin = self._record_entered_result(tensor, result)
            if origin and origin.has_record and origin.record not in outputs:
                outputs.append(origin.record)
            results.append(origin.record if origin and origin.depends_on_input else None)
        own_parameters(self.records, outputs)
        used = {path for path, p in self._parameters.items() if id(p) in self._used_parameters}
        return Trace(
            name, self.records, self._inputs, outputs, self._call_index, dict(self._modules.types),
            self._markers, self._tracked, self._parameters, frozenset(used),
            unmatched_entries=self._gaps.unmatched, results=results,
            result=None if self._log is None and self._tensors is None else result,
        )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._is_paused:
            return func(*args, **kwargs)
        taken = list_tensors((args, kwargs))
        versions = versions_of(taken)
        shapes = [t.shape for t in taken]
        call_index = self._call_index
        if self._log is not None:
            self._log.on_call()
            self._with_gradient = {id(t) for t in taken if innermost_tensor(t).requires_grad}
        origins = [self._origins.get(t) for t in taken]
        if None in origins:
            for index, origin in enumerate(origins):
                if origin is None:
                    origins[index] = self._meet(taken[index], call_index, index)
        self._call_index += 1
        result = func(*args, **kwargs)
        made = list_tensors(result)
        after = versions_of(taken)
        changed = (
            [] if after == versions
            else [t for t, v, w in zip(taken, versions, after, strict=True) if v != w]
        )  # fmt: skip
        if made or changed:
            sources = [
                _Source(t, shape, origin)
                for t, shape, origin in zip(taken, shapes, origins, strict=True)
                if origin is not None and origin.has_record
            ]
            effects = _CallEffects(taken, origins, sources, made, changed)
            self._record_call(func, call_index, args, kwargs, effects)
        elif taken and catalog.operation_name(func) in EXITS:
            self._gaps.leave(taken[0], origins[0], self._modules.current)
        return result

    def _meet(self, tensor: torch.Tensor, call_index: int, index: int) -> TensorOrigin | None:
        """Return the origin of a tensor that no one has seen before, which a call takes.

        index: which of the tensors that the call takes.
        """
        if isinstance(tensor, nn.Parameter):
            self._origins.set_constant(tensor, (tensor,))
        elif id(tensor) in self._held:
            self._origins.set_constant(tensor)
        elif (origin := self._origins.find_alias(tensor)) is not None:
            self._origins.set_origin(tensor, origin)
        elif sources := self._gaps.enter(tensor):
            self._record_gap(tensor, sources, call_index, -2 - index)
        else:
            self.has_unseen_calls = True
            self._origins.set_constant(tensor)
        return self._origins.get(tensor)

    def _record_gap(
        self, tensor: torch.Tensor, sources: Sequence[GapSource], call_index: int,
        output_index: int,
    ) -> OpRecord:  # fmt: skip
        """Record that a tensor was computed outside torch from what left torch before."""
        self._origins.advance()
        origins = [source.origin for source in sources]
        shape = tuple(plain_tensor(tensor).shape)
        fields = [origin.pixel_field for origin in origins if origin.pixel_field is not None]
        record = self._add_record(
            operation="gap", label=catalog.operation_label("gap", {}, tensor), shape=shape,
            axes=self._axes.axes_of(tensor), pixel_field=global_field(fields) if fields else None,
            sources=tuple(dict.fromkeys(origin.record for origin in origins)),
        )  # fmt: skip
        if call_index >= 0:  # else replay finds it by the module that gave it
            record.module, record.module_call = sources[-1].module
            record.is_leaf_module = record.module in self._modules.leaves
        record.call_index, record.output_index = call_index, output_index
        self._origins.set(tensor, record.id, record.pixel_field)
        self._note(record, (), tensor, [tensor])
        return record

    def _record_entered_result(self, tensor: torch.Tensor, result: Any) -> TensorOrigin | None:
        """Record a tensor of the model's result that was computed outside torch."""
        alias = self._origins.find_alias(tensor)
        sources = self._gaps.enter(tensor) if alias is None else []
        if not sources:
            return alias
        index = [id(t) for t in tensors_in(result)].index(id(tensor))
        self._record_gap(tensor, sources, -1, index)
        return self._origins.get(tensor)

    def _record_call(
        self, func: Any, call_index: int, args: Any, kwargs: Mapping[str, Any], did: _CallEffects
    ) -> None:
        self._origins.advance()
        operation = catalog.operation_name(func)
        if isinstance(func, CustomFunction) and self._is_known(did):
            return
        axis_call = self._axes.follow(func, args, kwargs, did.taken, did.results)
        role = catalog.lookup(operation).role
        if role == "factory":
            for tensor in did.made:
                self._origins.set_constant(tensor)
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
        parameters, is_curved = _constants_of(did.origins)
        path = self._modules.current[0]
        if not did.sources and not (
            parameters and is_constant_layer(operation, arguments, path, is_curved)
        ):
            self._set_constants(operation, did, whole, parameters, is_curved)
            return
        record, pixel_fields = self._record_operation(
            Call(func, operation, args, kwargs, arguments, did.taken, _fields_of(did)), did,
            axis_call,
        )  # fmt: skip
        record.call_index = call_index
        record.parameters = self._use(parameters)
        owners = [self._owners[id(p)] for p in _weights_first(arguments, did, parameters)
                  if id(p) in self._owners]  # fmt: skip
        record.weight_module = owners[0] if owners else record.module
        self._place_in_module(record)
        for tensor in did.made:
            field = pixel_fields.get(id(tensor))
            self._origins.set(tensor, record.id, field)
        for tensor in did.changed:
            field = pixel_fields.get(id(tensor))
            self._origins.set_written(tensor, record.id, field)

    def _record_operation(
        self, call: Call, did: _CallEffects, axis_call: AxisCall
    ) -> tuple[OpRecord, dict[int, PixelField]]:
        """Make the record of a call, and tell the pixel field of each of its results."""
        operation, arguments = call.operation, call.arguments
        results = did.made or did.changed
        first = next((i for i, t in enumerate(results) if t.is_floating_point()), 0)
        shown = results[first]
        axes = self._axes.axes_of(shown)
        is_attention = is_attention_map(axis_call, axes)
        weights_shape = head_weights_shape(arguments) if operation == "attention" else None
        pixel_fields = _fields_of_results(call, did, shown) if call.fields else {}
        record = self._add_record(
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
        if weights_shape is not None and self._tensors is not None:
            weights = compute_head_weights(arguments)
            self._note(record, did.sources, None if weights is None else weights[None], results)
        else:
            self._note(record, did.sources, shown, [*did.made, *did.changed])
        return record, pixel_fields

    def _note(
        self, record: OpRecord, sources: Sequence[_Source], shown: torch.Tensor | None,
        results: Sequence[torch.Tensor],
    ) -> None:  # fmt: skip
        """Tell who wants to know of a record and its tensor."""
        if self._tensors is not None and shown is not None:
            self._tensors[record.id] = plain_tensor(shown).detach().clone()
        if self._log is not None:
            taken = [(s.origin.record, id(s.tensor) in self._with_gradient) for s in sources]
            self._log.note(record.id, taken, results)

    def _identify(
        self, operation: str, axis_call: AxisCall, func: Any, did: _CallEffects
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

    def _indexing(self, args: Any, did: _CallEffects) -> str:
        """What `x[index]` with a tensor in the index is: rows of a table, a choice, or a view."""
        indices = {id(t) for t in tensors_in(args[1])}
        if not any(id(s.tensor) in indices for s in did.sources):
            return "getitem"
        origin = did.origins[0]
        is_table = origin is not None and not origin.has_record and bool(origin.parameters)
        return "embedding" if is_table else "index"

    def _is_known(self, did: _CallEffects) -> bool:
        """Whether the inside of a custom autograd function told all about its results."""
        origins = [self._origins.get(t) for t in did.made]
        return not did.sources or all(o is not None and o.has_record for o in origins)

    def _record_entry(
        self, tensor: torch.Tensor, args: Any, kwargs: Any, call_index: int, func: Any
    ) -> None:
        """Record a tensor that a call made of numbers from outside torch."""
        sources = self._gaps.enter(tensor)
        if not sources:
            self._origins.set_constant(tensor)
            return
        record = self._record_gap(tensor, sources, call_index, 0)
        record.function = func

    def _set_constants(
        self, operation: str, did: _CallEffects, whole: torch.Tensor | None,
        parameters: tuple[nn.Parameter, ...], is_curved: bool,
    ) -> None:  # fmt: skip
        """Note what a call made of constants and parameters alone."""
        if parameters:
            self._use(parameters)
        is_curved = is_curved or catalog.lookup(operation).role == "activation"
        for tensor in did.made:
            self._origins.set_constant(tensor, parameters, is_curved)
        for tensor in did.changed:
            if whole is tensor and not parameters:
                self._origins.forget_write(tensor)
            else:
                self._origins.set_constant_written(tensor, parameters)

    def _record_view(self, operation: str, args: Any, did: _CallEffects) -> None:
        """Give views the origin of what they view."""
        by_id = {id(s.tensor): s for s in did.sources}
        indices = sources_of_views(operation, args, did.taken, len(did.made))
        for tensor, index in zip(did.made, indices, strict=True):
            if index >= len(did.taken):
                self._origins.set_constant(tensor)
                continue
            source, constant = by_id.get(id(did.taken[index])), did.origins[index]
            if source is None:
                parameters = constant.parameters if constant is not None else ()
                self._origins.set_constant(
                    tensor, parameters, constant is not None and constant.is_curved
                )
                if parameters:
                    self._use(parameters)
                continue
            old, before, origin = source
            pixel_field = origin.pixel_field and field_of_view(
                operation, old, before, origin.pixel_field, tensor
            )
            self._origins.set(tensor, origin.record, pixel_field)

    def _place_in_module(self, record: OpRecord) -> None:
        """Give an operation of compiled or exported code the path of the module of its weight.

        No hook tells of the modules inside such code.
        """
        path, inner = record.module, record.weight_module
        is_inside = inner.startswith(f"{path}.") if path else bool(inner)
        if is_inside and hasattr(record.function, "_schema"):
            record.module, record.is_leaf_module = inner, inner in self._modules.leaves
            record.module_call = sum(
                r.module == inner and r.operation == record.operation for r in self.records[:-1]
            )

    def _add_record(
        self, *, operation: str, label: str, shape: tuple[int, ...], axes: Axes,
        pixel_field: PixelField | None, sources: tuple[int, ...] = (),
    ) -> OpRecord:  # fmt: skip
        """Add the record of an operation in the current module, as of no function call."""
        path, module_call = self._modules.current
        record = OpRecord(
            len(self.records), -1, None, 0, operation, label, path, path in self._modules.leaves,
            module_call, sources, shape, axes, pixel_field,
        )  # fmt: skip
        self.records.append(record)
        return record

    def _use(self, parameters: tuple[nn.Parameter, ...]) -> tuple[nn.Parameter, ...]:
        """Note that parameters are used."""
        self._used_parameters.update((id(p), p) for p in parameters)
        return parameters

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
            self._modules.leave(module)

    def _record_annotation(self, module: Tracker | Marker, path: str, result: Any) -> None:
        for tensor in tensors_in(result):
            origin = self._origins.get(tensor)
            if origin is not None and origin.has_record:
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
        made = [t for t in made if id(t) not in self._held]
        made = [t for t in made if self._origins.find_alias(t) is None]
        if not made:
            return
        origins = [(t, self._origins.get(t)) for t in tensors_in(args)]
        sources = [(t, o) for t, o in origins if o is not None and o.has_record]
        if not sources or self._has_left_from(module):
            return
        if not isinstance(module, torch.jit.ScriptModule) and len(module._modules):
            self.has_unseen_calls = True
        self._origins.advance()
        shape = tuple(made[0].shape)
        self._axes.follow_module([t for t, _ in sources], made)
        fields = [origin.pixel_field for _, origin in sources if origin.pixel_field is not None]
        record = self._add_record(
            operation="module",
            label=getattr(module, "original_name", type(module).__name__),
            shape=shape,
            axes=self._axes.axes_of(made[0]),
            pixel_field=global_field(fields) if fields else None,
            sources=tuple(dict.fromkeys(origin.record for _, origin in sources)),
        )
        record.output_index = [id(t) for t in tensors_in(result)].index(id(made[0]))
        unused = [
            p for _, p in named_parameters(module) if id(p) not in self._used_parameters
        ]  # fmt: skip
        record.parameters = self._use(tuple(unused))
        record.is_leaf_module = True
        for tensor in made:
            self._origins.set(tensor, record.id, record.pixel_field)
        self._with_gradient = {id(t) for t, _ in sources if t.requires_grad}
        self._note(record, [_Source(t, t.shape, o) for t, o in sources], made[0], made)

    def _has_left_from(self, module: nn.Module) -> bool:
        """Whether what a module computed itself has left torch, so that its result is a gap."""
        path, call = self._modules.current
        records = [self.records[i] for i in self._gaps.records]
        return any(r.module == path and r.module_call == call for r in records) or (
            bool(len(module._modules)) and bool(records)
        )


def _tensors_held(modules: Iterable[tuple[str, nn.Module]]) -> dict[int, torch.Tensor]:
    """Tensors that the modules hold as buffers or plain attributes, by `id`."""
    held: dict[int, torch.Tensor] = {}
    for _, module in modules:
        held.update((id(t), t) for t in list_tensors(kept_values(module), 3))
        if isinstance(module, torch.jit.ScriptModule):
            held.update((id(b), b) for b in module.buffers(recurse=False))
    return held


def _constants_of(
    origins: Sequence[TensorOrigin | None],
) -> tuple[tuple[nn.Parameter, ...], bool]:
    """The parameters that no operation of the graph has taken before, each once.

    And whether an activation was applied to some of them.
    """
    parameters: dict[int, nn.Parameter] = {}
    is_curved = False
    for origin in origins:
        if origin is not None and not origin.has_record:
            parameters.update((id(p), p) for p in origin.parameters)
            is_curved = is_curved or origin.is_curved
    return tuple(parameters.values()), is_curved


def _weights_first(
    arguments: Mapping[str, Any], did: _CallEffects, parameters: Sequence[nn.Parameter]
) -> list[nn.Parameter]:
    """The parameters that a call used, those of its weight first."""
    weight = arguments.get("weight")
    first: list[nn.Parameter] = []
    for tensor, origin in zip(did.taken, did.origins, strict=True):
        if origin is not None and (tensor is weight or tensor.dim() > 1):
            if tensor is weight:
                first = [*origin.parameters, *first]
            else:
                first += origin.parameters
    return [*first, *parameters]


def _fields_of(did: _CallEffects) -> dict[int, PixelField]:
    return {id(s.tensor): s.origin.pixel_field for s in did.sources if s.origin.pixel_field}


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


def input_roles(
    model: nn.Module, inputs: Inputs, axes: Mapping[str, Sequence[AxisRole]]
) -> list[Sequence[AxisRole]]:
    """Return what the axes of each tensor of a model's inputs hold, () where nothing is said.

    Args:
        model: The model.
        inputs: Its arguments.
        axes: What is said, by the name of the input; '' is the first one.

    Raises:
        VrnnError: There is no such input, or it has another number of axes.
    """
    if not axes:
        return []
    names = _input_names(model, inputs)
    unknown = sorted(axes.keys() - {"", *names})
    if unknown:
        raise VrnnError(
            f"axes are given for '{unknown[0]}', but the model's inputs are {', '.join(names)}"
        )
    roles: list[Sequence[AxisRole]] = []
    for name, value in zip(names, inputs, strict=True):
        for tensor in tensors_in(value):
            given = axes.get(name, () if roles else axes.get("", ()))
            if given and len(given) != tensor.dim():
                raise VrnnError(
                    f"axes names {len(given)} axes of '{name}' ({' '.join(given)}), but it has "
                    f"{tensor.dim()}: {'×'.join(str(n) for n in tensor.shape)}; name as many"
                )
            roles.append(given)
    return roles


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
