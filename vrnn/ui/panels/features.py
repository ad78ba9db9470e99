"""What a layer's channels look for: how pictures of it are made, and how they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.commands.export import ExportLayers, timestamped
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.inputs import GrabImage
from vrnn.commands.jobs import CancelJob, PauseJob
from vrnn.errors import VrnnError
from vrnn.features.presets import load_presets
from vrnn.features.results import FeatureImage
from vrnn.features.settings import (
    OBJECTIVES,
    OPTIMIZERS,
    PARAMETRIZATIONS,
    PRECISIONS,
    SOURCES,
    FeatureVisSettings,
)
from vrnn.network.graph import Node
from vrnn.style.text import format_duration
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import ACCENT, MUTED_COLOR
from vrnn.ui.widgets import button_row, checkbox, combo, labeled, wrapped_text
from vrnn.workspace.feature_images import FeatureImageSet

CUSTOM_PRESET = "own"


@panel("Features", dock=Dock.LEFT_BOTTOM)
class FeaturesPanel(Panel):
    """Remembers which channel is looked at."""

    def __init__(self) -> None:
        self._presets = load_presets()
        self._seen: tuple[int, int] | None = None
        self._channel = 0
        self._film: dict[int, list[np.ndarray]] = {}

    def draw(self, context: PanelContext) -> None:
        """The panel's inside."""
        found = context.subject_layer()
        if found is None or found[2].operation == "input":
            wrapped_text("Point at a layer to see what its channels look for.")
            return
        slot, _, node, _ = found
        self._follow(context, slot, node)
        imgui.text_colored(ACCENT, node.name)
        made = context.workspace.features.image_sets.get((slot, node.id))
        self._begin(context, slot, node, made)
        if made is not None:
            _progress(context, made)
            feature = context.workspace.features.feature(slot, node.id, self._channel)
            if feature is not None:
                self._one(context, slot, node, feature)
        imgui.separator_text("How they are made")
        self._method(context, node)

    def _follow(self, context: PanelContext, slot: int, node: Node) -> None:
        """The channel that was pointed at last."""
        if self._seen != (slot, node.id):
            self._seen, self._channel = (slot, node.id), 0
        hit = context.world.hovered
        if hit is not None and hit.layer == self._seen and hit.channel >= 0:
            self._channel = hit.channel
            context.workspace.features.prioritize((hit.channel,))

    def _begin(
        self, context: PanelContext, slot: int, node: Node, made: FeatureImageSet | None
    ) -> None:
        layer = context.world.state.layer((slot, node.name))
        if layer.features is None:
            wrapped_text("Pictures that excite each channel most, in place of its maps.")
            if imgui.button("Make pictures"):
                context.do(ShowFeatureVisualization(node.name, slot, context.feature_settings))
            return
        texts = ["Show maps"]
        if layer.features != context.feature_settings:
            texts.insert(0, "Make anew")
        if made is not None and made.finished_keys:
            texts.append("Export sheet")
        pressed = button_row(texts)
        if pressed == "Show maps":
            context.do(ShowFeatureVisualization(node.name, slot))
        elif pressed == "Make anew":
            context.do(ShowFeatureVisualization(node.name, slot, context.feature_settings))
        elif pressed == "Export sheet":
            context.do(ExportLayers(timestamped("-features"), node.name, slot, ("features",)))

    def _one(self, context: PanelContext, slot: int, node: Node, feature: FeatureImage) -> None:
        """One channel's picture, its film and its curve."""
        imgui.separator_text(f"Channel {self._channel}")
        if feature.dead:
            imgui.text_colored(ACCENT, "dead: nothing changes it")
            return
        if feature.diverged:
            imgui.text_colored(ACCENT, "stopped: values were no longer finite")
        room = imgui.get_content_region_avail().x
        side = min(room, 9.0 * imgui.get_font_size())
        height, width = feature.pixels.shape[:2]
        scale = side / max(height, width)
        imgui.image(context.make_texture(feature.pixels), (width * scale, height * scale))
        imgui.same_line()
        imgui.begin_group()
        imgui.text_colored(MUTED_COLOR, "activation")
        imgui.text_unformatted(f"{feature.activation:.4g}")
        if imgui.button("Pick up"):
            context.do(GrabImage(layer=node.name, channel=self._channel, network=slot))
        if imgui.is_item_hovered():
            imgui.set_item_tooltip("then click the input: does it really excite its channel?")
        imgui.end_group()
        frames = self._frames(feature)
        if frames:
            small = min(3.2 * imgui.get_font_size(), (room - 4 * len(frames)) / len(frames))
            for number, frame in enumerate(frames):
                if number:
                    imgui.same_line(0, 4)
                imgui.image(
                    context.make_texture(frame), (small, small * frame.shape[0] / frame.shape[1])
                )
        _curve(feature.curve)

    def _frames(self, feature: FeatureImage) -> list[np.ndarray]:
        """The film's pictures; the same arrays as long as the feature is the same."""
        key = id(feature)
        if key not in self._film:
            self._film = {key: [np.ascontiguousarray(frame) for frame in feature.snapshots]}
        return self._film[key]

    def _method(self, context: PanelContext, node: Node) -> None:
        now = context.feature_settings
        name = next((n for n, known in self._presets.items() if known == now), CUSTOM_PRESET)
        if chosen := combo("preset", name, tuple(self._presets)):
            context.feature_settings = self._presets[chosen]
            return
        try:
            context.feature_settings = _edited(now, context, node)
        except VrnnError as error:
            context.notify(str(error))


