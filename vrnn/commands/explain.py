"""Why this answer: what is explained, by which method, and how its relevance is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    check_choice,
    layer_name,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.explanations.composites import load_composites
from vrnn.explanations.settings import GRADIENT_METHODS
from vrnn.explanations.targets import parse_target
from vrnn.scene.layer_names import check_network
from vrnn.scene.picking import Hit
from vrnn.scene.relevance_state import (
    PLACEMENTS,
    RELEVANCE_RANGES,
    RelevancePlacement,
    RelevanceRange,
    RelevanceState,
)
from vrnn.scene.state import State
from vrnn.scene.world import World

COMMON_METHODS = ("integrated-gradients", "epsilon-plus")
"""What an explanation is compared with unless another method is named."""


@cache
def explanation_methods() -> tuple[str, ...]:
    """Return the names of all methods: composites of relevance propagation, then the others."""
    return (*load_composites(), *GRADIENT_METHODS)


@command(
    "explain.show",
    "Relevance: why this answer",
    menu=Menu.DISPLAY,
    key="R",
    help="relevance: which channels, positions and pixels speak for the answer",
    pointer="Relevance panel; a click on a class",
    controller="trigger on a class; board: Relevance",
)
@dataclass(frozen=True)
class ShowRelevance(UndoableCommand):
    """Explain the answer in place of the layers' maps and along the edges, or show maps again.

    Attributes:
        on: Whether it is explained; none for the other way round.
        network: The number of its network, from 0; none for the one that was explained last.
    """

    on: bool | None = None
    network: int | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.relevance
        network = now.network if self.network is None else self.network
        check_network(world, network)
        shown = not (now.shown and network == now.network) if self.on is None else self.on
        if network != now.network:
            now = replace(now, network=network, target="", conditions=())
        return replace(state, relevance=replace(now, shown=shown))

    def message(self, context: CommandContext) -> str:
        """Say what is explained."""
        now = context.world.state.relevance
        if not now.shown:
            return "relevance is off"
        target = target_text(context.world, now)
        return f"relevance for {target}: orange speaks for it, teal against it"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Explain the network that is pointed at."""
        networks = context.world.networks
        if not networks:
            raise VrnnError("no network is open yet")
        if hit is None or hit.slot not in networks or len(networks) == 1:
            return cls()
        return cls(network=hit.slot)


@command(
    "explain.target",
    "Explain a class, a value or a channel",
    menu=Menu.LAYER,
    pointer="click a class or its bar; Relevance panel",
    controller="trigger on a class; board: Predictions, Relevance",
)
@dataclass(frozen=True)
class ExplainTarget(UndoableCommand):
    """Explain this target; with `method`, by another method.

    Attributes:
        target: A class by name or number, `A vs B`, `layer NAME #channel`, `@row,column` or
            `box N`; '' for the winning class.
        network: The number of its network, from 0.
        method: Such as `epsilon-plus` or `integrated-gradients`; '' for the one that is set.
    """

    target: str = ""
    network: int = 0
    method: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state with it explained."""
        check_network(world, self.network)
        parse_target(self.target, world.networks[self.network].info.class_names)
        now = state.relevance
        if self.method:
            check_choice("method", self.method, explanation_methods())
            now = replace(now, method=self.method)
        if self.network != now.network:
            now = replace(now, network=self.network, conditions=())
        return replace(state, relevance=replace(now, shown=True, target=self.target))

    def message(self, context: CommandContext) -> str:
        """Say what is explained."""
        return f"relevance for {target_text(context.world, context.world.state.relevance)}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Explain the channel or the layer that is pointed at."""
        hit = require_layer(hit, "a map of a layer to explain it; classes are explained by a click")
        target = f"layer {layer_name(context.world, hit)}"
        return cls(f"{target} #{hit.channel}" if hit.channel >= 0 else target, hit.slot)


@command(
    "explain.method",
    "Method of explanation",
    pointer="Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class SetExplanationMethod(UndoableCommand):
    """Explain with another method, such as `attention` or `grad-cam`; none: the next one."""

    method: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        names, now = explanation_methods(), state.relevance
        number = names.index(now.method) + 1 if now.method in names else 0
        method = self.method or names[number % len(names)]
        check_choice("method", method, names)
        return replace(state, relevance=replace(now, shown=True, method=method))

    def message(self, context: CommandContext) -> str:
        """Say which it is."""
        return f"relevance with {context.world.state.relevance.method}"

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetExplanationMethod]]:
        """Yield each method."""
        for method in explanation_methods():
            yield f"Explain with {method}", cls(method)


