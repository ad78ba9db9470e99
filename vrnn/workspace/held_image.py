"""Images that can be held in the hand: data set images, synthetic inputs and feature maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.commands.inputs import SetInputImage, SetInputNoise
from vrnn.commands.workspace_actions import ImageSelection
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import NOISE_KINDS, NoiseKind, NoiseSpec, gray_image, noise_image
from vrnn.network.feature_maps import FeatureMaps
from vrnn.scene.layer_names import find_layer
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.style.colormap import apply, lookup_table, symmetric_range
from vrnn.style.theme_names import Theme

MapColors = tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
]
"""Linear RGB of negative values, of positive values, and of values that are not finite."""


@dataclass(frozen=True, eq=False)
class HeldImage:
    """An image in the hand.

    Attributes:
        pixels: (H, W, 3) uint8.
        caption: What it is, for the user.
        command: Makes it the input; None when its pixels themselves become the input.
        layer: Network, node and channel of a feature map; None for other images.
    """

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
    """Fetch the image that a command wants to hold.

    Args:
        selection: Which image.
        world: Holds the feature maps and the present input.
        images: The first network's data set; None for none.
        size: (height, width) of the input, pixels.
        colors: Of a feature map.

    Returns:
        The image.

    Raises:
        VrnnError: When there is no such image, layer, channel or source.
    """
    if selection.number is not None:
        if images is None or not 0 <= selection.number < len(images):
            count = 0 if images is None else len(images)
            raise VrnnError(f"there is no image {selection.number}; the data set has {count}")
        name = describe_image(images, selection.number)
        caption = f"#{selection.number}" + (f" · {name}" if name else "")
        return HeldImage(
            images.image(selection.number), caption, SetInputImage(number=selection.number)
        )
    if selection.source:
        return _of_source(selection.source, world, size)
    slot, node = find_layer(world, selection.layer, selection.network)
    return _of_map(world, slot, node, selection.channel, colors)


def class_name(images: ImageSet, number: int) -> str:
    """Return the name of an image's label; '' where it is unknown."""
    label = images.label(number)
    if label < 0:
        return ""
    return images.names[label] if label < len(images.names) else f"class {label}"


def describe_image(images: ImageSet, number: int) -> str:
    """Return what an image shows, else the name of its label; '' where both are unknown."""
    return images.captions[number] if images.captions else class_name(images, number)


def _of_source(source: str, world: World, size: tuple[int, int]) -> HeldImage:
    if source == "input":
        for slot in world.slots:
            result = world.networks[slot].result
            if result is not None:
                return HeldImage(
                    result.image, "current input", command_for_current_input(world.state)
                )
        raise VrnnError("no image has gone through the network yet")
    if source == "gray":
        return HeldImage(gray_image(*size), "blank gray", SetInputImage(plain="gray"))
    if source == "mean":
        return HeldImage(
            gray_image(*size), "mean image of the data set", SetInputImage(plain="mean")
        )
    noise_kinds: dict[str, NoiseKind] = {"noise": "gaussian", **{k: k for k in NOISE_KINDS}}
    if kind := noise_kinds.get(source):
        seed = 1 + (world.state.input_image.noise.seed if world.state.input_image.noise else 0)
        noise = NoiseSpec(kind, seed=seed)
        command = SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed)
        return HeldImage(noise_image(noise, *size), f"{kind} noise, seed {seed}", command)
    raise VrnnError(f"no source '{source}': choose input, gray, mean, uniform, gaussian or pink")


def command_for_current_input(state: State) -> SetInputImage | SetInputNoise:
    """Return the command that would set the present input again."""
    image = state.input_image
    if image.noise is not None:
        noise = image.noise
        return SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed)
    return SetInputImage(image.file, image.number, image.plain, image.pixels, image.example)


def _of_map(world: World, slot: int, node: int, channel: int, colors: MapColors) -> HeldImage:
    network = world.networks[slot]
    maps = network.whole_maps(node)
    name = network.network.by_id[node].name
    if maps is None:
        raise VrnnError(f"the feature maps of '{name}' are not computed yet")
    if not 0 <= channel < maps.channels:
        raise VrnnError(f"'{name}' has channels 0 to {maps.channels - 1}, no channel {channel}")
    pixels = colorize_map(world.state, maps, channel, colors)
    return HeldImage(pixels, f"{name} · channel {channel}", None, (slot, node, channel))


def colorize_map(
    state: State, maps: FeatureMaps, channel: int, colors: MapColors, theme: Theme = "dark"
) -> np.ndarray:
    """Color a feature map by its own range, with the color map of the world.

    Args:
        state: Holds the color mapping.
        maps: The layer's feature maps.
        channel: Which of them.
        colors: Of negative, positive and not finite values.
        theme: Whose colors it has; one that is to be an input has those of the dark theme.

    Returns:
        (H, W, 3) uint8.
    """
    mapping = replace(state.color_mapping, normalize_by="map")
    low, high = float(maps.channel_stats[0][channel]), float(maps.channel_stats[1][channel])
    if mapping.symmetric:
        low, high = symmetric_range(low, high)
    negative, positive, not_finite = colors
    table = lookup_table(mapping, negative, positive, theme)
    return apply(maps.values[channel], low, high, table, not_finite)
