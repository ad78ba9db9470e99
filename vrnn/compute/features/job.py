"""Feature visualization as a job: images found on disk first, then the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import (
    CheckStop,
    Job,
    JobStep,
    JobSteps,
    analysis_job,
    require_same_graph,
)
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage, FeatureTile, display_size
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.derived_maps import from_array
from vrnn.network.graph import Network
from vrnn.style.srgb import srgb_to_linear

if TYPE_CHECKING:
    from vrnn.compute.features.cache import FeatureCache
    from vrnn.compute.loaded_model import LoadedModel

PREVIEW_INTERVAL = 0.4
"""Seconds after which images that are being made are shown again."""
MAX_STEP_SECONDS = 0.5
"""A step that takes longer holds up images that are run meanwhile."""
LOADED_PER_STEP = 16
"""Images from the disk after which a step ends."""


@analysis_job("feature_visualization")
@dataclass(frozen=True, eq=False)
class FeatureVisJob(Job):
    """Makes the feature visualization of each channel of a node.

    Its partial results are `FeatureTile`; its result is None.

    Attributes:
        node: Id of the node.
        settings: How the images are made.
        image: (H, W, 3) uint8 to start from; None for the model's own sample.
        priority_channels: Returns the channels that are to come first; called in the worker's
            thread.
    """

    node: int
    settings: FeatureVisSettings
    image: np.ndarray | None = None
    priority_channels: Callable[[], Sequence[int]] = tuple

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"feature visualization of {network.by_id[self.node].name}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.features.cache import FeatureCache
        from vrnn.compute.features.optimizer import OptimizationControl, optimize

        view, settings = model.view, self.settings
        title = self.title(view.network)
        channels = range(1 if settings.is_whole_layer else view.map_layouts[self.node].shape[0])
        total = len(channels) * settings.samples_per_channel
        yield JobStep(title, 0, total)
        cache = FeatureCache(model, self.node, settings, self.image)
        loaded: list[FeatureImage] = []
        shown = 0
        first = [c for c in self.priority_channels() if c in channels]
        for channel in dict.fromkeys((*first, *channels)):
            loaded += cache.load_channel(channel, settings.samples_per_channel)
            if len(loaded) - shown >= LOADED_PER_STEP:
                tiles = _make_tiles(loaded[shown:], cache, total)
                yield JobStep(title, len(loaded), total, tiles)
                shown = len(loaded)
        tiles = _make_tiles(loaded[shown:], cache, total)
        yield JobStep(title, len(loaded), total, tiles)
        missing = sorted(set(channels) - {image.channel for image in loaded})
        control = OptimizationControl(
            PREVIEW_INTERVAL, MAX_STEP_SECONDS, self.priority_channels, check_stop
        )
        writable: FeatureCache | None = cache
        for at in (
            optimize(model, self.node, missing, settings, self.image, control) if missing else ()
        ):
            notice = at.notice
            if at.finished and writable is not None:
                try:
                    writable.save(at.images)
                except VrnnError as error:
                    writable = None
                    notice = f"feature images are not kept for the next time: {error}"
            tiles = _make_tiles(at.images, writable if at.finished else None, total)
            text = f"{title} · step {at.step} of {at.steps}"
            yield JobStep(text, len(loaded) + at.done, total, tiles, notice)
            require_same_graph(model, view)
        cache.evict()
        return None


def _make_tiles(
    images: Iterable[FeatureImage], cache: FeatureCache | None, count: int
) -> tuple[FeatureTile, ...]:
    """cache: where the images are stored, None if nowhere; count: images of the whole layer."""
    return tuple(
        FeatureTile(
            image,
            _make_block(image.pixels, count),
            None if cache is None else cache.path(image.channel, image.sample),
        )
        for image in images
    )


def _make_block(pixels: np.ndarray, count: int) -> np.ndarray:
    """An image as it lies on the GPU: (3, h, w) linear half floats with their pyramid."""
    height, width = pixels.shape[:2]
    shown_height, shown_width = display_size(count, height, width)
    factor = height // shown_height
    linear = srgb_to_linear(pixels[: shown_height * factor, : shown_width * factor])
    if factor > 1:
        shape = (shown_height, factor, shown_width, factor, 3)
        linear = linear.reshape(shape).mean((1, 3))
    return from_array(np.ascontiguousarray(linear.transpose(2, 0, 1))).block
