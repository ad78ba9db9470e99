"""The data set as a cloud beside its network: shown, colored, slid along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vrnn.commands.base import Command, UndoableCommand, check_choice, following, operation_key
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import (
    DIMENSIONS,
    EMBEDDING_METHODS,
    METHOD_TEXT,
    Dimensions,
    EmbeddingMethod,
)
from vrnn.network.image_cloud import PIXELS
from vrnn.scene.cloud_place import cloud_layers
from vrnn.scene.cloud_state import (
    CLOUD_COLORS,
    CloudColor,
    ImageNumber,
    Part,
)
from vrnn.scene.layer_names import check_network
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

NEEDS_CLOUD = "show a cloud of images first, with Ctrl+E"


@command(
    "cloud.show",
    "Image cloud: the data set by this layer",
    menu=Menu.DISPLAY,
    key="CONTROL+E",
    help="image cloud: the data set by the features of the layer you point at; again: none",
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class ShowImageCloud(UndoableCommand):
    """Show the images of the data set as a cloud, by their features at a layer, or show none.

    Attributes:
        layer: Its name, or a part that only one layer's name has; `pixels` for the pixels; '' for
            the last cloud that was shown, or none where one is.
        network: The number of its network, from 0.
        on: Whether it is shown; none for what `layer` says.
        position: Where in the maps features are taken, as parts of width and height; none for their
            means.
    """

    layer: str = ""
    network: ImageNumber = 0
    on: bool | None = None
    position: tuple[Part, Part] | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.cloud
        shown = (bool(self.layer) or not now.shown) if self.on is None else self.on
        if not shown:
            return replace(state, cloud=replace(now, shown=False))
        check_network(world, self.network)
        names = world.networks[self.network].node_ids
        layer = self.layer or (now.layer if now.network == self.network else "")
        if layer in ("", PIXELS) and PIXELS not in names:
            slot, layer = self.network, layer or PIXELS
        else:
            slot, layer = operation_key(world, self.network, layer)
        selected = now.selected if slot == now.network else ()
        cloud = replace(
            now, shown=True, network=slot, anchor=layer, layer=layer, position=self.position,
            selected=selected,
        )  # fmt: skip
        return replace(state, cloud=cloud)

    def run(self, context: CommandContext) -> None:
        """Show it, if there is a data set."""
        if self.on is not False and (self.layer or not context.world.state.cloud.shown):
            context.workspace.image_cloud.check(self.network)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        now = context.world.state.cloud
        if not now.shown:
            return "no image cloud"
        return f"the data set by {now.layer}; Ctrl+Period and Ctrl+Comma slide along the layers"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the cloud of the layer that is pointed at; precise: by the position there."""
        now = context.world.state.cloud
        if hit is None or hit.kind != "layer" or hit.layer is None:
            network = now.network if now.network in context.world.networks else 0
            if now.shown:
                return cls(on=False)
            context.workspace.image_cloud.check(network)
            return cls(_last_layer(context.world, network), network)
        graph = context.world.networks[hit.slot].network
        if hit.node not in graph.by_id:
            raise VrnnError("point at a layer")
        context.workspace.image_cloud.check(hit.slot)
        name = graph.by_id[hit.node].name
        position = _position_in_map(context.world, hit) if precise else None
        if now.shown and (now.network, now.layer, now.position) == (hit.slot, name, position):
            return cls(on=False)
        return cls(PIXELS if hit.node in graph.inputs else name, hit.slot, position=position)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, ShowImageCloud]]:
        """Yield that of the pixels."""
        yield "Image cloud of the pixels", cls(PIXELS)
        yield "No image cloud", cls(on=False)


def _last_layer(world: World, network: int) -> str:
    """The layer before the answer, where the network tells classes apart best."""
    graph = world.networks[network].network
    names = {graph.by_id[node].name for node in graph.outputs if node in graph.by_id}
    layers = [name for name in cloud_layers(graph) if name not in names]
    return layers[-1]


def _position_in_map(world: World, hit: Hit) -> tuple[float, float] | None:
    """Where in its map a hit is, as parts of width and height; None where maps have one value."""
    maps = world.networks[hit.slot].layer_maps(hit.node)
    if maps is None or hit.channel < 0 or maps.height * maps.width < 2:
        return None
    return (
        round((hit.column % maps.width + 0.5) / maps.width, 4),
        round((hit.row % maps.height + 0.5) / maps.height, 4),
    )


