"""Feature vectors as bar charts, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.ui.widgets import wrapped_text

BarOrder = Literal["channel", "value", "difference"]
BAR_ORDERS: tuple[BarOrder, ...] = get_args(BarOrder)
"""By number, by the last vector's values, or by how far the vectors are apart, the most first."""


@dataclass(frozen=True, eq=False)
class VectorBars:
    """A feature vector that is to be drawn.

    Attributes:
        title: What it is of.
        values: (C,) float32 activations.
        color: sRGB.
    """

    title: str
    values: np.ndarray
    color: tuple[int, int, int]


def bar_order(vectors: Sequence[np.ndarray], by: BarOrder) -> np.ndarray:
    """Return the channels in the order of their bars.

    Args:
        vectors: Of one layer, each (C,).
        by: What they are ordered by. A single vector differs from zero.

    Returns:
        (C,) channel numbers.
    """
    values = np.nan_to_num(np.stack(vectors).astype(np.float64))
    if by == "channel":
        return np.arange(values.shape[1])
    if by == "value":
        return np.argsort(-values[-1], kind="stable")
    if len(values) == 1:
        values = np.concatenate([values, np.zeros_like(values)])
    return np.argsort(-np.ptp(values, axis=0), kind="stable")


def draw_vector_bars(
    name: str, vectors: Sequence[VectorBars], order: np.ndarray, height: float
) -> int | None:
    """Draw the vectors of one layer, one below the other with one scale.

    Args:
        name: ImGui's id.
        vectors: To be drawn.
        order: (C,) channels in the order of their bars.
        height: Of each chart, in heights of a line.

    Returns:
        The channel whose bar is pointed at; None for none.
    """
    finite = np.nan_to_num(np.stack([v.values for v in vectors]))
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    high = high if high > low else low + 1.0
    pointed: int | None = None
    flags = implot.Flags_
    kind = flags.no_title | flags.no_menus | flags.no_box_select | flags.no_legend
    kind = kind | flags.no_mouse_text | flags.no_inputs
    bare = implot.AxisFlags_.no_decorations.value
    for number, vector in enumerate(vectors):
        red, green, blue = (part / 255 for part in vector.color)
        wrapped_text(vector.title, (red, green, blue, 1.0))
        size = (-1.0, height * imgui.get_font_size())
        if not implot.begin_plot(f"##{name} {number}", size, kind.value):
            continue
        implot.setup_axes("", "", bare, bare)
        always = implot.Cond_.always.value
        implot.setup_axes_limits(-0.5, len(order) - 0.5, low, high, always)
        values = np.ascontiguousarray(np.nan_to_num(vector.values)[order], np.float64)
        spec = implot.Spec()
        spec.fill_color = imgui.ImVec4(red, green, blue, 1.0)
        spec.line_color = spec.fill_color
        implot.plot_bars("##bars", values, 1.0 if len(order) > 64 else 0.8, spec=spec)
        corner, room = implot.get_plot_pos(), implot.get_plot_size()
        end = imgui.ImVec2(corner.x + room.x, corner.y + room.y)
        # A plot without inputs, which does not zoom, is never told to be hovered.
        if imgui.is_window_hovered() and imgui.is_mouse_hovering_rect(corner, end):
            at = round(implot.get_plot_mouse_pos().x)
            if 0 <= at < len(order):
                pointed = int(order[at])
        implot.end_plot()
    return pointed
