"""What floats before the eye: the image in the hand, or the map that is pointed at, magnified."""

from __future__ import annotations

from math import isfinite

import numpy as np

from vrnn.features.results import describe
from vrnn.network.feature_maps import FeatureMaps
from vrnn.scene.picking import Hit
from vrnn.scene.visuals.card import ImageCard
from vrnn.scene.world import World
from vrnn.style.color_mapping import ColorMapping
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.held_image import HeldImage, MapColors, colorize_map

HOLDING = "click the input to put it in · Esc lets go"
"""What to do with an image in the hand."""
IMAGE_SIDE, MAP_SIDE = 0.22, 0.36
"""Height of a card with an image and of one with a map, of the picture's height."""
SHARP_BELOW = 48
"""Images with fewer rows are shown with sharp pixels."""


class CardDeck:
    """Makes the cards of a world."""

    def __init__(self, world: World, features: FeatureImageManager, colors: MapColors) -> None:
        """Create it.

        Args:
            world: Whose maps are magnified.
            features: Images that stand in place of maps.
            colors: Of maps that are colored by their own range.
        """
        self._world, self._features, self._colors = world, features, colors
        self._magnified: tuple[int, int, ColorMapping, FeatureMaps, np.ndarray] | None = None

    def cards(self, held: HeldImage | None, magnify: str, hint: str = HOLDING) -> list[ImageCard]:
        """Make the cards of this moment.

        Args:
            held: The image in the hand.
            magnify: How the map that is pointed at is magnified: `sharp`, `smooth`, '' for not.
            hint: What to do with the image in the hand.
        """
        hit = self._world.hovered
        if held is not None:
            return [self._held(held, hit, magnify, hint)]
        if not magnify or hit is None or hit.kind != "layer" or hit.channel < 0:
            return []
        name = self._world.visible_node(hit.slot, hit.node).name
        feature = self._features.feature(hit.slot, hit.node, hit.channel)
        if feature is not None:
            lines = [describe(name, feature)]
            return [ImageCard(feature.pixels, lines, magnify == "smooth", None, MAP_SIDE)]
        maps = self._world.networks[hit.slot].maps.get(hit.node)
        if maps is None:
            return []
        at = (hit.row, hit.column)
        lines = [
            f"{name} · channel {hit.channel}",
            self._value(hit.slot, hit.node, hit.channel, *at),
        ]
        pixels = self._magnify(maps, hit.channel)
        return [ImageCard(pixels, lines, magnify == "smooth", at, MAP_SIDE)]

    def _held(self, held: HeldImage, hit: Hit | None, magnify: str, hint: str) -> ImageCard:
        lines = [held.caption]
        cross = None
        if held.layer is not None and hit is not None and hit.layer == held.layer[:2]:
            cross = (hit.row, hit.column)
            lines.append(self._value(*held.layer, *cross))
        if hint:
            lines.append(hint)
        large_image = held.layer is None and held.pixels.shape[0] > SHARP_BELOW
        side = IMAGE_SIDE if held.layer is None else MAP_SIDE
        return ImageCard(held.pixels, lines, magnify == "smooth" or large_image, cross, side)

    def _magnify(self, maps: FeatureMaps, channel: int) -> np.ndarray:
        """Color a map; the same array while nothing changes, so that it is uploaded once."""
        mapping = self._world.state.color_mapping
        if self._magnified is None or self._magnified[:3] != (id(maps), channel, mapping):
            pixels = colorize_map(self._world.state, maps, channel, self._colors)
            # The maps are kept with it, so that their id stays theirs.
            self._magnified = (id(maps), channel, mapping, maps, pixels)
        return self._magnified[4]

    def _value(self, slot: int, node: int, channel: int, row: int, column: int) -> str:
        maps = self._world.networks[slot].maps.get(node)
        if maps is None:
            return ""
        value = float(maps.values[channel, row, column]) * maps.scale
        text = f"{value:.4g}" if isfinite(value) else "not finite"
        return f"row {row}, column {column}: {text}"
