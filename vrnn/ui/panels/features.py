"""The Features panel: feature visualization, what each channel of a layer responds to."""

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
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import (
    bare_slider,
    button_row,
    checkbox,
    combo,
    labeled,
    value_beside,
    wrapped_text,
)
from vrnn.workspace.feature_images import FeatureImageSet

CUSTOM_PRESET = "custom"
"""Shown in place of a preset for settings that are none."""


@panel("Features", dock=Dock.RIGHT_BOTTOM)
class FeaturesPanel(Panel):
    """Generates feature visualizations and shows that of one channel in detail."""

    def __init__(self) -> None:
        self._presets = load_presets()
        self._layer: tuple[int, int] | None = None
        self._channel = 0
        self._snapshots: dict[int, list[np.ndarray]] = {}

    def draw(self, context: PanelContext) -> None:
        """Draw the controls, and the image of the channel that was hovered last."""
        subject = context.subject_layer()
        if subject is None or subject[2].operation == "input":
            wrapped_text("Point at a layer to see what its channels respond to.")
            return
        slot, _, node, _ = subject
        self._follow(context, slot, node)
        imgui.text_colored(accent(), node.name)
        image_set = context.workspace.features.image_sets.get((slot, node.id))
        _draw_buttons(context, slot, node, image_set)
        if image_set is not None:
            _draw_progress(context, image_set)
            feature = context.workspace.features.feature(slot, node.id, self._channel)
            if feature is not None:
                self._draw_feature(context, slot, node, feature)
        imgui.separator_text("Settings")
        self._draw_settings(context, node)

    def _follow(self, context: PanelContext, slot: int, node: Node) -> None:
        """Select the channel that is hovered."""
        if self._layer != (slot, node.id):
            self._layer, self._channel = (slot, node.id), 0
        hit = context.world.hovered
        if hit is not None and hit.layer == self._layer and hit.channel >= 0:
            self._channel = hit.channel
            context.workspace.features.prioritize((hit.channel,))

    def _draw_feature(
        self, context: PanelContext, slot: int, node: Node, feature: FeatureImage
    ) -> None:
        """Draw a channel's image, its snapshots during optimization, and its curve."""
        imgui.separator_text(f"Channel {self._channel}")
        if feature.dead:
            imgui.text_colored(accent(), "dead channel: no input changes it")
            return
        if feature.diverged:
            imgui.text_colored(accent(), "stopped: values became infinite or NaN")
        available = imgui.get_content_region_avail().x
        side = min(available, 9.0 * imgui.get_font_size())
        height, width = feature.pixels.shape[:2]
        scale = side / max(height, width)
        imgui.image(context.make_texture(feature.pixels), (width * scale, height * scale))
        imgui.same_line()
        imgui.begin_group()
        imgui.text_colored(muted(), "activation")
        imgui.text_unformatted(f"{feature.activation:.4g}")
        if imgui.button("Grab image"):
            context.do(GrabImage(layer=node.name, channel=self._channel, network=slot))
        if imgui.is_item_hovered():
            imgui.set_item_tooltip("then click the input, to check how the channel responds")
        imgui.end_group()
        frames = self._frames(feature)
        if frames:
            small = min(3.2 * imgui.get_font_size(), (available - 4 * len(frames)) / len(frames))
            for number, frame in enumerate(frames):
                if number:
                    imgui.same_line(0, 4)
                imgui.image(
                    context.make_texture(frame), (small, small * frame.shape[0] / frame.shape[1])
                )
        _draw_curve(feature.curve)

    def _frames(self, feature: FeatureImage) -> list[np.ndarray]:
        """Return the snapshots; the same arrays as long as the feature is the same."""
        key = id(feature)
        if key not in self._snapshots:
            self._snapshots = {key: [np.ascontiguousarray(frame) for frame in feature.snapshots]}
        return self._snapshots[key]

    def _draw_settings(self, context: PanelContext, node: Node) -> None:
        settings = context.feature_settings
        presets = self._presets.items()
        name = next((n for n, preset in presets if preset == settings), CUSTOM_PRESET)
        if chosen := combo("preset", name, tuple(self._presets)):
            context.feature_settings = self._presets[chosen]
            return
        try:
            context.feature_settings = _edited(settings, context, node)
        except VrnnError as error:
            context.notify(str(error))


