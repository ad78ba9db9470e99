"""The Kernel editor panel: the weights of a kernel by hand, or replaced, and what is edited."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.export import timestamped
from vrnn.commands.kernel_edits import EditKernel, RestoreKernels, SaveWeights
from vrnn.network.kernel_edits import (
    CONTENT_TEXT,
    KERNEL_CONTENTS,
    FilterKernels,
    KernelContent,
    KernelEdit,
    KernelShape,
    edited_count,
    no_kernels,
)
from vrnn.network.kernel_filters import edit_problem
from vrnn.scene.visuals.kernel_pictures import kernel_image
from vrnn.style.connection_colors import connection_pixels
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import (
    button_row,
    checkbox,
    combo,
    labeled,
    muted_text,
    same_line_if_fits,
    slider,
    wrapped_text,
)

MAX_SIDE = 7
"""Rows and columns of a kernel whose weights are edited by hand."""
PICTURE_SIDE = 7.0
"""Of the picture of a kernel, in heights of the text."""
MAX_LISTED = 20
"""Edits that are listed one by one."""
DRAG_STEP = 0.005
"""Part of the largest weight that a field changes by with a pixel of dragging."""
WHOLE_TOOLTIP = "the same in every kernel of the filter, for all its input maps"
NORM_TOOLTIP = "scaled to the norm of the kernel that it replaces"


@panel("Kernel editor", dock=Dock.RIGHT_BOTTOM)
class KernelEditorPanel(Panel):
    """Edits the kernels of the layer that panels describe; keeps what was chosen for the next."""

    def __init__(self) -> None:
        """Begin with the first kernel."""
        self._layer: tuple[int, str] | None = None
        self._output = self._input = 0
        self._whole, self._keeps_norm = True, True
        self._content: KernelContent = "horizontal sobel"
        self._angle, self._wavelength, self._seed = 0.0, 4.0, 0
        self._draft: np.ndarray | None = None
        self._known: tuple[KernelEdit, ...] = ()

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        layer = context.subject_layer()
        if layer is None:
            muted_text("point at a layer to edit its kernels; Ctrl+F replaces a filter at once")
        else:
            slot, opened, node, _ = layer
            shape = opened.kernels.get(node.id)
            wrapped_text(node.name)
            if shape is None or shape.refusal:
                muted_text(no_kernels("it") if shape is None else shape.refusal)
            else:
                self._draw_layer(context, slot, node.name, shape)
        self._draw_edits(context)

    def _draw_layer(self, context: PanelContext, slot: int, name: str, shape: KernelShape) -> None:
        self._follow(context, slot, name)
        size = " × ".join(map(str, shape.size)) or "1"
        muted_text(f"{shape.outputs:,} filters of {shape.inputs:,} kernels {size}")
        if shape.shared:
            muted_text(f"{', '.join(shape.shared)} shares these weights")
        self._output = _number("filter", self._output, shape.outputs)
        self._input = _number("kernel", self._input, shape.inputs)
        kernels = context.workspace.kernels.filter(slot, name, self._output)
        if kernels is None:
            muted_text("reading")
        elif self._input < len(kernels.now):
            _draw_pictures(kernels, self._input)
            self._draw_weights(context, slot, name, shape, kernels)
        self._draw_content(context, slot, name, shape)

    def _follow(self, context: PanelContext, slot: int, name: str) -> None:
        """Show the filter of another layer, or the one that was edited last."""
        edits = context.world.state.edits.get(slot, ())
        if self._layer != (slot, name):
            self._layer, self._output, self._input, self._draft = (slot, name), 0, 0, None
        if edits != self._known:
            self._known = edits
            if edits and edits[-1].layer == name:
                self._output = edits[-1].output
                self._input = self._input if edits[-1].input is None else edits[-1].input

    def _draw_weights(
        self, context: PanelContext, slot: int, name: str, shape: KernelShape,
        kernels: FilterKernels,
    ) -> None:  # fmt: skip
        """A field for each weight: dragged as a slider, or typed into with a double click."""
        kernel = kernels.now[self._input]
        flat = kernel_image(kernel, max((*kernel.shape, 1)))
        if max(flat.shape) > MAX_SIDE:
            muted_text(f"weights by hand: of kernels up to {MAX_SIDE} × {MAX_SIDE}")
            return
        values = self._draft if self._draft is not None else flat.astype(np.float64)
        values = values.copy() if values.shape == flat.shape else flat.astype(np.float64)
        step = max(float(np.abs(kernels.before).max()), 1e-3) * DRAG_STEP
        width = imgui.get_content_region_avail().x / flat.shape[1] - 2
        is_held = is_done = False
        imgui.push_style_var(imgui.StyleVar_.item_spacing, (2, 2))
        for row, column in np.ndindex(*flat.shape):
            if column:
                imgui.same_line()
            imgui.set_next_item_width(width)
            label = f"##weight {row} {column}"
            moved, now = imgui.drag_float(label, float(values[row, column]), step, 0, 0, "%.3g")
            values[row, column] = now
            is_held |= moved
            is_done |= imgui.is_item_deactivated_after_edit()
        imgui.pop_style_var()
        if is_held or is_done:
            given = tuple(values.reshape(-1).tolist())
            edit = EditKernel(name, slot, self._output, self._input, "values", given)
            self._draft = None if is_done else values
            if is_done:
                context.do(edit)
            else:
                context.preview(edit)

    def _draw_content(
        self, context: PanelContext, slot: int, name: str, shape: KernelShape
    ) -> None:
        """What else can be put there."""
        imgui.separator_text("Replace by")
        texts = {CONTENT_TEXT[content]: content for content in KERNEL_CONTENTS[1:]}
        chosen = combo("content", CONTENT_TEXT[self._content], tuple(texts))
        self._content = texts[chosen] if chosen else self._content
        whole = checkbox("the whole filter", self._whole)
        imgui.set_item_tooltip(WHOLE_TOOLTIP)
        self._whole = self._whole if whole is None else whole
        keeps = checkbox("keep the norm", self._keeps_norm)
        imgui.set_item_tooltip(NORM_TOOLTIP)
        self._keeps_norm = self._keeps_norm if keeps is None else keeps
        kernel = None if self._whole else self._input
        if self._content == "gabor":
            slider(
                context, "angle", self._angle, (0.0, 180.0), "%.0f",
                lambda v: self._gabor(slot, name, kernel, v, self._wavelength),
                "degrees: 0 responds to vertical stripes, 90 to horizontal ones",
            )  # fmt: skip
            slider(
                context, "wavelength", self._wavelength, (2.0, 16.0), "%.1f",
                lambda v: self._gabor(slot, name, kernel, self._angle, v), "in weights",
            )  # fmt: skip
        if self._content == "noise":
            labeled("seed", "each number gives different noise")
            self._seed = max(imgui.input_int("##seed", self._seed)[1], 0)
        edit = KernelEdit(
            name, self._output, kernel, self._content, (), self._angle, self._wavelength,
            self._seed, self._keeps_norm,
        )  # fmt: skip
        if problem := edit_problem(edit, shape):
            muted_text(problem)
            return
        pressed = button_row(("Replace", "Restore"))
        if pressed == "Replace":
            context.do(self._replacement(slot, name, kernel))
        elif pressed is not None:
            context.do(RestoreKernels(name, slot, self._output, kernel))

    def _replacement(self, slot: int, name: str, kernel: int | None) -> EditKernel:
        """The edit that was chosen."""
        return EditKernel(
            name, slot, self._output, kernel, self._content, (), self._angle, self._wavelength,
            self._seed, self._keeps_norm,
        )  # fmt: skip

    def _gabor(
        self, slot: int, name: str, kernel: int | None, angle: float, wavelength: float
    ) -> EditKernel:
        """The edit with another angle and wavelength, which stay chosen."""
        self._angle, self._wavelength = angle, wavelength
        return EditKernel(
            name, slot, self._output, kernel, "gabor", (), angle, wavelength, 0, self._keeps_norm
        )

    def _draw_edits(self, context: PanelContext) -> None:
        """What is edited, and a copy of it."""
        edits = [(slot, one) for slot, own in context.world.state.edits.items() for one in own]
        if not edits:
            return
        imgui.separator_text("Edited")
        for number, (slot, edit) in enumerate(edits[:MAX_LISTED]):
            imgui.push_id(number)
            if imgui.small_button("restore"):
                context.do(RestoreKernels(edit.layer, slot, edit.output, edit.input))
            same_line_if_fits(edit.text)
            wrapped_text(edit.text)
            imgui.pop_id()
        wrapped_text(
            f"{edited_count(edit for _, edit in edits)}; the model's own file is unchanged"
        )
        pressed = button_row(("Save as a copy", "Restore all"))
        if pressed == "Save as a copy":
            slot = edits[0][0]
            context.do(SaveWeights(timestamped("-weights.safetensors"), slot))
        elif pressed is not None:
            context.do(RestoreKernels())


def _number(label: str, value: int, count: int) -> int:
    """A field for a whole number below a count."""
    labeled(label, f"0 to {count - 1}")
    return min(max(imgui.input_int(f"##{label}", value)[1], 0), count - 1)


def _draw_pictures(kernels: FilterKernels, kernel: int) -> None:
    """The kernel in the model, and as it is now, in the colors of connections."""
    shown = [kernels.before[kernel]]
    if not np.array_equal(kernels.before[kernel], kernels.now[kernel]):
        shown.append(kernels.now[kernel])
    finite = [one[np.isfinite(one)] for one in (kernels.before, kernels.now)]
    largest = max((float(np.abs(one).max(initial=0.0)) for one in finite), default=0.0) or 1.0
    drawing, corner = imgui.get_window_draw_list(), imgui.get_cursor_screen_pos()
    em = imgui.get_font_size()
    left, height = corner.x, 0.0
    for one in shown:
        image = kernel_image(one, 64)
        pixels = connection_pixels(image, largest, "red-blue") / 255.0
        cell = min(PICTURE_SIDE * em / max(image.shape), 2 * em)
        for (row, column), _ in np.ndenumerate(image):
            red, green, blue = pixels[row, column].tolist()
            x, y = left + column * cell, corner.y + row * cell
            color = imgui.get_color_u32(imgui.ImVec4(red, green, blue, 1.0))
            drawing.add_rect_filled((x, y), (x + cell - 1, y + cell - 1), color)
        left, height = left + image.shape[1] * cell + em, max(height, image.shape[0] * cell)
    imgui.dummy((left - corner.x, height))
    muted_text("as in the model" if len(shown) == 1 else "as in the model → now")
