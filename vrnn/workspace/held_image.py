"""What is in the hand, and where an image that is picked up comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.commands.context import ImageSelection
from vrnn.commands.inputs import SetInputImage, SetInputNoise
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import NOISE_KINDS, NoiseKind, NoiseSpec, gray_image, noise_image
from vrnn.network.feature_maps import FeatureMaps
from vrnn.scene.state import State
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.world import World
from vrnn.style.colormap import apply, lookup_table, symmetric_range

MapColors = tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
]
"""Of negative and positive values, and of those that are not finite."""


@dataclass(frozen=True, eq=False)
class HeldImage:
    """An image in the hand. pixels: (H, W, 3) uint8; caption: what it is; put: the action that
    puts it into the networks, None: its pixels; layer: network, node and channel of a map."""

    pixels: np.ndarray
    caption: str
    command: SetInputImage | SetInputNoise | None = None
    layer: tuple[int, int, int] | None = None


def grab_image(
    selection: ImageSelection,
    world: World,
    images: ImageSet | None,
    size: tuple[int, int],
    colors: MapColors,
) -> HeldImage:
    """What is in the hand after this. size: height and width of the input. Raises VrnnError."""
    if selection.number is not None:
        if images is None or not 0 <= selection.number < len(images):
            count = 0 if images is None else len(images)
            raise VrnnError(f"there is no image {selection.number}; the data set has {count}")
        name = class_name(images, selection.number)
        caption = f"#{selection.number}" + (f" · {name}" if name else "")
        return HeldImage(
            images.image(selection.number), caption, SetInputImage(number=selection.number)
        )
    if selection.source:
        return _of_source(selection.source, world, size)
    slot, node = find_layer(world, selection.layer, selection.network)
    return _of_map(world, slot, node, selection.channel, colors)


def class_name(images: ImageSet, number: int) -> str:
    """The true class of an image, '' where it is unknown."""
    label = images.label(number)
    if label < 0:
        return ""
    return images.names[label] if label < len(images.names) else f"class {label}"


def _of_source(source: str, world: World, size: tuple[int, int]) -> HeldImage:
    if source == "input":
        for slot in world.slots:
            frame = world.networks[slot].result
            if frame is not None:
                return HeldImage(
                    frame.image, "the image in the network", command_for_current_input(world.state)
                )
        raise VrnnError("no image has gone through the network yet")
    if source == "gray":
        return HeldImage(gray_image(*size), "blank gray", SetInputImage(plain="gray"))
    if source == "mean":
        return HeldImage(gray_image(*size), "mean of the data set", SetInputImage(plain="mean"))
    noise_kinds: dict[str, NoiseKind] = {"noise": "gaussian", **{k: k for k in NOISE_KINDS}}
    if kind := noise_kinds.get(source):
        seed = 1 + (world.state.input_image.noise.seed if world.state.input_image.noise else 0)
        noise = NoiseSpec(kind, seed=seed)
        put = SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed)
        return HeldImage(noise_image(noise, *size), f"{kind} noise, seed {seed}", put)
    raise VrnnError(f"no source '{source}': choose input, gray, mean, uniform, gaussian or pink")


def command_for_current_input(state: State) -> SetInputImage | SetInputNoise:
    """The action that puts the image in that is in."""
    picture = state.input_image
    if picture.noise is not None:
        noise = picture.noise
        return SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed)
    return SetInputImage(picture.file, picture.number, picture.plain, picture.pixels)


def _of_map(world: World, slot: int, node: int, channel: int, colors: MapColors) -> HeldImage:
    stand = world.networks[slot]
    maps = stand.maps.get(node)
    name = stand.network.by_id[node].name
    if maps is None:
        raise VrnnError(f"the maps of '{name}' are not there yet")
    if not 0 <= channel < maps.channels:
        raise VrnnError(f"'{name}' has channels 0 to {maps.channels - 1}, no channel {channel}")
    pixels = colorize_map(world.state, maps, channel, colors)
    return HeldImage(pixels, f"{name} · channel {channel}", None, (slot, node, channel))


def colorize_map(state: State, maps: FeatureMaps, channel: int, colors: MapColors) -> np.ndarray:
    """(H, W, 3) uint8: a map by its own range, in the colors of the world."""
    display = replace(state.color_mapping, normalize_by="map")
    low, high = float(maps.channel_stats[0][channel]), float(maps.channel_stats[1][channel])
    if display.symmetric:
        low, high = symmetric_range(low, high)
    negative, positive, not_finite = colors
    return apply(
        maps.values[channel], low, high, lookup_table(display, negative, positive), not_finite
    )