def _draw_buttons(
    context: PanelContext, slot: int, node: Node, image_set: FeatureImageSet | None
) -> None:
    layer = context.world.state.layer((slot, node.name))
    if layer.features is None:
        wrapped_text("Images that excite each channel most, in place of its feature maps.")
        if imgui.button("Generate"):
            context.do(ShowFeatureVisualization(node.name, slot, context.feature_settings))
        return
    texts = ["Show feature maps"]
    if layer.features != context.feature_settings:
        texts.insert(0, "Regenerate")
    if image_set is not None and image_set.finished_keys:
        texts.append("Export sheet")
    pressed = button_row(texts)
    if pressed == "Show feature maps":
        context.do(ShowFeatureVisualization(node.name, slot))
    elif pressed == "Regenerate":
        context.do(ShowFeatureVisualization(node.name, slot, context.feature_settings))
    elif pressed == "Export sheet":
        context.do(ExportLayers(timestamped("-features"), node.name, slot, ("features",)))


def _edited(settings: FeatureVisSettings, context: PanelContext, node: Node) -> FeatureVisSettings:
    """Draw the controls of settings.

    Args:
        settings: The present settings.
        context: Tells which unit is hovered.
        node: The layer.

    Returns:
        The settings after the edits of this frame.

    Raises:
        VrnnError: When the new settings are not valid.
    """
    changes: dict[str, Any] = {}
    for key, label, options in (
        ("objective", "objective", OBJECTIVES), ("source", "start from", SOURCES),
        ("parametrization", "parametrization", PARAMETRIZATIONS),
        ("optimizer", "optimizer", OPTIMIZERS),
        ("precision", "precision", PRECISIONS),
    ):  # fmt: skip
        if chosen := combo(label, getattr(settings, key), options):
            changes[key] = chosen
    if settings.objective == "difference":
        _edit_integer(
            changes, settings, "subtracted_channel", "minus channel", 0, max(node.shape[0] - 1, 0)
        )
    if settings.objective == "neuron":
        _edit_unit(changes, settings, context)
    _edit_integer(changes, settings, "steps", "steps", 1, 2000)
    _edit_number(changes, settings, "step_size", "step size", 0.001, 100.0, logarithmic=True)
    imgui.text_colored(muted(), "transforms")
    _edit_optional(changes, settings, "pad", "pad", 10, 0, 64)
    _edit_random(changes, settings, "rotate", "degrees", 0.3, 1.0, 90.0)
    _edit_random(changes, settings, "scale", "times", 0.05, 1.0, 2.0)
    _edit_optional(changes, settings, "blur", "blur", 0.5, 0.0, 3.0)
    _edit_random(changes, settings, "roll", "pixels", 0.3, 1, 64)
    _edit_optional(changes, settings, "mean_pull", "pull to mean", 0.05, 0.0, 1.0)
    _edit_integer(
        changes, settings, "untransformed_steps", "final steps without transforms", 0, 200
    )
    if imgui.tree_node("regularization, diversity"):
        for key, label in (("l1", "L1"), ("l2", "L2"), ("total_variation", "total variation"),
                           ("diversity", "diversity")):  # fmt: skip
            _edit_number(changes, settings, key, label, 0.0, 10.0)
        _edit_integer(changes, settings, "samples_per_channel", "samples per channel", 1, 9)
        imgui.tree_pop()
    _edit_integer(changes, settings, "seed", "seed", 0, 2**31 - 1)
    return replace(settings, **changes) if changes else settings


def _edit_unit(
    changes: dict[str, Any], settings: FeatureVisSettings, context: PanelContext
) -> None:
    labeled("unit")
    position = settings.position
    imgui.text_unformatted(
        "center" if position is None else f"row {position[0]}, column {position[1]}"
    )
    hit = context.world.hovered
    if hit is not None and hit.layer is not None and context.subject is not None:
        row, column = hit.row, hit.column
        if imgui.button(f"use row {row}, column {column}"):
            changes["position"] = (row, column)