def _edited(now: FeatureVisSettings, context: PanelContext, node: Node) -> FeatureVisSettings:
    """The settings after what was done to them in this frame. Raises VrnnError."""
    changes: dict[str, Any] = {}
    for key, label, known in (
        ("objective", "target", OBJECTIVES), ("source", "start from", SOURCES),
        ("parametrization", "moves", PARAMETRIZATIONS), ("optimizer", "optimizer", OPTIMIZERS),
        ("precision", "precision", PRECISIONS),
    ):  # fmt: skip
        if chosen := combo(label, getattr(now, key), known):
            changes[key] = chosen
    if now.objective == "difference":
        _whole(changes, now, "subtracted_channel", "less channel", 0, max(node.shape[0] - 1, 0))
    if now.objective == "neuron":
        _unit(changes, now, context)
    _whole(changes, now, "steps", "steps", 1, 2000)
    _number(changes, now, "step_size", "step size", 0.001, 100.0, logarithmic=True)
    imgui.text_colored(MUTED_COLOR, "changes between steps")
    _switched(changes, now, "pad", "pad", 10, 0, 64)
    _chance(changes, now, "rotate", "degrees", 0.3, 1.0, 90.0)
    _chance(changes, now, "scale", "times", 0.05, 1.0, 2.0)
    _switched(changes, now, "blur", "blur", 0.5, 0.0, 3.0)
    _chance(changes, now, "roll", "pixels", 0.3, 1, 64)
    _switched(changes, now, "mean_pull", "pull to mean", 0.05, 0.0, 1.0)
    _whole(changes, now, "untransformed_steps", "final steps without transforms", 0, 200)
    if imgui.tree_node("penalties and variety"):
        for key, label in (("l1", "L1"), ("l2", "L2"), ("total_variation", "total variation"),
                           ("diversity", "diversity")):  # fmt: skip
            _number(changes, now, key, label, 0.0, 10.0)
        _whole(changes, now, "samples_per_channel", "pictures each", 1, 9)
        imgui.tree_pop()
    _whole(changes, now, "seed", "seed", 0, 2**31 - 1)
    return replace(now, **changes) if changes else now


def _unit(changes: dict[str, Any], now: FeatureVisSettings, context: PanelContext) -> None:
    labeled("unit")
    said = "the middle" if now.position is None else f"row {now.position[0]}, col {now.position[1]}"
    imgui.text_unformatted(said)
    hit = context.world.hovered
    if hit is not None and hit.layer is not None and context.subject is not None:
        row, column = hit.row, hit.column
        if imgui.button(f"take row {row}, column {column}"):
            changes["position"] = (row, column)


