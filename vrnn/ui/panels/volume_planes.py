"""Three planes through the volume of a channel, in the Layer panel."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.axes import ShowIndex
from vrnn.network.axes import local_index
from vrnn.network.graph import Node
from vrnn.scene.network_object import NetworkObject
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import accent, muted
from vrnn.workspace.volumes import VolumePlanes

MIN_SIDE = 3.0
"""Shortest side of a plane, in heights of the text."""
MAX_HEIGHT = 9.0
"""Largest height of a plane, in heights of the text."""
AXES = ((1, 2), (0, 2), (0, 1))
"""The axes of a volume that go down and across in each plane: slice, row plane, column plane."""
NAMES = ("slice", "row", "column")
"""What is fixed in each plane."""


class VolumePlanesView:
    """Draws the planes, and keeps where they meet."""

    def __init__(self) -> None:
        self._place: tuple[float, float] = (0.5, 0.5)

    def draw(
        self, context: PanelContext, slot: int, network: NetworkObject, node: Node, channel: int
    ) -> None:
        """Draw the planes of a channel; a click in one moves the other two.

        Args:
            context: Executes commands.
            slot: Number of the network.
            network: The network.
            node: The layer, which shows slices.
            channel: Number of the channel.
        """
        sizes = [node.axes[i].size for i in node.choices if node.axes[i].role == "depth"]
        count = network.network.choice_counts.get("depth", 0)
        if not sizes or not count or len(node.shape) < 3:
            return
        if not imgui.collapsing_header("Planes", imgui.TreeNodeFlags_.default_open.value):
            return
        shown = context.world.state.shown_index(slot, "depth", count)
        at = local_index(count // 2 if shown is None else shown, sizes[0], count)
        height, width = node.shape[-2], node.shape[-1]
        place = (at, int(self._place[0] * height), int(self._place[1] * width))
        planes = context.workspace.volumes.planes(slot, node.id, channel, place)
        imgui.text_colored(muted(), f"channel {channel}; click to move the planes")
        if planes is None:
            imgui.text_colored(muted(), "reading the volume …")
            return
        for number in range(3):
            clicked = _draw_plane(context, planes, number)
            if clicked is not None:
                self._move(context, slot, planes, clicked, count)

    def _move(
        self, context: PanelContext, slot: int, planes: VolumePlanes,
        place: tuple[int, int, int], count: int,
    ) -> None:  # fmt: skip
        depth, height, width = planes.shape
        self._place = ((place[1] + 0.5) / height, (place[2] + 0.5) / width)
        if place[0] != planes.position[0]:
            context.do(ShowIndex("depth", slot, min(-(-place[0] * count // depth), count - 1)))


def _draw_plane(
    context: PanelContext, planes: VolumePlanes, number: int
) -> tuple[int, int, int] | None:
    """Draw one plane with lines where the others cross it; give the position that is clicked."""
    image, (down, across) = planes.images[number], AXES[number]
    rows, columns = image.shape[:2]
    em = imgui.get_font_size()
    scale = min(imgui.get_content_region_avail().x / columns, MAX_HEIGHT * em / rows)
    size = (max(columns * scale, MIN_SIDE * em), max(rows * scale, MIN_SIDE * em))
    imgui.text_colored(muted(), f"{NAMES[number]} {planes.position[number]}")
    left, top = imgui.get_cursor_screen_pos()
    imgui.image(context.make_texture(image), size)
    x = left + (planes.position[across] + 0.5) / columns * size[0]
    y = top + (planes.position[down] + 0.5) / rows * size[1]
    color = imgui.get_color_u32(accent(0.6))
    lines = imgui.get_window_draw_list()
    lines.add_line((x, top), (x, top + size[1]), color)
    lines.add_line((left, y), (left + size[0], y), color)
    if not imgui.is_item_clicked():
        return None
    mouse = imgui.get_mouse_pos()
    place = list(planes.position)
    place[across] = min(max(int((mouse.x - left) / size[0] * columns), 0), columns - 1)
    place[down] = min(max(int((mouse.y - top) / size[1] * rows), 0), rows - 1)
    return place[0], place[1], place[2]