def _edit_integer(
    changes: dict[str, Any], settings: FeatureVisSettings, key: str, label: str, low: int, high: int
) -> None:  # fmt: skip
    labeled(label)
    edited, value = imgui.input_int(f"##{key}", getattr(settings, key), 1, 10)
    if edited:
        changes[key] = min(max(value, low), high)


def _edit_number(
    changes: dict[str, Any], settings: FeatureVisSettings, key: str, label: str, low: float,
    high: float, logarithmic: bool = False,
) -> None:  # fmt: skip
    labeled(label)
    now = float(getattr(settings, key))
    moved, value = bare_slider(key, now, (low, high), "%.3g", logarithmic)
    value_beside(value, "%.3g")
    if moved:
        changes[key] = value


def _edit_optional(
    changes: dict[str, Any],
    settings: FeatureVisSettings,
    key: str,
    label: str,
    default: float,
    low: float,
    high: float,
) -> None:
    """Draw a transform that is off at 0, and its amount."""
    value = getattr(settings, key)
    on = checkbox(f"##on {key}", value > 0)
    if on is not None:
        changes[key] = default if on else type(default)(0)
    imgui.same_line()
    imgui.begin_disabled(value <= 0)
    if isinstance(default, int):
        _edit_integer(changes, settings, key, label, int(low), int(high))
    else:
        _edit_number(changes, settings, key, label, low, high)
    imgui.end_disabled()


def _edit_random(
    changes: dict[str, Any],
    settings: FeatureVisSettings,
    key: str,
    unit: str,
    default: float,
    low: float,
    high: float,
) -> None:
    """Draw a transform that is applied at random: whether it is on, and its range."""
    chance = getattr(settings, f"{key}_chance")
    on = checkbox(f"##on {key}", chance > 0)
    if on is not None:
        changes[f"{key}_chance"] = default if on else 0.0
    imgui.same_line()
    imgui.begin_disabled(chance <= 0)
    labeled(key)
    value = getattr(settings, key)
    number_format = f"%.0f {unit}" if isinstance(low, int) else f"%.3g {unit}"
    moved, amount = bare_slider(key, float(value), (low, high), number_format)
    value_beside(amount, number_format)
    if moved:
        changes[key] = type(low)(amount)
    imgui.end_disabled()


def _draw_progress(context: PanelContext, image_set: FeatureImageSet) -> None:
    status = context.workspace.jobs.statuses.get(image_set.job_number)
    if status is None:
        imgui.text_colored(muted(), f"{image_set.num_finished} of {image_set.total} images")
        return
    left = "" if status.seconds_left is None else f", {format_duration(status.seconds_left)} left"
    text = f"{image_set.num_finished} of {image_set.total}{', paused' if status.paused else left}"
    imgui.progress_bar(status.fraction, (-1, 0), text)
    pressed = button_row(("Resume" if status.paused else "Pause", "Cancel"))
    if pressed == "Cancel":
        context.do(CancelJob(image_set.job_number))
    elif pressed is not None:
        context.do(PauseJob(image_set.job_number, not status.paused))


def _draw_curve(curve: np.ndarray) -> None:
    """Plot the objective at each step."""
    finite = curve[np.isfinite(curve)].astype(np.float64)
    if len(finite) < 2:
        return
    imgui.text_colored(muted(), "objective at each step")
    flags = implot.Flags_
    kind = flags.no_title | flags.no_legend | flags.no_menus | flags.no_box_select
    kind |= flags.no_mouse_text | flags.no_inputs
    if implot.begin_plot("##curve", (-1, 6.0 * imgui.get_font_size()), kind.value):
        quiet = implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_highlight
        fit = quiet | implot.AxisFlags_.auto_fit
        implot.setup_axes("", "", int(fit), int(fit))
        spec = implot.Spec()
        spec.line_color = imgui.ImVec4(*accent(1.0))
        implot.plot_line("##objective", np.ascontiguousarray(finite), spec=spec)
        implot.end_plot()
    if imgui.is_item_hovered():
        imgui.set_item_tooltip("objective at each step, on the transformed image")
