"""A model that is open: its source, its graph, its weights, and passes through it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from vrnn.compute.editing.weight_editor import WeightEditor
from vrnn.compute.fill_pass import FillPass
from vrnn.compute.forward_passes import ForwardPasses
from vrnn.compute.loading.cube_model import CubeModel
from vrnn.compute.loading.source import ModelSource
from vrnn.compute.loading.step_weights import StepWeights
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.outputs.predictions import decode_outputs
from vrnn.compute.passes.captured_passes import CapturedPasses
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.traced_model import TracedModel
from vrnn.compute.tracing.checks import check_edges, check_parameters
from vrnn.compute.tracing.module_stack import named_parameters
from vrnn.network.graph import NetworkInfo
from vrnn.network.predictions import Output
from vrnn.recordings.recorded_step import RecordedStep


class LoadedModel(TracedModel):
    """A traced model that runs images.

    Attributes:
        passes: Passes through it.
        run: Runs one pass, see `ForwardPasses.run`.
        fill: Makes whole maps of some layers again, see `FillPass.run`.
        editor: Edits of the model's weights: where these are to count, the model runs inside its
            `active`.
    """

    def __init__(self, source: ModelSource, detail: str, gate: FrameGate | None = None) -> None:
        """Trace a model, see `TracedModel`."""
        self.editor = WeightEditor()
        self._step_weights = StepWeights(source.model)
        super().__init__(source, detail, gate)
        self.passes = ForwardPasses(self)
        self.run = self.passes.run
        self.fill = FillPass(self, self.passes).run

    @property
    def label_count(self) -> int:
        """Number of classes that the model's config names, 0 for none."""
        return self.outputs.label_count

    @property
    def captured(self) -> CapturedPasses:
        """Runs passes as CUDA graphs, where there is CUDA."""
        return self.passes.captured

    def show_step(self, step: RecordedStep | None) -> tuple[str, ...]:
        """Give the model the weights of a step of its training, or its own, from now on.

        Args:
            step: The step; None for its own weights.

        Returns:
            Sentences about weights that do not fit, where they are others than before.

        Raises:
            VrnnError: They cannot be read, or none of them fits; the model stays as it was.
        """
        if step == self.shown_step:
            return ()
        with self.editor.suspended():
            notes = self._step_weights.show(step)
        self.editor.renew(self.view)
        return notes

    @property
    def shown_step(self) -> RecordedStep | None:
        """The step whose weights the model has; None for its own."""
        return self._step_weights.shown

    def layer_weights(self, name: str) -> np.ndarray:
        """Return all weights of the module of a layer, of its own and below it.

        Args:
            name: The layer's name; a layer without a module has none.

        Returns:
            (N,) float32.
        """
        found = [
            parameter.detach().float().reshape(-1).cpu()
            for path, parameter in named_parameters(self.source.model)
            if path.rpartition(".")[0] == name or path.startswith(f"{name}.")
        ]
        return torch.cat(found).numpy() if found else np.zeros(0, np.float32)

    def layer_matrix(self, name: str) -> np.ndarray:
        """Return the kernels of a layer, or its matrix: its first parameter of two or more axes.

        Args:
            name: The layer's name.

        Returns:
            (filters, …) float32; empty where it has none.
        """
        for path, parameter in named_parameters(self.source.model):
            if path.startswith(f"{name}.") and parameter.ndim > 1:
                return np.array(parameter.detach().float().cpu().numpy())
        return np.zeros((0, 0), np.float32)

    def layer_output(self, node: int) -> np.ndarray:
        """Run the present input, and return the result of one layer, flat.

        Args:
            node: The layer's id.

        Returns:
            (N,) float32.
        """
        found: list[torch.Tensor] = []

        def keep(other: int, tensor: torch.Tensor) -> None:
            if other == node:
                # A copy: a later operation may write over it.
                found.append(tensor.detach().float().reshape(-1).cpu().clone())

        self.use_default_dtype()
        self.replay.run(self.inputs, keep)
        return found[0].numpy() if found else np.zeros(0, np.float32)

    @property
    def info(self) -> NetworkInfo:
        """What people read about the model."""
        s = self.source
        notes = [*s.notes, *check_parameters(self.view, s.model)]
        if self.passes.varies:
            notes.append(
                "it takes another path in each pass, so its graph is traced again for each"
            )
        return NetworkInfo(
            s.title, s.class_names, s.random_weights and self.shown_step is None, s.parameters,
            tuple(notes), s.token_names,
            s.candidate.source_files,
            s.takes_images, isinstance(s.model, CubeModel), len(s.examples),
        )  # fmt: skip

    def check_edges(self, on_call: Callable[[], None]) -> tuple[str, ...]:
        """Compare the graph with autograd's in a pass of its own, see `checks.check_edges`."""
        self.use_default_dtype()
        return check_edges(self.source.model, self.inputs, on_call)

    def predict(self, inputs: Inputs, size: tuple[int, int]) -> tuple[Output, ...]:
        """Run a pass and decode its outputs, without any maps.

        Args:
            inputs: The model's arguments.
            size: (height, width) of the image in pixels.
        """
        result = self.replay.run(inputs, lambda node, tensor: None)
        return decode_outputs(result, self.base_network, size, self.outputs)
