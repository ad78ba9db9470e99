"""Top activations: the data set images that excite a channel most, shown above its layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image

from vrnn.commands.inputs import GrabImage
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.compute.analysis.jobs import TopActivationsJob
from vrnn.compute.jobs import Job
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.scene.layer_names import find_layer
from vrnn.scene.revealing import Revealed
from vrnn.scene.visuals.pinned_layers import pinned_layer_rect
from vrnn.scene.visuals.top_images import (
    THUMBNAIL_PIXELS,
    draw_region,
    top_images_size,
    top_images_visual,
)
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

VISUAL = "top images"
"""Name of the card among the world's visuals."""
PART_OF_PANEL, MAX_CARD_SCALE = 0.4, 8.0
"""Height of a card as a part of its layer's panel, where that is large, and how many times as large
as usual it becomes at most."""
METERS_ABOVE_LAYER = 0.62
"""Meters from the top of a layer's panel to the card above it."""
CLEAR = 0.3
"""Meters from the top of a copy that is pinned there, with its caption, to the card."""
CAPTION_PART = 0.13
"""The same of a large copy, whose caption is larger, as a part of its height."""
SAME_ROW = 0.5
"""Meters in depth: what is nearer stands side by side."""
Point = tuple[float, float, float]


@dataclass(frozen=True)
class ImageRequest:
    """Of which channel images are wanted.

    Attributes:
        layer: Name of its layer.
        channel: The channel.
        network: Number of the network.
    """

    layer: str
    channel: int
    network: int


@dataclass(frozen=True, eq=False)
class _Contents:
    """What the card shows.

    Attributes:
        request: Of which channel.
        thumbnails: The images, the best first.
        texts: Text under each.
        commands: What a click on each does.
    """

    request: ImageRequest
    thumbnails: list[np.ndarray]
    texts: list[str]
    commands: list[GrabImage]


class TopActivationsCard(Manager):
    """Finds top activations and shows those of one channel at a time.

    Attributes:
        visual: Name of the card among the world's visuals.
    """

    visual = VISUAL

    def __init__(self, parts: ManagerParts) -> None:
        """Create a hidden card.

        Args:
            parts: What it works with.
        """
        self._world, self._jobs, self._datasets = parts.world, parts.jobs, parts.feed.datasets
        self._notify, self._reveal = parts.notify, parts.reveal
        self._results: dict[Job, TopImages] = {}
        self._request: ImageRequest | None = None
        self._contents: _Contents | None = None
        self._drawn: tuple[_Contents, Point, float] | None = None

    @property
    def width(self) -> float:
        """Width of the card, meters; 0 while none is shown."""
        if self._contents is None or self._drawn is None:
            return 0.0
        return top_images_size(len(self._contents.thumbnails))[0] * self._drawn[2]

    @property
    def shown(self) -> tuple[str, int, int] | None:
        """Layer, channel and network whose images are shown or searched for; None for none."""
        request = self._request
        return None if request is None else (request.layer, request.channel, request.network)

    def on_network_loaded(self) -> None:
        """Forget all results: they may belong to another network."""
        self._results.clear()
        self._request = None
        self._show(None)

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

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
            self._show(None)
            return
        slot, node = find_layer(self._world, layer, network)
        if slot not in self._datasets:
            raise VrnnError("needs a data set: start with --data FOLDER")
        self._request = ImageRequest(layer, channel, network)
        job = self._job(slot, node)
        if job in self._results:
            self._show_request()
        elif not self._jobs.is_running(job):
            self._jobs.start(job, lambda result: self._on_result(job, result))

    def _job(self, slot: int, node: int) -> Job:
        """What finds the images of a layer."""
        return TopActivationsJob(slot, node)

    def _title(self, request: ImageRequest) -> str:
        """What is said above the images."""
        return f"excite channel {request.channel} most"

    def _across(self, half: float) -> float:
        """How far the card's middle is to the right of its layer's; half: of its width, meters."""
        return 0.0

    def _caption(self, value: float) -> str:
        """What is said of the value of an image."""
        return f"{value:.3g}"

    def _on_result(self, job: Job, result: object) -> None:
        top_images = self._results[job] = cast(TopImages, result)
        if top_images.skipped:
            self._notify(f"{len(top_images.skipped)} images of the data set could not be read")
        self._show_request()

    def _show_request(self) -> None:
        """Show the card of the requested channel, if its images are known, and reveal it."""
        request = self._request
        if request is None:
            return
        slot, node = find_layer(self._world, request.layer, request.network)
        top_images = self._results.get(self._job(slot, node))
        images = self._datasets.get(slot)
        if top_images is None or images is None:
            return
        self._show(self._contents_of(request, slot, node, top_images, images))
        if self._drawn is not None:
            card = self._world.visuals[self.visual].quads[0]
            corner, right, down = card["origin"], card["right"], card["down"]
            points = np.array([corner, corner + right, corner + down, corner + right + down])
            self._reveal(Revealed(slot, node, points))

    def _contents_of(
        self, request: ImageRequest, slot: int, node: int, top_images: TopImages, images: ImageSet
    ) -> _Contents:
        network = self._world.networks[slot]
        field = network.receptive_fields.get(node)
        channel = min(max(request.channel, 0), len(top_images.images) - 1)
        size = (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
        if network.result is not None:
            height, width = network.result.image.shape[:2]
            size = (height, width)
        contents = _Contents(request, [], [], [])
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
            contents.thumbnails.append(draw_region(np.asarray(thumbnail), box))
            contents.texts.append(
                f"#{number}  {self._caption(float(top_images.values[channel, k]))}"
            )
            contents.commands.append(GrabImage(number))
        return contents

    def update(self) -> bool:
        """Move the card with its layer, above what is pinned there; hide it with the layer."""
        before = self._drawn
        if self._contents is not None:
            self._show(self._contents)
        return self._drawn is not before

    def _show(self, contents: _Contents | None) -> None:
        self._contents = contents
        place = None if contents is None else self._place(contents)
        drawn = None if contents is None or place is None else (contents, *place)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if drawn is None:
            self._world.set_visual(self.visual, None)
            return
        shown, position, scale = drawn
        title = self._title(shown.request)
        card = top_images_visual(
            shown.thumbnails,
            shown.texts,
            shown.commands,
            title,
            ShowTopActivations(),
            position,
            scale,
        )
        self._world.set_visual(self.visual, card)

    def _place(self, contents: _Contents) -> tuple[Point, float] | None:
        """The middle of the card's lower edge, and how many times as large as usual it is, beside
        the panel of its layer; None where that is folded away."""
        world, request = self._world, contents.request
        slot, node = find_layer(world, request.layer, request.network)
        frame = world.placement_frame(slot)
        if node not in frame.index:
            return None
        x, y, z, _, height = frame.panel_rect(node).tolist()
        bottom = y + height + METERS_ABOVE_LAYER
        width, own_height = top_images_size(len(contents.thumbnails))
        scale = min(max(PART_OF_PANEL * height / own_height, 1.0), MAX_CARD_SCALE)
        half = width / 2 * scale
        for pin in world.pinned_layers.values():
            beside = world.node_id(pin.network, pin.beside)
            if pin.network != slot or beside is None or beside not in frame.index:
                continue
            copy = pinned_layer_rect(pin, frame, beside).tolist()
            if abs(copy[2] - z) < SAME_ROW and abs(copy[0] - x) < half + copy[3] / 2:
                clear = max(CLEAR, CAPTION_PART * copy[4])
                bottom = max(bottom, copy[1] + copy[4] + clear)
        return (x + self._across(half), bottom, z + 0.02), scale
