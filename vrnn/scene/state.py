"""What the user has made of the world: plain data that can be kept, undone and sent.

Layers are known by their network's number and their name, so that a state also fits another
version of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, get_args

from vrnn.features.settings import FeatureVisSettings
from vrnn.media.synthetic import NoiseSpec
from vrnn.network.axes import AxisChoice, AxisRole, default_index
from vrnn.network.channel_groups import MAX_GROUPS, ChannelSource
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.layer_pictures import find_layer_picture
from vrnn.network.picture_kinds import COMPONENTS_PICTURE
from vrnn.network.predictions import OutputKind
from vrnn.network.results import AblationValue
from vrnn.scene.cloud_state import NO_CLOUD, CloudState
from vrnn.scene.comparison_state import NO_COMPARISON, ComparisonState
from vrnn.scene.connection_state import NO_CONNECTIONS, ConnectionState
from vrnn.scene.importance_state import NO_IMPORTANCE, ImportanceState
from vrnn.scene.layout.map_grid import MapForm
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.path_state import NO_PATHS, PathState
from vrnn.scene.relevance_state import NO_RELEVANCE, RelevanceState
from vrnn.scene.score_state import NO_SCORE, ScoreState
from vrnn.scene.similarity_state import NO_SIMILARITY, SimilarityState
from vrnn.scene.training_state import NO_TRAINING, TrainingState
from vrnn.storage.limits import Range
from vrnn.storage.serialization import check_fields
from vrnn.style.color_mapping import DEFAULT, ColorMapping
from vrnn.style.theme_names import Theme

MapOrder = Literal["index", "mean", "maximum", "entropy", "evidence", "variation", "correlation"]
ORDERS: tuple[MapOrder, ...] = get_args(MapOrder)
"""What the maps of a layer are ordered by; the largest first, except for their index, and for their
correlation, by which they stand in groups."""
PinKind = Literal["live", "kept", "difference"]
PIN_KINDS: tuple[PinKind, ...] = get_args(PinKind)
"""What a pinned copy shows: the layer as it is now, as it was when pinned, or now less then."""
FoldDisplay = Literal["mean", "maximum", "strongest"]
FOLD_DISPLAYS: tuple[FoldDisplay, ...] = get_args(FoldDisplay)
"""What a folded layer shows of its maps: their mean, their maximum, or the one with the highest
peak."""
DEFAULT_PICTURE = "portrait"
"""What layers show from afar where nothing else was chosen, a kind of layer picture."""
MAPS_ONLY = "maps"
"""In place of a kind of layer picture, in what users write: maps at any distance."""
PlainImage = Literal["", "gray", "mean"]
"""An image without a subject, by name; '' for none."""

Meters = Annotated[float, Range(-1e4, 1e4)]
LayerKey = tuple[int, str]
"""Network and name of a layer, or of a module."""


@dataclass(frozen=True)
class LayerState:
    """What was done to one layer.

    Attributes:
        offset: How far it was moved, meters (right, up, toward the viewer).
        size: Factor of its own size.
        folded: Whether it shows one map for all.
        form: How its maps are placed.
        spread: Factor of the default distance between maps.
        order: What its maps are ordered by.
        most: How many of the first maps it shows, 0 for all.
        compared_over: What variation, correlation and principal components are of.
        groups: How many groups by correlation there are, 0 for as many as the tree suggests.
        features: It shows feature visualizations made with these settings; None for its maps.
        picture: It shows a layer picture in place of its maps, the name of a registered kind; ''
            for its maps. A folded layer shows one of its maps instead.
        axes: The roles that the user set for the axes of its tensor, the batch included; () for
            those that were found.
    """

    offset: tuple[Meters, Meters, Meters] = (0.0, 0.0, 0.0)
    size: Annotated[float, Range(0.1, 10.0)] = 1.0
    folded: bool = False
    form: MapForm = "grid"
    spread: Annotated[float, Range(1.0, 4.0)] = 1.0
    order: MapOrder = "index"
    most: Annotated[int, Range(0, 10**9)] = 0
    compared_over: ChannelSource = "image"
    groups: Annotated[int, Range(0, MAX_GROUPS)] = 0
    features: FeatureVisSettings | None = None
    picture: str = ""
    axes: tuple[AxisRole, ...] = ()

    @property
    def compares_channels(self) -> bool:
        """Whether it shows what a comparison of its channels with each other gives."""
        return self.order in ("variation", "correlation") or self.picture == COMPONENTS_PICTURE

    @property
    def has_default_maps(self) -> bool:
        """Whether the maps fill one rectangle, all of them, in the order of their numbers."""
        return (self.form, self.spread, self.order, self.most) == ("grid", 1.0, "index", 0)


@dataclass(frozen=True)
class Pin:
    """A pinned copy of a layer.

    Attributes:
        number: Of the copy, from 1.
        network: Number of the network.
        layer: Name of the layer that it shows.
        beside: Name of the layer that it is placed beside.
        kind: What it shows of the layer.
    """

    number: int
    network: int
    layer: str
    beside: str
    kind: PinKind = "kept"


@dataclass(frozen=True)
class AblationState:
    """An ablation.

    Attributes:
        network: Number of the network.
        layer: Name of the layer.
        channels: Numbers of the channels, () for all.
        position: (row, column), None for all.
        value: What the values are set to.
    """

    network: int
    layer: str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: AblationValue = "zero"


@dataclass(frozen=True)
class OutputChoice:
    """What the user chose to show an output as.

    Attributes:
        network: Number of the network.
        output: Name of the output.
        kind: What it is shown as.
    """

    network: int
    output: str
    kind: OutputKind


@dataclass(frozen=True)
class InputImage:
    """Where the input image comes from: one of these, or none for the networks' own samples.

    Attributes:
        file: An image file.
        number: Of an image in the first network's data set.
        noise: A noise image.
        plain: An image without a subject.
        pixels: Key of an image that came from elsewhere (the clipboard, a map).
        example: Number of an image that the first network was watched with.
    """

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {"plain": {"grey": "gray"}}

    file: Path | None = None
    number: int | None = None
    noise: NoiseSpec | None = None
    plain: PlainImage = ""
    pixels: str = ""
    example: int | None = None


_NONE: Mapping[LayerKey, LayerState] = MappingProxyType({})
_NO_CHOICES: Mapping[int, tuple[AxisChoice, ...]] = MappingProxyType({})
_NO_EDITS: Mapping[int, tuple[KernelEdit, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class State:
    """Everything that can be undone.

    Attributes:
        arrangement: How the layers are placed, the name of a registered arrangement.
        color_mapping: How values become colors.
        fold_display: What folded layers show.
        distant_picture: Name of the kind of layer picture that layers show from afar; '' for their
            maps at any distance.
        layers: The layers that differ from their default state.
        folds: The modules that are folded.
        pins: The pinned copies.
        ablations: What is ablated.
        edits: Kernels that are replaced, by network, in the order in which that was done.
        input_image: What goes into the networks.
        choices: Which sample, frame or slice is shown, by network, where it is not the default.
        output_choices: What outputs are shown as, where it is not what the evidence says.
        theme: Of all colors.
        relevance: What is explained, and how it is seen.
        similarity: What every position is compared with, and how that is seen.
        cloud: The data set as a cloud beside its network.
        connections: What connects a layer with those that feed it.
        importance: How important channels are for a class, and what is pruned by that.
        comparison: What of several networks is compared.
        edge_bundling: How closely the long edges of networks run together, from 0 for a way of its
            own each to 1.
        training: Which step of its training the first network is shown at.
        score: How well a network answers its data set.
        paths: The strongest sources and targets of a channel.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {
        "display": "color_mapping",
        "fold_shows": "fold_display",
        "off": "ablations",
        "picture": "input_image",
    }

    arrangement: str = "terrace"
    color_mapping: ColorMapping = DEFAULT
    fold_display: FoldDisplay = "mean"
    distant_picture: str = DEFAULT_PICTURE
    layers: Mapping[LayerKey, LayerState] = field(default_factory=lambda: _NONE)
    folds: frozenset[LayerKey] = frozenset()
    pins: tuple[Pin, ...] = ()
    ablations: tuple[AblationState, ...] = ()
    edits: Mapping[int, tuple[KernelEdit, ...]] = field(default_factory=lambda: _NO_EDITS)
    input_image: InputImage = InputImage()
    choices: Mapping[int, tuple[AxisChoice, ...]] = field(default_factory=lambda: _NO_CHOICES)
    output_choices: tuple[OutputChoice, ...] = ()
    theme: Theme = "dark"
    relevance: RelevanceState = NO_RELEVANCE
    similarity: SimilarityState = NO_SIMILARITY
    cloud: CloudState = NO_CLOUD
    connections: ConnectionState = NO_CONNECTIONS
    importance: ImportanceState = NO_IMPORTANCE
    comparison: ComparisonState = NO_COMPARISON
    edge_bundling: Annotated[float, Range(0.0, 1.0)] = 0.0
    training: TrainingState = NO_TRAINING
    score: ScoreState = NO_SCORE
    paths: PathState = NO_PATHS

    def layer(self, key: LayerKey) -> LayerState:
        """Return what was done to a layer."""
        return self.layers.get(key, LayerState())

    def with_layer(self, key: LayerKey, layer: LayerState) -> State:
        """Return the same state with another one for a layer."""
        layers = {k: v for k, v in self.layers.items() if k != key}
        if layer != LayerState():
            layers[key] = layer
        return replace(self, layers=MappingProxyType(layers))

    def with_edits(self, network: int, edits: tuple[KernelEdit, ...]) -> State:
        """Return the same state with other edits of a network's kernels."""
        both = {**self.edits, network: edits}
        return replace(self, edits=MappingProxyType({n: own for n, own in both.items() if own}))

    def edited_layers(self, network: int) -> frozenset[str]:
        """Return the names of the layers of a network whose kernels are edited."""
        return frozenset(edit.layer for edit in self.edits.get(network, ()))

    def shown_index(self, network: int, role: AxisRole, count: int) -> int | None:
        """Return which index of the axes with a role is shown; None for all side by side.

        Args:
            network: Number of the network.
            role: Of the axes.
            count: Length of the longest of them in the network.
        """
        for choice in self.choices.get(network, ()):
            if choice.role == role:
                return choice.index
        return default_index(role, count)

    def with_shown_index(
        self, network: int, role: AxisRole, count: int, index: int | None
    ) -> State:
        """Return the same state with another index shown; arguments as for `shown_index`."""
        chosen = tuple(c for c in self.choices.get(network, ()) if c.role != role)
        if index != default_index(role, count):
            chosen = (*chosen, AxisChoice(role, index))
        choices = {**self.choices, network: chosen}
        return replace(
            self, choices=MappingProxyType({slot: c for slot, c in choices.items() if c})
        )

    def output_kind(self, network: int, output: str) -> OutputKind | None:
        """Return what the user chose to show an output as; None for what the evidence says."""
        for choice in self.output_choices:
            if (choice.network, choice.output) == (network, output):
                return choice.kind
        return None

    def with_output_kind(self, network: int, output: str, kind: OutputKind | None) -> State:
        """Return the same state with another choice for an output; None for no choice."""
        others = [c for c in self.output_choices if (c.network, c.output) != (network, output)]
        chosen = [] if kind is None else [OutputChoice(network, output, kind)]
        return replace(self, output_choices=(*others, *chosen))

    def axis_roles(self) -> Mapping[int, Mapping[str, tuple[AxisRole, ...]]]:
        """Return the roles that the user set for the axes of layers, by network and layer."""
        roles: dict[int, dict[str, tuple[AxisRole, ...]]] = {}
        for (network, name), layer in self.layers.items():
            if layer.axes:
                roles.setdefault(network, {})[name] = layer.axes
        return roles

    def has_same_placement(self, other: State) -> bool:
        """Return whether another state places everything in the world alike."""
        return self._placement_part() == other._placement_part()

    def _placement_part(self) -> State:
        return replace(
            self,
            color_mapping=DEFAULT,
            fold_display=FOLD_DISPLAYS[0],
            distant_picture="",
            pins=(),
            ablations=(),
            edits=_NO_EDITS,
            input_image=InputImage(),
            choices=_NO_CHOICES,
            output_choices=(),
            theme="dark",
            relevance=NO_RELEVANCE,
            similarity=NO_SIMILARITY,
            cloud=NO_CLOUD,
            connections=NO_CONNECTIONS,
            importance=NO_IMPORTANCE,
            training=NO_TRAINING,
            score=NO_SCORE,
            paths=NO_PATHS,
            comparison=NO_COMPARISON,
            layers={
                key: replace(layer, axes=())
                for key, layer in self.layers.items()
                if layer != LayerState(axes=layer.axes)
            },
        )


def distant_picture_named(name: str) -> str:
    """Return what `State.distant_picture` is for a name that a user wrote.

    Raises:
        VrnnError: When no kind of layer picture has it.
    """
    return "" if name == MAPS_ONLY else find_layer_picture(name).name


def check_change(before: State, after: State) -> None:
    """Check a changed state against what its types allow, as a session file does when it is read.

    Raises:
        VrnnError: A number is out of range, such as where a layer was moved to.
    """
    check_fields(after, choices=False)
    for key, layer in after.layers.items():
        if before.layers.get(key) is not layer:
            check_fields(layer, choices=False)


def check_names(state: State) -> None:
    """Check that the arrangement and the layer pictures that a state names are registered.

    Raises:
        VrnnError: When one is not.
    """
    find_arrangement(state.arrangement)
    if state.distant_picture:
        find_layer_picture(state.distant_picture)
    for layer in state.layers.values():
        if layer.picture:
            find_layer_picture(layer.picture)
