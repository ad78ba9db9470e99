"""Groups of channels of a layer, over the present image or over the data set, as jobs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.analysis.dataset_job import DatasetJob, Progress
from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.media.image_set import ImageSet


@analysis_job("image_channels")
@dataclass(frozen=True, eq=False)
class ImageChannelsJob(Job):
    """Compares the channels of a layer over the positions of the present image.

    Its result is a `ChannelGroups`.

    Attributes:
        layer: Name of the layer.
        maps: Its maps.
    """

    layer: str
    maps: FeatureMaps

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"channels of {self.layer}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.channel_groups import group_image_channels

        yield JobStep(self.title(model.network), 0, 1)
        return group_image_channels(self.maps, self.layer, check_stop)


@analysis_job("dataset_channels")
@dataclass(frozen=True)
class DatasetChannelsJob(DatasetJob):
    """Compares the channels of a node over all images of the model's data set.

    Its result is a `ChannelGroups`.
    """

    purpose = "channels over the data set of"

    def run_images(
        self, model: LoadedModel, dataset: ImageSet, check_stop: CheckStop
    ) -> Generator[Progress, None, object]:
        """See `DatasetJob`."""
        from vrnn.compute.analysis.channel_groups import group_dataset_channels

        return group_dataset_channels(model, dataset, self.node, check_stop)
