"""The axes of a layer's tensor: what they hold, and which sample, frame or slice is shown."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.axes import ForgetAxisRoles, SetAxisRoles, ShowIndex, ShowSideBySide
from vrnn.network.axes import (
    AXIS_ROLES,
    CHOICE_NAMES,
    AxisRole,
    Certainty,
    is_unsure,
    local_index,
)
from vrnn.network.graph import Node
from vrnn.scene.network_object import NetworkObject
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import accent
from vrnn.ui.widgets import (
    LABEL_WIDTH,
    bare_slider,
    button_row,
    checkbox,
    combo,
    labeled,
    value_beside,
    wrapped_text,
)

CERTAINTY_TEXT: dict[Certainty, str] = {
    "given": "set by you or by the script",
    "derived": "known from the operations that made the tensor",
    "measured": "found by running the model at other sizes",
    "assumed": "a guess from its size alone",
}
"""Where a role is from, as a person reads it."""


def draw_axes(context: PanelContext, slot: int, network: NetworkObject, node: Node) -> None:
    """Draw the choices of a layer and the roles of its axes.

    Args:
        context: Executes commands.
        slot: Number of the network.
        network: The network.
        node: The layer.
    """
    if not node.axes:
        return
    _draw_choices(context, slot, network, node)
    unsure = is_unsure(node.axes)
    if unsure:
        imgui.push_style_color(imgui.Col_.text, accent())
        wrapped_text("Not sure what these axes hold: set it here, or with axes= in the script.")
        imgui.pop_style_color()
    flags = imgui.TreeNodeFlags_.default_open.value if unsure else 0
    if imgui.collapsing_header("Axes", flags):
        _draw_roles(context, slot, node)


def _draw_choices(context: PanelContext, slot: int, network: NetworkObject, node: Node) -> None:
    """A slider and a check box for each axis of which one index is shown."""
    counts = network.network.choice_counts
    axes = {node.axes[i].role: node.axes[i] for i in reversed(node.choices)}
    for role, axis in reversed(axes.items()):
        if role not in counts:
            continue
        count = counts[role]
        index = context.world.state.shown_index(slot, role, count)
        imgui.push_id(role)
        imgui.begin_disabled(index is None)
        labeled(CHOICE_NAMES[role])
        shown = "%d" if axis.size == count else f"%d  (here {_local(index, axis.size, count)})"
        moved, value = bare_slider("index", float(index or 0), (0.0, float(count - 1)), shown)
        now = round(value)
        if moved:
            context.preview(ShowIndex(role, slot, now))
        if imgui.is_item_deactivated_after_edit():
            context.do(ShowIndex(role, slot, now))
        value_beside(now, shown)
        imgui.end_disabled()
        side_by_side = checkbox(f"all {count} side by side", index is None)
        if side_by_side is not None:
            context.do(ShowSideBySide(role, slot, side_by_side))
        imgui.pop_id()


def _local(index: int | None, size: int, count: int) -> int:
    return local_index(index or 0, size, count)


def _draw_roles(context: PanelContext, slot: int, node: Node) -> None:
    """A list of roles for each axis."""
    roles: list[AxisRole] = [axis.role for axis in node.axes]
    for i, axis in enumerate(node.axes):
        chosen = combo(f"axis {i}: {axis.size}", axis.role, AXIS_ROLES)
        if imgui.is_item_hovered():
            imgui.set_item_tooltip(CERTAINTY_TEXT[axis.certainty])
        if chosen is not None:
            other: list[AxisRole] = [
                "other" if role == chosen and role != "other" else role for role in roles
            ]
            other[i] = chosen
            context.do(SetAxisRoles(node.name, slot, tuple(other)))
    if context.world.state.layer((slot, node.name)).axes:
        imgui.dummy((0, 0))
        imgui.same_line(LABEL_WIDTH * imgui.get_font_size())
        if button_row(("Forget what was set",)):
            context.do(ForgetAxisRoles(node.name, slot))
