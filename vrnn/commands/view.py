"""Where the eye is, and what is pointed at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vrnn.commands.base import Command, check_range, following, require_layer
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.network.feature_maps import map_shape
from vrnn.scene.layer_names import find_layer
from vrnn.scene.picking import Hit


@command(
    "view.go_to",
    "Go to a view",
    menu=Menu.VIEW,
    pointer="palette",
    controller="other hand's B or Y: the start; board: Find",
    former_name="look",
)
@dataclass(frozen=True)
class GoToView(Command):
    """Go to a camera: `overview`, `front`, `top`, `input`, `layer:NAME`, `x,y,z,yaw,pitch`, ….

    Once they are shown, also `cloud`, `connections`, and the boards `pruning` and `cka`.

    Attributes:
        camera: Its name; meters and degrees.
        network: The network of the layer, from 0; None for the only one that has it.
    """

    camera: str
    network: int | None = None

    def run(self, context: CommandContext) -> None:
        """Move the eye."""
        context.navigator.go_to(self.camera, self.network)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, GoToView]]:
        """Yield the three views of the whole, that of the input and that of the pruning curve."""
        yield "Go to the overview", cls("overview")
        yield "Go to the front", cls("front")
        yield "Go above", cls("top")
        yield "Go to the input", cls("input")
        yield "Go to the pruning curve", cls("pruning")
        yield "Go to the similarity of layers", cls("cka")


@command(
    "view.frame_layer",
    "Go to the layer",
    menu=Menu.VIEW,
    key="F",
    help="frame the layer or input you point at",
    radial=RadialEntry(Ring.LAYER, "go there", 0),
    controller="menu: go there",
    former_key="frame",
)
@dataclass(frozen=True)
class FrameLayer(Command):
    """Go to where one layer fills the view.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
    """

    layer: str
    network: int = 0

    def run(self, context: CommandContext) -> None:
        """Move the eye."""
        context.navigator.go_to(f"layer:{self.layer}", self.network)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Frame the layer, or the picture of the input, that is pointed at."""
        if hit is not None and hit.kind == "input":
            return GoToView("input")
        hit = require_layer(hit, "a layer to frame it")
        return cls(context.world.visible_node(hit.slot, hit.node).name, hit.slot)


@command(
    "view.frame_all",
    "Show whole network",
    menu=Menu.VIEW,
    key="HOME",
    radial=RadialEntry(Ring.GENERAL, "on a table", 4),
    controller="menu: on a table",
    former_key="home",
)
@dataclass(frozen=True)
class ShowWholeNetwork(Command):
    """Go to where everything is in view; with a headset, stand it on a table."""

    def run(self, context: CommandContext) -> None:
        """Move the eye."""
        context.navigator.go_to("overview")


@command(
    "view.walk",
    "Walk",
    menu=Menu.VIEW,
    key="SPACE",
    help="walk: the mouse looks around until Space or Esc",
    controller="the sticks",
)
@dataclass(frozen=True)
class ToggleWalking(Command):
    """Walk with the mouse captured, or set it free again; Esc does so too."""

    def run(self, context: CommandContext) -> None:
        """Capture or release the mouse."""
        context.navigator.toggle_walking()

    def message(self, context: CommandContext) -> str:
        """Teach how to walk."""
        return context.navigator.walking_hint


@command("view.store_viewpoint", "Store viewpoint", help="store this viewpoint")
@dataclass(frozen=True)
class StoreViewpoint(Command):
    """Remember where the eye is, under a number from 1 to 9."""

    number: int

    def run(self, context: CommandContext) -> None:
        """Store it."""
        context.navigator.store_viewpoint(self.number)

    def message(self, context: CommandContext) -> str:
        """Say that it is stored."""
        return f"viewpoint {self.number} stored"


@command("view.go_to_viewpoint", "Go to viewpoint", help="go to a viewpoint")
@dataclass(frozen=True)
class GoToViewpoint(Command):
    """Go to a stored viewpoint; until something is stored, 1 to 3 are the views of the whole."""

    number: int

    def run(self, context: CommandContext) -> None:
        """Move the eye."""
        context.navigator.go_to_viewpoint(self.number)


@command(
    "view.hover",
    "Point at a layer",
    pointer="the mouse",
    controller="the ray",
    former_name="point",
)
@dataclass(frozen=True)
class HoverLayer(Command):
    """Point at a layer, and at a position in one of its maps.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for nothing.
        network: The number of its network, from 0.
        channel: The map; -1 for none.
        position: Row and column in the map.
    """

    layer: str = ""
    network: int = 0
    channel: int = -1
    position: tuple[int, int] = (0, 0)

    def run(self, context: CommandContext) -> None:
        """Point at it."""
        if not self.layer:
            context.workspace.hover(None)
            return
        world = context.world
        slot, node = find_layer(world, self.layer, self.network)
        shown = world.shown_node(slot, node)
        if shown != node:  # in a folded module, which has no maps to point at
            context.workspace.hover(Hit("layer", 0.0, slot, shown))
            return
        channels, rows, columns = map_shape(world.networks[slot].network.by_id[node].shape)
        row, column = self.position
        check_range("the channel", self.channel, -1, channels - 1)
        check_range("the row", row, 0, rows - 1)
        check_range("the column", column, 0, columns - 1)
        context.workspace.hover(Hit("layer", 0.0, slot, node, self.channel, row, column))


@command(
    "view.magnifier",
    "Magnify the map",
    menu=Menu.VIEW,
    key="M",
    help="magnify the map you point at: sharp, smooth, off",
    controller="press the pointing hand's stick; bring what is held near the eye",
    former_key="magnify",
)
@dataclass(frozen=True)
class CycleMagnifier(Command):
    """Magnify the map that is pointed at: with sharp pixels, smoothly, then not."""

    def run(self, context: CommandContext) -> None:
        """Take the next setting."""
        kinds = ("", "sharp", "smooth")
        interface = context.interface
        interface.magnifier = following(kinds, interface.magnifier)

    def message(self, context: CommandContext) -> str:
        """Say which."""
        return f"magnifier: {context.interface.magnifier or 'off'}"


@command(
    "view.minimap",
    "Map (top view)",
    menu=Menu.VIEW,
    key="O",
    controller="menu: on a table",
    former_key="minimap",
)
@dataclass(frozen=True)
class ToggleMinimap(Command):
    """Show a small map from above in a corner, or hide it."""

    def run(self, context: CommandContext) -> None:
        """Show or hide it."""
        context.interface.toggle_minimap()