def _whole(
    changes: dict[str, Any], now: FeatureVisSettings, key: str, label: str, low: int, high: int
) -> None:  # fmt: skip
    labeled(label)
    moved, value = imgui.input_int(f"##{key}", getattr(now, key), 1, 10)
    if moved:
        changes[key] = min(max(value, low), high)


def _number(
    changes: dict[str, Any], now: FeatureVisSettings, key: str, label: str, low: float, high: float,
    logarithmic: bool = False,
) -> None:  # fmt: skip
    labeled(label)
    flags = imgui.SliderFlags_
    kind = flags.always_clamp | (flags.logarithmic if logarithmic else 0)
    moved, value = imgui.slider_float(
        f"##{key}", float(getattr(now, key)), low, high, "%.3g", int(kind)
    )
    if moved:
        changes[key] = value


def _switched(
    changes: dict[str, Any],
    now: FeatureVisSettings,
    key: str,
    label: str,
    usual: float,
    low: float,
    high: float,
) -> None:
    """A change between steps that is off at 0, and how large it is."""
    value = getattr(now, key)
    on = checkbox(f"##on {key}", value > 0)
    if on is not None:
        changes[key] = usual if on else type(usual)(0)
    imgui.same_line()
    imgui.begin_disabled(value <= 0)
    if isinstance(usual, int):
        _whole(changes, now, key, label, int(low), int(high))
    else:
        _number(changes, now, key, label, low, high)
    imgui.end_disabled()


def _chance(
    changes: dict[str, Any],
    now: FeatureVisSettings,
    key: str,
    unit: str,
    usual: float,
    low: float,
    high: float,
) -> None:
    """A change that happens sometimes: how likely, and how far it goes."""
    chance = getattr(now, f"{key}_chance")
    on = checkbox(f"##on {key}", chance > 0)
    if on is not None:
        changes[f"{key}_chance"] = usual if on else 0.0
    imgui.same_line()
    imgui.begin_disabled(chance <= 0)
    labeled(key)
    value = getattr(now, key)
    form = f"%.0f {unit}" if isinstance(low, int) else f"%.3g {unit}"
    moved, far = imgui.slider_float(f"##{key}", float(value), low, high, form)
    if moved:
        changes[key] = type(low)(far)
    imgui.end_disabled()


def _progress(context: PanelContext, made: FeatureImageSet) -> None:
    row = context.workspace.jobs.statuses.get(made.job_number)
    if row is None:
        imgui.text_colored(MUTED_COLOR, f"{made.num_finished} of {made.total} pictures")
        return
    left = "" if row.seconds_left is None else f", {format_duration(row.seconds_left)} left"
    said = f"{made.num_finished} of {made.total}{', paused' if row.paused else left}"
    imgui.progress_bar(row.fraction, (-1, 0), said)
    pressed = button_row(("Go on" if row.paused else "Pause", "Cancel"))
    if pressed == "Cancel":
        context.do(CancelJob(made.job_number))
    elif pressed is not None:
        context.do(PauseJob(made.job_number, not row.paused))


def _curve(curve: np.ndarray) -> None:
    """The objective at each step."""
    good = curve[np.isfinite(curve)].astype(np.float64)
    if len(good) < 2:
        return
    flags = implot.Flags_
    kind = flags.no_title | flags.no_legend | flags.no_menus | flags.no_box_select
    kind |= flags.no_mouse_text | flags.no_inputs
    if implot.begin_plot("##curve", (-1, 6.0 * imgui.get_font_size()), kind.value):
        quiet = implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_highlight
        fit = quiet | implot.AxisFlags_.auto_fit
        implot.setup_axes("", "", int(fit), int(fit))
        spec = implot.Spec()
        spec.line_color = imgui.ImVec4(*ACCENT[:3], 1.0)
        implot.plot_line("##objective", np.ascontiguousarray(good), spec=spec)
        implot.end_plot()
    if imgui.is_item_hovered():
        imgui.set_item_tooltip("the target at each step, on the changed picture")
