"""The images of the data set that excite a channel most: searched for, and shown over its layer."""

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
"""What the world calls the card."""
METERS_ABOVE_LAYER = 0.62
"""Meters from a layer's panel to the card over it."""


@dataclass(frozen=True)
class _Request:
    layer: str
    channel: int
    network: int


class TopActivationsCard:
    """Shows the images of one channel at a time."""

    def __init__(
        self, world: World, jobs: JobManager, datasets: dict[int, ImageSet],
        notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Create it.

        Args:
            world: Where the images are shown.
            jobs: Search for them.
            datasets: The data set of each network, by slot.
            notify: Tells the user a sentence.
        """
        self._world, self._jobs, self._datasets = world, jobs, datasets
        self._notify = notify
        self._found: dict[NodeKey, TopImages] = {}
        self._request: _Request | None = None

    def on_network_loaded(self) -> None:
        """Forget what was found: it may be of another network."""
        self._found.clear()
        self._world.set_visual(VISUAL, None)

    def show(self, layer: str, channel: int, network: int) -> None:
        """Show the images that excite a channel most, now or when they have been found.

        Args:
            layer: Its name; '' hides the images.
            channel: The channel, from 0.
            network: The number of the network, from 0.

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
        if (slot, node) in self._found:
            self._draw()
        elif not self._jobs.is_running(job):
            name = self._world.networks[slot].network.by_id[node].name
            self._jobs.start(
                job, f"images for {name}", lambda result: self._on_found(slot, node, result)
            )

    def _on_found(self, slot: int, node: int, result: object) -> None:
        found = self._found[slot, node] = cast(TopImages, result)
        if found.skipped:
            self._notify(f"{len(found.skipped)} images of the data set could not be read")
        self._draw()

    def _draw(self) -> None:
        """Stand the images of the channel that was asked for over its layer, if they are known."""
        request = self._request
        if request is None:
            return
        slot, node = find_layer(self._world, request.layer, request.network)
        found, images = self._found.get((slot, node)), self._datasets.get(slot)
        frame = self._world.placement_frame(slot)
        if found is None or images is None or node not in frame.index:
            return
        network = self._world.networks[slot]
        field = network.receptive_fields.get(node)
        channel = min(max(request.channel, 0), len(found.images) - 1)
        size = (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
        if network.result is not None:
            height, width = network.result.image.shape[:2]
            size = (height, width)
        pictures, texts, commands = [], [], []
        for k, number in enumerate(found.images[channel].tolist()):
            cropped = center_crop_resize(images.image(number), *size)
            row, column = found.positions[channel, k].tolist()
            box = None
            if field is not None:
                top, left, bottom, right = field.box(row, column, size)
                down, across = THUMBNAIL_PIXELS / size[0], THUMBNAIL_PIXELS / size[1]
                box = (round(top * down), round(left * across), round(bottom * down),
                       round(right * across))  # fmt: skip
            thumbnail = Image.fromarray(cropped).resize((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            pictures.append(draw_region(np.asarray(thumbnail), box))
            texts.append(f"#{number}  {found.values[channel, k]:.3g}")
            commands.append(GrabImage(number))
        x, y, z, _, height = frame.panel_rect(node).tolist()
        card = top_images_visual(
            pictures, texts, commands, f"excite channel {channel} most", ShowTopActivations(),
            (x, y + height + METERS_ABOVE_LAYER, z + 0.02),
        )  # fmt: skip
        self._world.set_visual(VISUAL, card)
