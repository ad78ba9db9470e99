"""The Data set score panel: accuracy, confusion matrix, and what an edit or ablation changed."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.export import timestamped
from vrnn.commands.scoring import ExportScore, ShowScore, ShowScoredImages
from vrnn.network.dataset_score import DatasetScore, ImageGroup, ScoreComparison, Side
from vrnn.scene.score_state import ScoreState
from vrnn.scene.visuals.confusion_board import (
    MAX_CLASSES,
    class_text,
    matrix_text,
    score_lines,
)
from vrnn.style.confusion_colors import confusion_pixels
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import (
    button_row,
    checkbox,
    combo,
    muted_text,
    property_table,
    same_line_if_fits,
    wrapped_text,
)

MAX_SIDE = 26.0
"""Of the matrix, in heights of the text."""
MAX_LISTED = 30
"""Images that are listed."""
SIDES: tuple[Side, ...] = ("now", "before")


@panel("Data set score", dock=Dock.RIGHT_BOTTOM)
class DatasetScorePanel(Panel):
    """Shows how well a network answers its data set; keeps which of both matrices is seen."""

    def __init__(self) -> None:
        """Begin with the answers as they are now."""
        self._side: Side = "now"

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        now = context.world.state.score
        if context.workspace.feed.datasets.get(now.network) is None:
            wrapped_text("No data set: start with --data FOLDER.")
            return
        shown = checkbox("score the data set", now.shown)
        imgui.set_item_tooltip("before edits and ablations, and with them (Ctrl+M)")
        if shown is not None:
            context.do(ShowScore(now.network, shown))
        if not now.shown:
            return
        scores = context.workspace.scores
        found = scores.shown
        if found is None or scores.is_stale:
            muted_text("scoring, see Jobs")
        if found is None:
            return
        names = scores.names()
        for line in score_lines(found, names):
            wrapped_text(line)
        self._draw_changes(context, found)
        side: Side = self._side if found.has_change else "now"
        self._draw_matrix(context, now, found, side)
        if told := matrix_text(found):
            muted_text(told)
        _draw_images(context)
        _draw_classes(found, names)
        if button_row(("Export",)):
            context.do(ExportScore(timestamped("-score")))

    def _draw_changes(self, context: PanelContext, found: ScoreComparison) -> None:
        if not found.has_change:
            muted_text("edit a kernel or ablate a channel: changes appear here")
            return
        wrong = f"{len(found.became_wrong):,} became wrong"
        right = f"{len(found.became_right):,} became right"
        pressed = button_row((wrong, right))
        if pressed is not None:
            group: ImageGroup = "became wrong" if pressed == wrong else "became right"
            context.do(ShowScoredImages(group))
        if chosen := combo("answers", self._side, SIDES):
            self._side = chosen

    def _draw_matrix(
        self, context: PanelContext, now: ScoreState, found: ScoreComparison, side: Side
    ) -> None:
        """The matrix: rows are labels, columns answers; a click shows the images of a cell."""
        classes, score = found.shown_classes(MAX_CLASSES), found.side(side)
        if not len(classes):
            return
        counts = score.confusion[np.ix_(classes, classes)]
        pixels = confusion_pixels(counts, score.counts[classes]) / 255.0
        em = imgui.get_font_size()
        width = min(imgui.get_content_region_avail().x, MAX_SIDE * em)
        cell = width / len(classes)
        drawing, corner = imgui.get_window_draw_list(), imgui.get_cursor_screen_pos()
        for (row, column), _ in np.ndenumerate(counts):
            red, green, blue = pixels[row, column].tolist()
            x, y = corner.x + column * cell, corner.y + row * cell
            color = imgui.get_color_u32(imgui.ImVec4(red, green, blue, 1.0))
            drawing.add_rect_filled((x, y), (x + cell - 1, y + cell - 1), color)
        imgui.invisible_button("matrix", (width, width))
        if not imgui.is_item_hovered():
            return
        mouse = imgui.get_mouse_pos()
        column = min(max(int((mouse.x - corner.x) / cell), 0), len(classes) - 1)
        row = min(max(int((mouse.y - corner.y) / cell), 0), len(classes) - 1)
        label, answer = int(classes[row]), int(classes[column])
        names = context.workspace.scores.names()
        count = int(counts[row, column])
        text = f"{class_text(names, label)}, answered {class_text(names, answer)}: {count:,}"
        imgui.set_tooltip(text)
        if imgui.is_item_clicked():
            context.do(ShowScoredImages("cell", side, label, answer))


def _draw_images(context: PanelContext) -> None:
    """The images of what is pointed at or was clicked; a click puts one in."""
    scores = context.workspace.scores
    told = scores.image_numbers()
    if told is None:
        muted_text("rows: label, columns: answer; click a cell to see its images")
        return
    title, numbers = told
    wrapped_text(title)
    for place, number in enumerate(numbers[:MAX_LISTED].tolist()):
        command = scores.put_in(number)
        if command is None:
            break
        if place:
            same_line_if_fits(f"#{number}")
        if imgui.small_button(f"#{number}"):
            context.do(command)
    if len(numbers) > MAX_LISTED:
        muted_text(f"the first {MAX_LISTED}")


def _draw_classes(found: ScoreComparison, names: tuple[str, ...]) -> None:
    """Accuracy by class, the worst first."""
    if not imgui.tree_node("by class"):
        return

    def told(score: DatasetScore, number: int) -> str:
        value = score.class_accuracy[number]
        return "no images" if np.isnan(value) else f"{value:.1%}"

    order = np.argsort(found.now.class_accuracy, kind="stable")
    rows = []
    for number in order[found.now.counts[order] > 0][: MAX_CLASSES * 2].tolist():
        now, before = told(found.now, number), told(found.before, number)
        text = now if not found.has_change or now == before else f"{before} → {now}"
        rows.append((class_text(names, number), text))
    property_table(rows, "classes")
    imgui.tree_pop()
