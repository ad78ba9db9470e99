"""What is in the hand, and where an image that is picked up comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.commands.inputs import PickUp, PutImage, PutNoise
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import Noise, grey_image, noise_image
from vrnn.network.feature_maps import FeatureMaps
from vrnn.scene.state import State
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.world import World
from vrnn.style.colormap import coloured, symmetric, table

Colours = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""Of negative and positive values, and of those that are not finite."""


@dataclass(frozen=True, eq=False)
class Held:
    """An image in the hand. pixels: (H, W, 3) uint8; caption: what it is; put: the action that
    puts it into the networks, None: its pixels; layer: network, node and channel of a map."""

    pixels: np.ndarray
    caption: str
    put: PutImage | PutNoise | None = None
    layer: tuple[int, int, int] | None = None


def picked_up(
    action: PickUp, world: World, images: ImageSet | None, size: tuple[int, int], colours: Colours
) -> Held:
    """What is in the hand after this. size: height and width of the input. Raises VrnnError."""
    if action.number is not None:
        if images is None or not 0 <= action.number < len(images):
            count = 0 if images is None else len(images)
            raise VrnnError(f"there is no image {action.number}; the data set has {count}")
        name = class_name(images, action.number)
        caption = f"#{action.number}" + (f" · {name}" if name else "")
        return Held(images.image(action.number), caption, PutImage(number=action.number))
    if action.source:
        return _of_source(action.source, world, size)
    slot, node = find_layer(world, action.layer, action.network)
    return _of_map(world, slot, node, action.channel, colours)


def class_name(images: ImageSet, number: int) -> str:
    """The true class of an image, '' where it is unknown."""
    label = images.label(number)
    if label < 0:
        return ""
    return images.names[label] if label < len(images.names) else f"class {label}"


def _of_source(source: str, world: World, size: tuple[int, int]) -> Held:
    if source == "input":
        for slot in world.slots:
            frame = world.stands[slot].frame
            if frame is not None:
                return Held(frame.image, "the image in the network", put_again(world.state))
        raise VrnnError("no image has gone through the network yet")
    if source == "grey":
        return Held(grey_image(*size), "blank grey", PutImage(plain="grey"))
    if source == "mean":
        return Held(grey_image(*size), "mean of the data set", PutImage(plain="mean"))
    if source in ("noise", "uniform", "gaussian", "pink"):
        kind = "gaussian" if source == "noise" else source
        seed = 1 + (world.state.picture.noise.seed if world.state.picture.noise else 0)
        noise = Noise(kind, seed=seed)
        put = PutNoise(noise.kind, noise.mean, noise.std, noise.seed)
        return Held(noise_image(noise, *size), f"{kind} noise, seed {seed}", put)
    raise VrnnError(f"no source '{source}': choose input, grey, mean, uniform, gaussian or pink")


def put_again(state: State) -> PutImage | PutNoise:
    """The action that puts the image in that is in."""
    picture = state.picture
    if picture.noise is not None:
        noise = picture.noise
        return PutNoise(noise.kind, noise.mean, noise.std, noise.seed)
    return PutImage(picture.file, picture.number, picture.plain, picture.pixels)


def _of_map(world: World, slot: int, node: int, channel: int, colours: Colours) -> Held:
    stand = world.stands[slot]
    maps = stand.maps.get(node)
    name = stand.network.by_id[node].name
    if maps is None:
        raise VrnnError(f"the maps of '{name}' are not there yet")
    if not 0 <= channel < maps.channels:
        raise VrnnError(f"'{name}' has channels 0 to {maps.channels - 1}, no channel {channel}")
    pixels = map_picture(world.state, maps, channel, colours)
    return Held(pixels, f"{name} · channel {channel}", None, (slot, node, channel))


def map_picture(state: State, maps: FeatureMaps, channel: int, colours: Colours) -> np.ndarray:
    """(H, W, 3) uint8: a map by its own range, in the colours of the world."""
    display = replace(state.display, scale="map")
    low, high = float(maps.numbers[0][channel]), float(maps.numbers[1][channel])
    if display.symmetric:
        low, high = symmetric(low, high)
    negative, positive, not_finite = colours
    return coloured(maps.values[channel], low, high, table(display, negative, positive), not_finite)
