"""Jobs about the kernels of a layer: reading those of a filter, writing all weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("filter_kernels", background=True)
@dataclass(frozen=True)
class FilterKernelsJob(Job):
    """Reads the kernels of one filter. Its result is a `FilterKernels`.

    Attributes:
        layer: Name of the layer.
        output: The filter.
    """

    layer: str = ""
    output: int = 0

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"kernels of {self.layer}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.editing.weight_editor import read_filter

        yield JobStep(self.title(model.network), 0, 1)
        return read_filter(model.editor, model.view, self.layer, self.output)


@analysis_job("save_weights")
@dataclass(frozen=True)
class SaveWeightsJob(Job):
    """Writes all weights of a model as they are edited. Its result is the number of tensors.

    Attributes:
        file: Where to, a safetensors file.
    """

    file: Path = field(default_factory=Path)

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"writing {self.file.name}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.editing.weight_file import save_weights

        yield JobStep(self.title(model.network), 0, 1)
        return save_weights(model.source.model, self.file)
