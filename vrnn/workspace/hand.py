"""The hand: it holds one image, taken from anywhere, and can make it the input."""

from __future__ import annotations

from typing import Protocol

from vrnn.commands.inputs import SetInputImage
from vrnn.commands.workspace_actions import Change, ImageSelection
from vrnn.features.results import describe
from vrnn.media.image_set import ImageSet
from vrnn.scene.layer_names import find_layer
from vrnn.scene.visuals.card import ImageCard
from vrnn.scene.world import World
from vrnn.workspace.cards import HOLDING_HINT, CardDeck
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.held_image import HeldImage, MapColors, grab_image
from vrnn.workspace.input_source import InputSource


class HandWorkspace(Protocol):
    """What `Hand` needs of `vrnn.workspace.workspace.Workspace`."""

    world: World
    features: FeatureImageManager
    input: InputSource

    @property
    def images(self) -> ImageSet | None:
        """The first network's data set; None for none."""

    def apply_command(self, command: Change) -> None:
        """Push a change on the undo stack and show it."""


class Hand:
    """Holds at most one image.

    Attributes:
        image: The image; None for an empty hand.
    """

    def __init__(self, workspace: HandWorkspace, colors: MapColors) -> None:
        """Create an empty hand.

        Args:
            workspace: Where images come from and go to.
            colors: Of feature maps that are held or magnified.
        """
        self.image: HeldImage | None = None
        self._workspace, self._colors = workspace, colors
        self._deck = CardDeck(workspace.world, workspace.features, colors)

    def grab(self, selection: ImageSelection) -> None:
        """Take an image into the hand.

        Args:
            selection: Which image.

        Raises:
            VrnnError: When there is no such image.
        """
        workspace = self._workspace
        self.image = self._feature_image(selection) or grab_image(
            selection, workspace.world, workspace.images, workspace.input.size(), self._colors
        )

    def drop(self, into_input: bool) -> None:
        """Empty the hand.

        Args:
            into_input: Whether the image becomes the input.
        """
        held, self.image = self.image, None
        if held is None or not into_input:
            return
        self._workspace.apply_command(
            held.command or SetInputImage(pixels=self._workspace.input.remember(held.pixels))
        )

    def cards(self, magnify: str, hint: str = HOLDING_HINT) -> list[ImageCard]:
        """Make the cards before the eye. See `CardDeck.cards`."""
        return self._deck.cards(self.image, magnify, hint)

    def _feature_image(self, selection: ImageSelection) -> HeldImage | None:
        """Return a channel's feature visualization, if its layer shows them."""
        if not selection.layer:
            return None
        world = self._workspace.world
        slot, node = find_layer(world, selection.layer, selection.network)
        feature = self._workspace.features.feature(slot, node, selection.channel, selection.copy)
        if feature is None:
            return None
        name = world.networks[slot].network.by_id[node].name
        command = SetInputImage(pixels=self._workspace.input.remember(feature.image))
        return HeldImage(feature.pixels, describe(name, feature), command)
