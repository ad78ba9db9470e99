"""The watch over one forward pass: the calls of torch in it, and which module each ran in.

A `TorchFunctionMode` sees each function that a person wrote; global module hooks tell the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.operators import catalog
from vrnn.compute.operators.axis_factors import Evidence
from vrnn.compute.operators.receptive_field_rules import field_of_input, global_field
from vrnn.compute.tracing.annotations import Marker, Tracker
from vrnn.compute.tracing.call_effects import CallEffects, Source
from vrnn.compute.tracing.call_recorder import CallRecorder
from vrnn.compute.tracing.gaps import EXITS
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.input_names import input_names, named_tensors
from vrnn.compute.tracing.input_places import Places, input_places
from vrnn.compute.tracing.module_stack import (
    ModuleStack,
    named_parameters,
    parameters_of,
    tensors_held,
    tensors_of_scripts,
)
from vrnn.compute.tracing.origins import TensorOrigin
from vrnn.compute.tracing.pass_record import PassRecord
from vrnn.compute.tracing.tensors import (
    innermost_tensor,
    list_tensors,
    result_tensors,
    tensors_in,
    versions_of,
)
from vrnn.compute.tracing.trace import Trace, own_parameters
from vrnn.network.axes import AxisRole


class Recorder(TorchFunctionMode):
    """Makes a trace while it is active, with module hooks of its own.

    Attributes:
        has_unseen_calls: Whether something was computed where no one saw it.
    """

    def __init__(
        self,
        model: nn.Module,
        roles: Sequence[Sequence[AxisRole]],
        places: Sequence[Places],
        log: GradientLog | None = None,
        tensors: dict[int, torch.Tensor] | None = None,
    ) -> None:
        """Make a recorder for one pass.

        Args:
            model: The model.
            roles: For each tensor of the inputs what its axes hold; () where nothing is said.
            places: Of each tensor of the inputs, as far as they are known.
            log: Takes what autograd records.
            tensors: Takes a copy of the tensor of each record, by the record's id.
        """
        super().__init__()
        self.has_unseen_calls = False
        self._pass = PassRecord(ModuleStack(model), log, tensors)
        self._parameters = dict(parameters_of(self.modules))
        owners = {id(p): path.rpartition(".")[0] for path, p in self._parameters.items()}
        self._calls = CallRecorder(self._pass, owners)
        for parameter in self._parameters.values():
            self._pass.origins.set_constant(parameter, (parameter,))
        self._held = tensors_held(self.modules)
        self._call_index = 0
        self._is_paused = False
        self._inputs: list[int] = []
        self._markers: list[tuple[int, str]] = []
        self._tracked: list[tuple[int, str]] = []
        self._input_roles, self._input_places = roles, places

    @property
    def modules(self) -> Sequence[tuple[str, nn.Module]]:
        """The model's modules by path."""
        return self._pass.modules.modules

    @cached_property
    def _constants_of_scripts(self) -> dict[int, torch.Tensor]:
        """Tensors that were there before the pass, outside the model."""
        return tensors_of_scripts(self.modules)

    @property
    def has_scripts(self) -> bool:
        """Whether parts of the model are scripted."""
        return any(isinstance(m, torch.jit.ScriptModule) for _, m in self.modules)

    def record_inputs(self, model: nn.Module, inputs: Inputs) -> None:
        """Make a record of each input tensor."""
        size: tuple[int, int] | None = None
        roles, known_places = iter(self._input_roles), iter(self._input_places)
        for argument, value in zip(input_names(model, inputs), inputs, strict=True):
            for name, tensor in named_tensors(argument, value):
                shape = tuple(tensor.shape)
                label = "×".join(str(n) for n in shape[1:]) or "value"
                given = next(roles, ())
                places = next(known_places, None)
                places = places or input_places(shape, tensor.is_floating_point(), given)
                own = tuple(1 if axis is None else shape[axis] for axis in places)
                size = size or (own[0], own[1])
                pixel_field = field_of_input(shape, size, places)
                record = self._pass.add_record(
                    operation="input", label=label, shape=shape, pixel_field=pixel_field,
                    axes=self._pass.axes.add_input(
                        tensor, given if len(given) == len(shape) else ()
                    ),
                )  # fmt: skip
                row, column = places
                if self._input_places and row is not None and column is not None:
                    record.axes[row][0].claim("height", Evidence.CERTAIN)
                    record.axes[column][0].claim("width", Evidence.CERTAIN)
                record.module = name
                self._inputs.append(record.id)
                self._pass.origins.set(tensor, record.id, pixel_field)
                self._pass.note(record, (), tensor, [tensor])

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
            origin = self._pass.origins.get(tensor)
            if origin is None and index >= 0:
                origin = self._record_entered_result(tensor, result)
            if origin and origin.has_record and origin.record not in outputs:
                outputs.append(origin.record)
            results.append(origin.record if origin and origin.depends_on_input else None)
        own_parameters(self._pass.records, outputs)
        used = {path for path, p in self._parameters.items() if id(p) in self._pass.used_parameters}
        return Trace(
            name, self._pass.records, self._inputs, outputs, self._call_index,
            dict(self._pass.modules.types),
            self._markers, self._tracked, self._parameters, frozenset(used),
            unmatched_entries=self._pass.gaps.unmatched, results=results,
            result=None if self._pass.log is None and self._pass.tensors is None else result,
        )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._is_paused:
            return func(*args, **kwargs)
        taken = list_tensors((args, kwargs))
        versions = versions_of(taken)
        shapes = [t.shape for t in taken]
        call_index = self._call_index
        if self._pass.log is not None:
            self._pass.log.on_call()
            self._pass.with_gradient = {id(t) for t in taken if innermost_tensor(t).requires_grad}
        origins = [self._pass.origins.get(t) for t in taken]
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
                Source(t, shape, origin)
                for t, shape, origin in zip(taken, shapes, origins, strict=True)
                if origin is not None and origin.has_record
            ]
            effects = CallEffects(taken, origins, sources, made, changed)
            self._calls.record_call(func, call_index, args, kwargs, effects)
        elif taken and catalog.operation_name(func) in EXITS:
            self._pass.gaps.leave(taken[0], origins[0], self._pass.modules.current)
        return result

    def _meet(self, tensor: torch.Tensor, call_index: int, index: int) -> TensorOrigin | None:
        """Return the origin of a tensor that no one has seen before, which a call takes.

        index: which of the tensors that the call takes.
        """
        if isinstance(tensor, nn.Parameter):
            self._pass.origins.set_constant(tensor, (tensor,))
        elif id(tensor) in self._held:
            self._pass.origins.set_constant(tensor)
        elif (origin := self._pass.origins.find_alias(tensor)) is not None:
            self._pass.origins.set_origin(tensor, origin)
        elif id(tensor) in self._constants_of_scripts:
            self._pass.origins.set_constant(tensor)
        elif sources := self._pass.gaps.enter(tensor):
            self._pass.record_gap(tensor, sources, call_index, -2 - index)
        else:
            self.has_unseen_calls = True
            self._pass.origins.set_constant(tensor)
        return self._pass.origins.get(tensor)

    def _record_entered_result(self, tensor: torch.Tensor, result: Any) -> TensorOrigin | None:
        """Record a tensor of the model's result that was computed outside torch."""
        alias = self._pass.origins.find_alias(tensor)
        sources = self._pass.gaps.enter(tensor) if alias is None else []
        if not sources:
            return alias
        index = [id(t) for t in tensors_in(result)].index(id(tensor))
        self._pass.record_gap(tensor, sources, -1, index)
        return self._pass.origins.get(tensor)

    def _before_module(self, module: nn.Module, args: Any) -> None:
        self._pass.modules.enter(module)

    def _after_module(self, module: nn.Module, args: Any, result: Any) -> None:
        path = self._pass.modules.paths.get(id(module))
        if path is None:
            return
        self._is_paused = True
        try:
            self._record_opaque_module(module, args, result)
            if isinstance(module, Tracker | Marker):
                self._record_annotation(module, path, result)
        finally:
            self._is_paused = False
            self._pass.modules.leave(module)

    def _record_annotation(self, module: Tracker | Marker, path: str, result: Any) -> None:
        for tensor in tensors_in(result):
            origin = self._pass.origins.get(tensor)
            if origin is not None and origin.has_record:
                if isinstance(module, Marker):
                    self._markers.append((origin.record, module.text))
                else:
                    self._tracked.append((origin.record, module.name or path))

    def _record_opaque_module(self, module: nn.Module, args: Any, result: Any) -> None:
        """Record a module as one operation if no traced function made its result.

        Such are ScriptModules and custom autograd functions.
        """
        made = [t for t in tensors_in(result) if self._pass.origins.get(t) is None]
        made = [t for t in made if not isinstance(t, nn.Parameter) and t.is_floating_point()]
        made = [t for t in made if id(t) not in self._held]
        made = [t for t in made if self._pass.origins.find_alias(t) is None]
        if not made:
            return
        origins = [(t, self._pass.origins.get(t)) for t in tensors_in(args)]
        sources = [(t, o) for t, o in origins if o is not None and o.has_record]
        if not sources or self._has_left_from(module):
            return
        if not isinstance(module, torch.jit.ScriptModule) and len(module._modules):
            self.has_unseen_calls = True
        self._pass.origins.advance()
        shape = tuple(made[0].shape)
        self._pass.axes.follow_module([t for t, _ in sources], made)
        fields = [origin.pixel_field for _, origin in sources if origin.pixel_field is not None]
        record = self._pass.add_record(
            operation="module",
            label=getattr(module, "original_name", type(module).__name__),
            shape=shape,
            axes=self._pass.axes.axes_of(made[0]),
            pixel_field=global_field(fields) if fields else None,
            sources=tuple(dict.fromkeys(origin.record for _, origin in sources)),
        )
        record.output_index = [id(t) for t in tensors_in(result)].index(id(made[0]))
        unused = [
            p for _, p in named_parameters(module) if id(p) not in self._pass.used_parameters
        ]  # fmt: skip
        record.parameters = self._pass.use(tuple(unused))
        record.is_leaf_module = True
        for tensor in made:
            self._pass.origins.set(tensor, record.id, record.pixel_field)
        self._pass.with_gradient = {id(t) for t, _ in sources if t.requires_grad}
        self._pass.note(record, [Source(t, t.shape, o) for t, o in sources], made[0], made)

    def _has_left_from(self, module: nn.Module) -> bool:
        """Whether what a module computed itself has left torch, so that its result is a gap."""
        path, call = self._pass.modules.current
        records = [self._pass.records[i] for i in self._pass.gaps.records]
        return any(r.module == path and r.module_call == call for r in records) or (
            bool(len(module._modules)) and bool(records)
        )
