"""The Compare panel: what differs between two networks, in the layer described and in all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.comparison import (
    ONE_NETWORK,
    ChooseNetworks,
    CompareScores,
    LinkNetworks,
    SaveCka,
    ShowCka,
    ShowDifferences,
)
from vrnn.network.comparison import distinct_titles
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.map_difference import channel_correlation
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.network.predictions import ClassScores
from vrnn.network.weight_difference import WeightDifference
from vrnn.scene.comparison_state import ComparisonState
from vrnn.scene.linked_networks import matched_layers
from vrnn.style.colormap import SAFE
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.text import number_text
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import checkbox, combo, muted_text, wrapped_text

MAX_CLASSES, MAX_LAYERS, MAX_CHANNELS = 3, 12, 8
"""Lines of the scores, of the layers that changed most, and of the channels that did."""
PLOT_LINES = 4.0
"""Height of a histogram, in heights of a line of text."""


@panel("Compare", dock=Dock.RIGHT_BOTTOM)
class ComparePanel(Panel):
    """Shows what differs between two networks; remembers the correlation of one pair of layers."""

    def __init__(self) -> None:
        self._correlated: tuple[FeatureMaps, FeatureMaps, np.ndarray] | None = None

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        world = context.world
        if len(world.slots) < 2:
            wrapped_text(f"{ONE_NETWORK[0].upper()}{ONE_NETWORK[1:]}.")
            return
        now = world.state.comparison
        if len(world.slots) > 2:
            _draw_choice(context, now)
        if not {now.first, now.second} <= world.networks.keys():
            return
        linked = checkbox("one pointer and view for all", now.linked)
        imgui.set_item_tooltip("what you point at is marked in all networks (Ctrl+H)")
        if linked is not None:
            context.do(LinkNetworks(linked))
        pictures = [
            layer.picture for (s, _), layer in world.state.layers.items() if s == now.second
        ]
        shown = checkbox("differences in place of maps", DIFFERENCE_PICTURE in pictures)
        imgui.set_item_tooltip("orange: more than in the first network, blue: less (Ctrl+O)")
        if shown is not None:
            context.do(ShowDifferences(on=shown))
        _draw_cka(context, now)
        _draw_scores(context, now)
        _draw_answers(context, now)
        weights = context.workspace.comparison.weights(now.first, now.second)
        self._draw_layer(context, now, weights)
        _draw_most_changed(context, now, weights)

    def _draw_layer(
        self, context: PanelContext, now: ComparisonState,
        weights: Mapping[int, WeightDifference] | None,
    ) -> None:  # fmt: skip
        """What differs in the layer that panels describe."""
        subject = context.subject_layer()
        if subject is None or subject[0] not in (now.first, now.second):
            return
        slot, _, node, _ = subject
        other = now.second if slot == now.first else now.first
        imgui.separator_text(node.name)
        matched = matched_layers(context.world, slot, node.id).get(other)
        if matched is None:
            muted_text(f"no layer of network {other} matches it")
            return
        nodes = {slot: node.id, other: matched}
        names = context.world.networks[other].network.by_id[matched].name
        if names != node.name:
            wrapped_text(f"matches {names} of network {other}")
        one = None if weights is None else weights.get(nodes[now.first])
        if one is not None:
            _draw_weights(one)
        first, second = (
            context.world.networks[s].whole_maps(nodes[s]) for s in (now.first, now.second)
        )
        if first is not None and second is not None:
            self._draw_maps(first, second)

    def _draw_maps(self, first: FeatureMaps, second: FeatureMaps) -> None:
        """How maps of the present image go together."""
        known = self._correlated
        if known is None or known[0] is not first or known[1] is not second:
            self._correlated = known = first, second, channel_correlation(first, second)
        found = known[2]
        finite = found[np.isfinite(found)]
        if not len(finite):
            muted_text("maps: nothing to correlate")
            return
        wrapped_text(
            f"maps of this image: correlation {finite.mean():.3f} on average over "
            f"{len(finite)} channels"
        )
        least = [
            int(i) for i in np.argsort(found, kind="stable")[:MAX_CHANNELS] if found[i] < 0.999
        ]
        if least:
            text = ", ".join(f"{i} ({found[i]:.2f})" for i in least)
            wrapped_text(f"least similar: {text}".replace("-", "−"))


def _draw_choice(context: PanelContext, now: ComparisonState) -> None:
    slots = context.world.slots
    texts = {f"{slot}: {context.world.networks[slot].info.title}": slot for slot in slots}
    for label, own, other in (("first", now.first, now.second), ("second", now.second, now.first)):
        shown = next((text for text, slot in texts.items() if slot == own), "")
        choices = tuple(text for text, slot in texts.items() if slot != other)
        chosen = combo(label, shown, choices)
        if chosen and texts[chosen] != own:
            pair = (texts[chosen], other) if label == "first" else (other, texts[chosen])
            context.do(ChooseNetworks(*pair))


def _draw_cka(context: PanelContext, now: ComparisonState) -> None:
    shown = checkbox("similarity of layers (CKA)", now.cka)
    imgui.set_item_tooltip("a board beside the networks, found over the data set (Ctrl+X)")
    if shown is not None:
        command = ShowCka(shown)
        context.do(command)
    matrix = context.workspace.comparison.matrix(now.first, now.second)
    if now.cka and matrix is None:
        muted_text("computing, see Jobs")
    elif now.cka and matrix is not None:
        muted_text(f"over {matrix.images} images: point at a cell")
        if imgui.small_button("Save as PNG and CSV"):
            context.do(SaveCka())


def _draw_scores(context: PanelContext, now: ComparisonState) -> None:
    """The classes that either network holds for likely, with both scores."""
    networks = [context.world.networks[slot] for slot in (now.first, now.second)]
    scores = [
        next((o for o in n.result.outputs if isinstance(o, ClassScores)), None)
        if n.result is not None else None
        for n in networks
    ]  # fmt: skip
    first, second = scores
    if first is None or second is None:
        return
    imgui.separator_text("Scores")
    own = [one.probabilities for one in (first, second)]
    best = [np.argsort(-part, kind="stable")[:MAX_CLASSES] for part in own]
    if len(own[0]) != len(own[1]):
        muted_text(f"{len(own[0])} and {len(own[1])} classes")
    classes = list(dict.fromkeys(int(c) for pair in zip(*best, strict=False) for c in pair))
    names = networks[0].info.class_names or networks[1].info.class_names
    titles = distinct_titles(networks[0].info.title, networks[1].info.title)
    if not imgui.begin_table("scores", 3, imgui.TableFlags_.borders_inner_v):
        return
    for title in ("class", *titles):
        imgui.table_setup_column(title)
    imgui.table_headers_row()
    for number in classes[: 2 * MAX_CLASSES]:
        imgui.table_next_column()
        imgui.text(names[number] if number < len(names) else f"class {number}")
        for part in own:
            imgui.table_next_column()
            imgui.text(f"{part[number]:.1%}" if number < len(part) else "–")
    imgui.end_table()
    label = context.world.true_label
    if label:
        told = []
        for title, one in zip(titles, (first, second), strict=True):
            answer = one.leader
            name = "" if answer is None or answer >= len(names) else names[answer]
            told.append(f"{title} {'right' if name == label else 'wrong'}")
        wrapped_text(f"label {label}: {', '.join(told)}")


def _draw_answers(context: PanelContext, now: ComparisonState) -> None:
    """How both do over the whole data set."""
    if imgui.small_button("Score both over the data set"):
        context.do(CompareScores())
    found = context.workspace.comparison.answers(now.first, now.second)
    if found is None:
        return
    first, second = found.accuracy
    both, one, other, neither = found.counts
    wrapped_text(
        f"right of {len(found.numbers):,} images: {first:.1%} and {second:.1%}; both {both:,}, the "
        f"first alone {one:,}, the second alone {other:,}, neither {neither:,}"
    )


def _draw_weights(one: WeightDifference) -> None:
    """How far the weights of a layer are apart, as a whole, by value, and by channel."""
    if one.reason:
        wrapped_text(one.reason)
        return
    wrapped_text(f"weights: |Δw| / |w| = {number_text(one.relative)}")
    height = PLOT_LINES * imgui.get_text_line_height()
    end = number_text(float(one.edges[-1]))
    counts = one.counts.astype(np.float32)
    width = imgui.get_content_region_avail().x
    size = imgui.ImVec2(width, height)
    imgui.plot_histogram("##change", counts, graph_size=size, overlay_text=f"Δw, −{end} to {end}")
    imgui.plot_histogram(
        "##channels", one.channels, scale_min=0.0, graph_size=size, overlay_text="by channel"
    )
    most = np.argsort(-one.channels, kind="stable")[:MAX_CHANNELS]
    text = ", ".join(f"{i} ({one.channels[i]:.2g})" for i in most.tolist())
    wrapped_text(f"channels that changed most: {text}")


def _draw_share(share: float) -> None:
    """A bar behind the line that comes next."""
    corner, height = imgui.get_cursor_screen_pos(), imgui.get_text_line_height_with_spacing()
    width = share * imgui.get_content_region_avail().x
    red, green, blue = linear_to_srgb(np.array(SAFE[1])) / 255
    imgui.get_window_draw_list().add_rect_filled(
        corner, imgui.ImVec2(corner.x + width, corner.y + height),
        imgui.color_convert_float4_to_u32(imgui.ImVec4(red, green, blue, 0.3)),
    )  # fmt: skip


def _draw_most_changed(
    context: PanelContext, now: ComparisonState, weights: Mapping[int, WeightDifference] | None
) -> None:
    """The layers whose weights changed most: a click goes there."""
    imgui.separator_text("Most changed weights")
    if weights is None:
        muted_text("comparing, see Jobs")
        return
    known = sorted((one for one in weights.values() if not one.reason), key=lambda o: -o.relative)
    network = context.world.networks[now.first].network
    for one in known[:MAX_LAYERS]:
        name = network.by_id[one.first].name
        _draw_share(one.relative / (known[0].relative or 1.0))
        if imgui.selectable(f"{one.relative:.3f}   {name}", False)[0]:
            context.go_to_layer(now.first, name)
    if known:
        muted_text("|Δw| / |w|; the first five are framed while differences are shown")
    left_out = len(weights) - len(known)
    if left_out:
        muted_text(
            f"{left_out} layers cannot be compared: shapes differ, or weights cannot be read"
        )
    if not weights:
        muted_text("no weights of matched layers are known")