@dataclass(frozen=True)
class _SlideCloud(UndoableCommand):
    """Go to the next layer of those that one slides along."""

    def step(self) -> int:
        """Return how many layers further."""
        return 1

    def apply(self, state: State, world: World) -> State:
        """Give the state with that layer."""
        now = state.cloud
        if not now.shown or now.network not in world.networks:
            raise VrnnError(NEEDS_CLOUD)
        layers = cloud_layers(world.networks[now.network].network, now.anchor)
        place = layers.index(now.layer) if now.layer in layers else 0
        place += self.step()
        if not 0 <= place < len(layers):
            raise VrnnError(f"{now.layer} is the {'last' if self.step() > 0 else 'first'} layer")
        return replace(state, cloud=replace(now, layer=layers[place]))

    def message(self, context: CommandContext) -> str:
        """Say where."""
        return f"image cloud by {context.world.state.cloud.layer}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Check that there is such a layer."""
        cls().apply(context.world.state, context.world)
        return cls()


@command(
    "cloud.next_layer",
    "Image cloud: slide to the next layer",
    menu=Menu.DISPLAY,
    key="CONTROL+PERIOD",
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class SlideForward(_SlideCloud):
    """Let the images of the cloud move to where the next layer has them."""


@command(
    "cloud.previous_layer",
    "Image cloud: slide to the layer before",
    menu=Menu.DISPLAY,
    key="CONTROL+COMMA",
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class SlideBack(_SlideCloud):
    """Let the images of the cloud move to where the layer before has them."""

    def step(self) -> int:
        """Return how many layers further."""
        return -1


@command(
    "cloud.display",
    "Method and colors of the image cloud",
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class SetCloudDisplay(UndoableCommand):
    """Set how the images of the cloud are placed and seen; what is left out stays.

    Attributes:
        layer: Slide to this layer: one of those along the network, or `pixels`.
        method: `pca`, `tsne` (t-SNE) or `umap`.
        dimensions: 2 or 3.
        color: What tells images apart: `class`, `answer`, `correct` or `none`.
        marks_input: Whether it is shown where the input lands, with its nearest neighbors.
    """

    layer: str = ""
    method: EmbeddingMethod | None = None
    dimensions: Dimensions | None = None
    color: CloudColor | None = None
    marks_input: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.cloud
        given = {name: value for name, value in vars(self).items() if value not in (None, "")}
        check_choice("method", given.get("method", "pca"), EMBEDDING_METHODS)
        check_choice("color", given.get("color", "class"), CLOUD_COLORS)
        if given.get("dimensions", 2) not in DIMENSIONS:
            raise VrnnError(f"images are placed in 2 or 3 dimensions, not in {self.dimensions}")
        if self.layer:
            if not now.shown or now.network not in world.networks:
                raise VrnnError(NEEDS_CLOUD)
            layers = cloud_layers(world.networks[now.network].network, now.anchor)
            if self.layer not in layers:
                raise VrnnError(
                    f"one slides along {', '.join(layers)}, not to '{self.layer}'; show its cloud "
                    "with cloud.show"
                )
        return replace(state, cloud=replace(now, **given))

    def message(self, context: CommandContext) -> str:
        """Say by which method."""
        return f"image cloud by {METHOD_TEXT[self.method]}" if self.method is not None else ""

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Place images by the next method."""
        now = context.world.state.cloud
        if not now.shown:
            raise VrnnError(NEEDS_CLOUD)
        return cls(method=following(EMBEDDING_METHODS, now.method))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetCloudDisplay]]:
        """Yield each method and color."""
        for method in EMBEDDING_METHODS:
            yield f"Image cloud by {METHOD_TEXT[method]}", cls(method=method)
        for dimensions in DIMENSIONS:
            yield f"Image cloud in {dimensions} dimensions", cls(dimensions=dimensions)
        yield "Color images by class", cls(color="class")
        yield "Color images by the answer", cls(color="answer")
        yield "Color images by right or wrong", cls(color="correct")
        yield "Color all images alike", cls(color="none")
        yield "Mark the input in the cloud", cls(marks_input=True)
        yield "Leave the input out of the cloud", cls(marks_input=False)
