"""Top activations: the data set images that excite a channel most, shown above its layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image

from vrnn.commands.inputs import GrabImage
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.compute.analysis.jobs import TopActivationsJob
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.visuals.top_images import THUMBNAIL_PIXELS, draw_region, top_images_visual
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.layer_analyses import NodeKey

VISUAL = "top images"
"""Name of the card among the world's visuals."""
METERS_ABOVE_LAYER = 0.62
"""Meters from the top of a layer's panel to the card above it."""


@dataclass(frozen=True)
class _Request:
    layer: str
    channel: int
    network: int


class TopActivationsCard:
    """Finds top activations and shows those of one channel at a time."""

    def __init__(
        self, world: World, jobs: JobManager, datasets: dict[int, ImageSet],
        notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Create a hidden card.

        Args:
            world: Where the images are shown.
            jobs: Runs the searches.
            datasets: The data set of each network, by slot.
            notify: Shows the user a sentence.
        """
        self._world, self._jobs, self._datasets = world, jobs, datasets
        self._notify = notify
        self._results: dict[NodeKey, TopImages] = {}
        self._request: _Request | None = None

    def on_network_loaded(self) -> None:
        """Forget all results: they may belong to another network."""
        self._results.clear()
        self._world.set_visual(VISUAL, None)

    def show(self, layer: str, channel: int, network: int) -> None:
        """Show the top activations of a channel, now or as soon as they have been found.

        Args:
            layer: Name of its layer; '' hides the card.
            channel: The channel, from 0.
            network: Number of the network, from 0.

        Raises:
            VrnnError: When there is no such layer, or no data set.
        """
        self._request = None
        if not layer:
            self._world.set_visual(VISUAL, None)
            return
        slot, node = find_layer(self._world, layer, network)
        if slot not in self._datasets:
            raise VrnnError("needs a data set: start with --data FOLDER")
        self._request = _Request(layer, channel, network)
        job = TopActivationsJob(slot, node)
        if (slot, node) in self._results:
            self._draw()
        elif not self._jobs.is_running(job):
            self._jobs.start(job, lambda result: self._on_result(slot, node, result))

    def _on_result(self, slot: int, node: int, result: object) -> None:
        top_images = self._results[slot, node] = cast(TopImages, result)
        if top_images.skipped:
            self._notify(f"{len(top_images.skipped)} images of the data set could not be read")
        self._draw()

    def _draw(self) -> None:
        """Draw the card of the requested channel above its layer, if its images are known."""
        request = self._request
        if request is None:
            return
        slot, node = find_layer(self._world, request.layer, request.network)
        top_images, images = self._results.get((slot, node)), self._datasets.get(slot)
        frame = self._world.placement_frame(slot)
        if top_images is None or images is None or node not in frame.index:
            return
        network = self._world.networks[slot]
        field = network.receptive_fields.get(node)
        channel = min(max(request.channel, 0), len(top_images.images) - 1)
        size = (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
        if network.result is not None:
            height, width = network.result.image.shape[:2]
            size = (height, width)
        thumbnails, texts, commands = [], [], []
        for k, number in enumerate(top_images.images[channel].tolist()):
            cropped = center_crop_resize(images.image(number), *size)
            row, column = top_images.positions[channel, k].tolist()
            box = None
            if field is not None:
                top, left, bottom, right = field.box(row, column, size)
                y_scale, x_scale = THUMBNAIL_PIXELS / size[0], THUMBNAIL_PIXELS / size[1]
                box = (round(top * y_scale), round(left * x_scale), round(bottom * y_scale),
                       round(right * x_scale))  # fmt: skip
            thumbnail = Image.fromarray(cropped).resize((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            thumbnails.append(draw_region(np.asarray(thumbnail), box))
            texts.append(f"#{number}  {top_images.values[channel, k]:.3g}")
            commands.append(GrabImage(number))
        x, y, z, _, height = frame.panel_rect(node).tolist()
        card = top_images_visual(
            thumbnails, texts, commands, f"excite channel {channel} most",
            ShowTopActivations(), (x, y + height + METERS_ABOVE_LAYER, z + 0.02),
        )  # fmt: skip
        self._world.set_visual(VISUAL, card)
