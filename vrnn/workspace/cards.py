"""Cards before the eye: the image in the hand, or a magnified view of the hovered feature map."""

from __future__ import annotations

from math import isfinite

import numpy as np

from vrnn.features.results import describe
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.positions import position_text
from vrnn.scene.picking import Hit
from vrnn.scene.visuals.card import ImageCard
from vrnn.scene.world import World
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.held_image import HeldImage, MapColors, colorize_map

HOLDING_HINT = "click the input to put it in · Esc lets go"
"""Tells the user what to do with an image in the hand."""
NO_USE_HINT = "no image can go into this network · Esc lets go"
IMAGE_SIDE, MAP_SIDE = 0.22, 0.36
"""Height of a card with an image and with a feature map, as a fraction of the view's height."""
MAX_SHARP_ROWS = 48
"""Images with at most this many rows are shown with sharp pixels."""


class CardDeck:
    """Makes the cards of a world."""

    def __init__(self, world: World, features: FeatureImageManager, colors: MapColors) -> None:
        """Create the deck.

        Args:
            world: Whose feature maps are magnified.
            features: Feature visualizations that are shown in place of maps.
            colors: Of magnified maps.
        """
        self._world, self._features, self._colors = world, features, colors
        self._magnified: tuple[object, FeatureMaps, np.ndarray] | None = None

    def cards(
        self, held: HeldImage | None, magnify: str, hint: str = HOLDING_HINT
    ) -> list[ImageCard]:
        """Make the cards of this frame.

        Args:
            held: The image in the hand; None for none.
            magnify: How the hovered map is magnified: `sharp`, `smooth`, or '' for not at all.
            hint: Tells the user what to do with the image in the hand; '' for none.

        Returns:
            The cards: one or none.
        """
        hit = self._world.hovered
        if held is not None:
            return [self._held(held, hit, magnify, hint)]
        if not magnify or hit is None or hit.kind != "layer" or hit.channel < 0:
            return []
        node = self._world.visible_node(hit.slot, hit.node)
        name, map_word = node.name, "head" if node.presentation == "attention" else "channel"
        feature = self._features.feature(hit.slot, hit.node, hit.channel)
        if feature is not None:
            lines = [describe(name, feature)]
            return [ImageCard(feature.pixels, lines, magnify == "smooth", None, MAP_SIDE)]
        maps = self._world.networks[hit.slot].whole_maps(hit.node)
        if maps is None:
            return []
        marked = (hit.row, hit.column)
        lines = [
            f"{name} · {map_word} {hit.channel}",
            self._value(hit.slot, hit.node, hit.channel, *marked),
        ]
        pixels = self._magnify(maps, hit.channel)
        return [ImageCard(pixels, lines, magnify == "smooth", marked, MAP_SIDE)]

    def _held(self, held: HeldImage, hit: Hit | None, magnify: str, hint: str) -> ImageCard:
        lines = [held.caption]
        marked = None
        if held.layer is not None and hit is not None and hit.layer == held.layer[:2]:
            marked = (hit.row, hit.column)
            lines.append(self._value(*held.layer, *marked))
        if not any(n.info.takes_other_images for n in self._world.networks.values()):
            hint = NO_USE_HINT if hint else ""
        if hint:
            lines.append(hint)
        large_image = held.layer is None and held.pixels.shape[0] > MAX_SHARP_ROWS
        side = IMAGE_SIDE if held.layer is None else MAP_SIDE
        return ImageCard(held.pixels, lines, magnify == "smooth" or large_image, marked, side)

    def _magnify(self, maps: FeatureMaps, channel: int) -> np.ndarray:
        """Color a map; the same array while nothing changes, so that it is uploaded once."""
        state = self._world.state
        key = (id(maps), channel, state.color_mapping, state.theme)
        if self._magnified is None or self._magnified[0] != key:
            pixels = colorize_map(state, maps, channel, self._colors, state.theme)
            # The maps are kept with it, so that their id stays theirs.
            self._magnified = (key, maps, pixels)
        return self._magnified[2]

    def _value(self, slot: int, node: int, channel: int, row: int, column: int) -> str:
        maps = self._world.networks[slot].whole_maps(node)
        if maps is None:
            return ""
        value = float(maps.values[channel, row, column]) * maps.scale
        text = f"{value:.4g}" if isfinite(value) else "not finite"
        network = self._world.networks[slot]
        layer = network.network.by_id[node]
        choices = self._world.state.choices.get(slot, ())
        position = position_text(layer, row, column, network.info.token_names, choices)
        if not position or position.startswith("("):
            position = f"row {row}, column {column}"
        return f"{position}: {text}"
