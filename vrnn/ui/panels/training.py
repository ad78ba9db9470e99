"""The Training panel: curves of what was logged, and a layer's weights over the steps."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.training import NEEDS_TRAINING, GoToStep
from vrnn.network.map_difference import DIFFERENCE_COLORS
from vrnn.recordings.scalar_table import Curve
from vrnn.recordings.step_ridges import StepRidges
from vrnn.scene.visuals.output_images import NOT_FINITE
from vrnn.style import colormap
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.panels.training_examples import draw_examples
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import button_row, labeled, muted_text, wrapped_text

PLOT_HEIGHT = 5.0
"""Of a curve, in heights of the text."""
MAX_CURVES = 12
"""Curves that are drawn, in the order in which they were logged."""
MAX_POINTS = 2000
"""Points of a curve that are drawn."""
CELLS_HEIGHT = 8.0
"""Of the picture of a change of weights, in heights of the text."""
RIDGE_HEIGHT = 9.0
"""Of a stack of histograms, in heights of the text."""


@panel("Training", dock=Dock.RIGHT_BOTTOM)
class TrainingPanel(Panel):
    """Shows a training over time; keeps nothing."""

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        training = context.workspace.training
        if training.folder is None:
            wrapped_text(NEEDS_TRAINING.capitalize() + ".")
            return
        wrapped_text(training.text)
        if training.kept_names:
            wrapped_text(
                f"only weights called '{training.kept_names}' were kept after the first step: all "
                f"others are shown as at step {training.steps[0] if training.steps else 0:,}"
            )
        labeled("folder")
        wrapped_text(training.folder.name)
        choice = button_row(("first step", "last step", "own weights"))
        steps = training.steps
        if choice == "own weights":
            context.do(GoToStep(None))
        elif choice and steps:
            context.do(GoToStep(steps[0] if choice == "first step" else steps[-1]))
        draw_examples(context)
        for curve in training.curves[:MAX_CURVES]:
            _draw_curve(context, curve)
        if not training.curves:
            muted_text("nothing was logged: watcher.log(loss=…) adds curves")
        _draw_change(context)
        _draw_ridges(context)


def _draw_curve(context: PanelContext, curve: Curve) -> None:
    """A curve with the step that is shown; a click goes to a step."""
    training = context.workspace.training
    first, last = int(curve.steps[0]), max(int(curve.steps[-1]), int(curve.steps[0]) + 1)
    finite = curve.values[np.isfinite(curve.values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    at = None
    if training.shown is not None:
        place = int(np.searchsorted(curve.steps, training.shown, side="right")) - 1
        at = float(curve.values[place]) if place >= 0 else None
    now = "" if at is None else f" {at:.4g}" if np.isfinite(at) else " not finite"
    imgui.text_unformatted(f"{curve.name}{now}")
    imgui.same_line()
    imgui.text_colored(muted(), f"{low:.4g} … {high:.4g}")
    corner, size = _frame(f"##{curve.name}", PLOT_HEIGHT)
    drawing = imgui.get_window_draw_list()
    chosen = np.linspace(0, len(curve.steps) - 1, min(MAX_POINTS, len(curve.steps))).astype(int)
    x = corner.x + (curve.steps[chosen] - first) / (last - first) * size.x
    span = (high - low) or 1.0
    y = corner.y + (1 - (curve.values[chosen] - low) / span) * (size.y - 4) + 2
    color = imgui.get_color_u32(accent())
    part: list[imgui.ImVec2Like] = []
    for px, py in [*zip(x.tolist(), y.tolist(), strict=True), (0.0, np.nan)]:
        if np.isfinite(py):
            part.append(imgui.ImVec2(px, py))
            continue
        if len(part) > 1:  # what is not finite is a gap
            drawing.add_polyline(part, color, 1.5, 0)
        part = []
    if training.shown is not None and first <= training.shown <= last:
        mark = corner.x + (training.shown - first) / (last - first) * size.x
        ink = imgui.get_color_u32(imgui.Col_.text)
        drawing.add_line(imgui.ImVec2(mark, corner.y), imgui.ImVec2(mark, corner.y + size.y), ink)
    if imgui.is_item_clicked() and training.steps:
        share = (imgui.get_mouse_pos().x - corner.x) / max(size.x, 1.0)
        wanted = first + share * (last - first)
        place = max(bisect_right(training.steps, wanted) - 1, 0)
        context.do(GoToStep(training.steps[place]))


def _frame(name: str, height: float) -> tuple[imgui.ImVec2, imgui.ImVec2]:
    """Make room for a plot; returns its upper left corner and its size, pixels."""
    corner = imgui.get_cursor_screen_pos()
    size = imgui.ImVec2(
        max(imgui.get_content_region_avail().x, 1.0), height * imgui.get_font_size()
    )
    imgui.invisible_button(name, size)
    end = imgui.ImVec2(corner.x + size.x, corner.y + size.y)
    imgui.get_window_draw_list().add_rect(corner, end, imgui.get_color_u32(imgui.Col_.border))
    return corner, size


def _draw_change(context: PanelContext) -> None:
    """The weights of the layer that panels describe, less those of another step, as colors."""
    layer, training = context.subject_layer(), context.workspace.training
    if layer is None or layer[0] != 0 or not training.steps:
        return
    since = context.workspace.step_differences.reference
    since = training.steps[0] if since is None else since
    imgui.separator_text(f"{layer[2].label} since step {since:,}")
    found = context.workspace.weight_changes.of(layer[2].name, since)
    if found is None:
        muted_text("weights: found when a step is shown for a moment")
        return
    if not found.cells.size:
        muted_text("no weights of its own")
        return
    largest = float(np.nanmax(np.abs(found.cells))) if np.isfinite(found.cells).any() else 0.0
    theme = context.world.state.theme
    wrapped_text(
        f"weights: |Δw| / |w| = {found.relative:.3g}; a row for each filter, orange more, blue "
        f"less, up to ±{largest:.2g}"
    )
    table = colormap.lookup_table(DIFFERENCE_COLORS, *colormap.SAFE, theme)
    _draw_cells(colormap.apply(found.cells, -largest, largest, table, NOT_FINITE))


def _draw_cells(pixels: np.ndarray) -> None:
    """An image (H, W, 3) uint8, each pixel a rectangle."""
    corner, size = _frame("##change of weights", CELLS_HEIGHT)
    drawing = imgui.get_window_draw_list()
    rows, columns = pixels.shape[:2]
    wide, tall = size.x / columns, size.y / rows
    for row in range(rows):
        for column in range(columns):
            red, green, blue = (pixels[row, column] / 255).tolist()
            x, y = corner.x + column * wide, corner.y + row * tall
            drawing.add_rect_filled(
                imgui.ImVec2(x, y), imgui.ImVec2(x + wide + 0.5, y + tall + 0.5),
                imgui.color_convert_float4_to_u32(imgui.ImVec4(red, green, blue, 1.0)),
            )  # fmt: skip


def _draw_ridges(context: PanelContext) -> None:
    """Histograms of the weights and activations of the layer that panels describe, over steps."""
    layer = context.subject_layer()
    if layer is None or layer[0] != 0 or not context.workspace.training.steps:
        return
    imgui.separator_text(f"{layer[2].label} over the steps")
    ridges = context.workspace.training_ridges.of(layer[2].id)
    if ridges is None:
        muted_text("computing, see Jobs")
        return
    for title, rows, ends in (
        ("weights", ridges.weights, ridges.weight_range),
        ("activations", ridges.activations, ridges.activation_range),
    ):
        if rows is not None:
            imgui.text_unformatted(title)
            imgui.same_line()
            imgui.text_colored(muted(), f"{ends[0]:.3g} … {ends[1]:.3g}, first step at the back")
            _draw_stack(context, title, ridges, rows)


def _draw_stack(context: PanelContext, title: str, ridges: StepRidges, rows: np.ndarray) -> None:
    corner, size = _frame(f"##ridges of {title}", RIDGE_HEIGHT)
    drawing = imgui.get_window_draw_list()
    ground = imgui.get_color_u32(imgui.Col_.window_bg)
    line, own = imgui.get_color_u32(imgui.Col_.text_disabled), imgui.get_color_u32(accent())
    shown = context.workspace.training.shown
    nearest = bisect_right(ridges.steps, shown) - 1 if shown is not None else -1
    tall, count = size.y * 0.35, len(rows)
    for number, row in enumerate(rows):
        base = corner.y + tall + (size.y - tall - 2) * (number / max(count - 1, 1))
        heights = row / max(float(row.max()), 1e-12) * tall * 0.95
        across = np.linspace(corner.x + 1, corner.x + size.x - 1, len(row))
        points: list[imgui.ImVec2Like] = [
            imgui.ImVec2(x, base - y)
            for x, y in zip(across.tolist(), heights.tolist(), strict=True)
        ]
        for (x0, y0), (x1, y1) in zip(
            zip(across[:-1].tolist(), heights[:-1].tolist(), strict=True),
            zip(across[1:].tolist(), heights[1:].tolist(), strict=True),
            strict=True,
        ):
            drawing.add_quad_filled(
                imgui.ImVec2(x0, base - y0), imgui.ImVec2(x1, base - y1),
                imgui.ImVec2(x1, base), imgui.ImVec2(x0, base), ground,
            )  # fmt: skip
        is_shown = number == nearest
        drawing.add_polyline(points, own if is_shown else line, 2.0 if is_shown else 1.0, 0)
