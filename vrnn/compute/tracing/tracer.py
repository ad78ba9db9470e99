"""The record of one real forward pass: each operation, what it took, and where in the model it ran.

A pass is watched (`recorder`), and each call becomes a record (`call_recorder`); `origins` tells
what each tensor came from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from vrnn.compute.model_inputs import (
    Inputs,
    call_model,
    leaves_in,
    own_inputs,
    written_counts,
)
from vrnn.compute.tracing.axis_assumptions import assume_roles
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import (
    asks_for_gradients,
    evaluation_mode,
    without_saved_tensors,
)
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.input_places import Places
from vrnn.compute.tracing.map_layouts import places_of_axes, read_tensor
from vrnn.compute.tracing.pass_effects import PassEffects
from vrnn.compute.tracing.recorder import Recorder
from vrnn.compute.tracing.resized_pass import measure_roles
from vrnn.compute.tracing.trace import Trace
from vrnn.network.axes import SAMPLE_ROLES, AxisRole


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
    given = inputs
    while True:
        if log is None:  # else they are nobody else's
            inputs = own_inputs(given)
        own = [leaf for leaf in leaves_in(inputs) if isinstance(leaf, torch.Tensor)]
        counts = written_counts(own)
        recorder = Recorder(model, roles, places, log, tensors)
        if inside_scripts is None:
            inside_scripts = recorder.has_scripts
        effects = PassEffects(recorder.modules)
        try:
            with (
                evaluation_mode(model, recorder.modules),
                recorder.watching_modules(),
                torch.set_grad_enabled(gradients or log is not None),
                without_saved_tensors(log is not None and not gradients),
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
            effects.compare()
            traced = recorder.finish(name, result)
            traced.draws_numbers, traced.changed_tensors = effects.draws, effects.changed
            traced.changes_inputs = written_counts(own) != counts
            traced.inside_scripts, traced.gradients = inside_scripts, gradients
            traced.has_unseen_calls = recorder.has_unseen_calls
            if not (inside_scripts or gradients):
                with evaluation_mode(model, recorder.modules):
                    measure_roles(
                        model, given, traced.records, traced.inputs, traced.outputs,
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
