"""The job that makes pictures of the kernels of all layers, or of their gradients, at a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.weight_sheets import BETWEEN, largest_value, weight_sheet
from vrnn.recordings.gradient_files import read_gradients
from vrnn.recordings.kernel_sample import sample_text
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.style.srgb import srgb_to_linear
from vrnn.style.theme_names import Theme

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@dataclass(frozen=True)
class StepGradients:
    """Where the gradients of a step are.

    Attributes:
        step: The step.
        file: Its file.
    """

    step: int
    file: Path


@analysis_job("step_kernels", background=True)
@dataclass(frozen=True)
class StepKernelsJob(Job):
    """Makes a picture of the kernels of each layer.

    Attributes:
        columns: How many filters stand beside each other, for each layer by its id.
        recorded: The step whose weights are shown; None for the model's own.
        since: The step that they are compared with; None to show them as they are.
        gradients: The gradients that are shown in place of weights; None for weights.
        theme: Whose colors they have.
    """

    columns: tuple[tuple[int, int], ...]
    recorded: RecordedStep | None = None
    since: RecordedStep | None = None
    gradients: StepGradients | None = field(default=None)
    theme: Theme = "dark"

    def title(self, network: Network) -> str:
        """Say what it does."""
        return "gradients of kernels" if self.gradients is not None else "kernels"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Make them; returns a `LayerPicture` for each layer, by its id."""
        view, shown = model.view, model.shown_step
        yield JobStep(self.title(model.network), 0, 1)
        require_same_graph(model, view)
        from vrnn.compute.training.layer_kernels import kernels_by_node, whole_shapes

        nodes = [node for node, _ in self.columns]
        if self.gradients is not None:
            gradients = kernels_by_node(model, nodes, read_gradients(self.gradients.file))
            return self._pictures(gradients, whole_shapes(model, nodes), check_stop)
        try:
            model.show_step(self.recorded)
            kernels = kernels_by_node(model, nodes)
            if self.since is not None:
                model.show_step(self.since)
                before = kernels_by_node(model, nodes)
                kernels = {node: now - before[node] for node, now in kernels.items()}
        finally:
            model.show_step(shown)
        return self._pictures(kernels, whole_shapes(model, nodes), check_stop)

    def _pictures(
        self, kernels: Mapping[int, np.ndarray], shapes: Mapping[int, tuple[int, ...]],
        check_stop: CheckStop,
    ) -> dict[int, LayerPicture]:  # fmt: skip
        found = {}
        for node, columns in self.columns:
            check_stop()
            values = kernels.get(node)
            if values is None:
                found[node] = no_kernels_picture(f"no gradient is recorded here {self._at}")
                continue
            largest = largest_value(values)
            are_weights = self.gradients is None and self.since is None
            pixels = weight_sheet(values, columns, largest, are_weights, self.theme)
            parts = sample_text(shapes[node])
            caption = f"{self._what}, up to ±{largest:.3g}" if largest else f"{self._what}: all 0"
            caption = f"{caption} · {parts}" if parts else caption
            found[node] = LayerPicture(pixels, caption, made=_light_maps(pixels))
        return found

    @property
    def _at(self) -> str:
        if self.gradients is not None:
            return f"at step {self.gradients.step:,}"
        return "as in the model" if self.recorded is None else f"at step {self.recorded.step:,}"

    @property
    def _what(self) -> str:
        if self.gradients is not None:
            return f"gradients of kernels {self._at}"
        if self.since is not None:
            return f"kernels {self._at} less those of step {self.since.step:,}"
        return f"kernels {self._at}"


def _light_maps(pixels: np.ndarray) -> FeatureMaps:
    """The maps of an image, made here and not between two frames: see `LayerPicture.maps`."""
    import torch  # not before the worker does

    from vrnn.compute.passes.feature_maps import fill_feature_maps

    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    no_tokens = np.zeros((0, len(planes)), np.float32)
    return fill_feature_maps(torch.from_numpy(np.take(_light(), planes)), no_tokens)


@cache
def _light() -> np.ndarray:
    """The linear light of each sRGB value, (256,) float32."""
    return srgb_to_linear(np.arange(256, dtype=np.uint8)).astype(np.float32)


def no_kernels_picture(reason: str) -> LayerPicture:
    """Return the picture of a layer of which nothing is known."""
    return LayerPicture(np.tile(np.array(BETWEEN[1], np.uint8), (8, 8, 1)), reason)