@command(
    "explain.display",
    "Relevance: one scale for all layers, or each its own",
    menu=Menu.DISPLAY,
    key="K",
    help="relevance: each layer on its own scale, or one scale for all layers",
    pointer="Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class SetRelevanceDisplay(UndoableCommand):
    """Set how relevance is seen; what is left out stays.

    Attributes:
        placement: `in place` of the maps of a layer, or `over` them.
        normalize_by: What the colors span: `layer`, or `network` for one scale.
        opacity: Of relevance over the input and over maps, 0 to 1.
        smooth: Whether relevance over the input is blurred a little.
        min_share: The least share of what flows that an edge carries to be seen, 0 to 1.
    """

    placement: RelevancePlacement | None = None
    normalize_by: RelevanceRange | None = None
    opacity: float | None = None
    smooth: bool | None = None
    min_share: float | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        check_choice("placement", given.get("placement", "over"), PLACEMENTS)
        check_choice("color range", given.get("normalize_by", "layer"), RELEVANCE_RANGES)
        return replace(state, relevance=replace(state.relevance, **given))

    def message(self, context: CommandContext) -> str:
        """Say what the colors span, where that was set alone."""
        if self.normalize_by is None or self != SetRelevanceDisplay(normalize_by=self.normalize_by):
            return ""
        if self.normalize_by == "layer":
            return "relevance: each layer on its own scale"
        return "relevance: one scale for all layers, for the same share of the image"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Let the colors span the other."""
        now = context.world.state.relevance
        if not now.shown:
            raise VrnnError("show relevance first, with R or a click on a class")
        return cls(normalize_by="network" if now.normalize_by == "layer" else "layer")

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetRelevanceDisplay]]:
        """Yield each placement and scale."""
        yield "Relevance in place of maps", cls(placement="in place")
        yield "Relevance over maps", cls(placement="over")
        yield "Relevance on each layer's own scale", cls(normalize_by="layer")
        yield "Relevance on one scale for all layers", cls(normalize_by="network")
        yield "Relevance over the input: sharp", cls(smooth=False)
        yield "Relevance over the input: smooth", cls(smooth=True)


@command(
    "explain.measure",
    "Measure how faithful the explanation is",
    menu=Menu.DISPLAY,
    pointer="Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class MeasureFaithfulness(UndoableCommand):
    """Measure how the target falls as the most relevant pixels are taken away, beside random ones.

    The curves stand above the input, and in the Relevance panel; each new image is measured too.

    Attributes:
        on: Whether it is measured; if not, no other method stands beside either.
    """

    on: bool = True

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.relevance
        if self.on and not now.shown:
            raise VrnnError("there is no explanation to measure; show one with R")
        beside = now.beside if self.on else ""
        return replace(state, relevance=replace(now, measured=self.on, beside=beside))

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Measure what is shown, or no more."""
        now = _require_shown(context)
        return cls(on=not (now.measured or now.beside))


@command(
    "explain.compare",
    "Compare with another method of explanation",
    menu=Menu.DISPLAY,
    key="U",
    help="relevance: another method beside it, both measured by flipping pixels",
    pointer="Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class CompareMethods(UndoableCommand):
    """Let the explanation of another method stand beside, both measured by flipping pixels.

    Attributes:
        method: The other method, such as `integrated-gradients`; '' for none.
    """

    method: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.relevance
        if self.method:
            check_choice("method", self.method, explanation_methods())
        shown = now.shown or bool(self.method)
        return replace(state, relevance=replace(now, shown=shown, beside=self.method))

    def message(self, context: CommandContext) -> str:
        """Say what is compared."""
        now = context.world.state.relevance
        return f"{now.method} beside {now.beside}" if now.beside else ""

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Compare with a common method of another kind, or no more."""
        now = _require_shown(context)
        if now.beside:
            return cls()
        return cls(next(name for name in COMMON_METHODS if name != now.method))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, CompareMethods]]:
        """Yield each method."""
        yield "Compare with no method", cls()
        for method in explanation_methods():
            yield f"Compare with {method}", cls(method)


def _require_shown(context: CommandContext) -> RelevanceState:
    now = context.world.state.relevance
    if not now.shown:
        raise VrnnError("show relevance first, with R or a click on a class")
    return now


def explain_class(now: RelevanceState, network: int, number: int) -> Command:
    """Return what a click on a class does; `number` is that of the class."""
    return explain_target(now, network, str(number))


def explain_target(now: RelevanceState, network: int, target: str) -> Command:
    """Return what a click on a target does: it is explained, or no more if it is already.

    Args:
        now: What is explained.
        network: Number of the network.
        target: See `ExplainTarget`.
    """
    if (now.shown, now.network, now.target) == (True, network, target):
        return ShowRelevance(on=False)
    return ExplainTarget(target, network)


def target_text(world: World, state: RelevanceState) -> str:
    """Return what a state wants explained, in words."""
    if not state.target:
        return "the winning class"
    if not state.target.isdecimal():
        return state.target
    network = world.networks.get(state.network)
    names = () if network is None else network.info.class_names
    number = int(state.target)
    return names[number] if number < len(names) else f"class {number}"
