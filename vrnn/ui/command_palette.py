"""Type a part of a layer's, a module's or a command's name, and do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imgui_bundle import imgui

from vrnn.commands.base import Command
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.registry import CommandInfo, registered
from vrnn.ui.fuzzy_match import best_matches
from vrnn.ui.panel_context import PanelContext, shape_text
from vrnn.ui.style import MUTED_COLOR

MAX_ROWS = 40
"""Rows that are offered."""
MAX_IMAGES = 300
"""Images of the data set that are listed; `#` and a number finds any."""


@dataclass(frozen=True)
class PaletteEntry:
    """text: what is looked for; aside: what it is; do: does it."""

    text: str
    detail: str
    run: Callable[[PanelContext], None]


def palette_entries(context: PanelContext) -> list[PaletteEntry]:
    """Everything that can be found: layers, modules, images, commands."""
    found: list[PaletteEntry] = []
    world = context.world
    several = len(world.slots) > 1

    def go(slot: int, name: str) -> Callable[[PanelContext], None]:
        return lambda context: context.go_to_layer(slot, name)

    for slot in world.slots:
        network = world.networks[slot]
        title = f"{network.info.title}   " if several else ""
        for node in network.network.nodes:
            aside = f"{title}{node.operation}   {shape_text(node)}"
            found.append(PaletteEntry(node.name, aside, go(slot, node.name)))
        for name, inside in network.modules.items():
            found.append(PaletteEntry(name, f"{title}module of {len(inside)}", go(slot, name)))
    images = context.workspace.images
    if images is not None:
        # Not all of a large set: the palette is made at once. `#` and a number finds any of them.
        for number in range(min(len(images), MAX_IMAGES)):
            found.append(PaletteEntry(f"#{number}", "image", _doing(SetInputImage(number=number))))
    for info in registered():
        if info.key or info.menu is not None:
            found.append(PaletteEntry(info.title, "command", _invoking(info)))
        for title, command in info.kind.variants():
            if title != info.title:
                found.append(PaletteEntry(title, "command", _doing(command)))
    return found


def _doing(command: Command) -> Callable[[PanelContext], None]:
    return lambda context: context.do(command)


def _invoking(info: CommandInfo) -> Callable[[PanelContext], None]:
    return lambda context: context.invoke(info)


class CommandPalette:
    """Open or not, and what was typed."""

    def __init__(self, lines: int = 12) -> None:
        """lines: that are seen at once."""
        self.is_open = False
        self._lines = lines
        self._typed, self._chosen, self._fresh = "", 0, False
        self._entries: list[PaletteEntry] = []
        self._found: tuple[str | None, list[int]] = (None, [])

    def open(self, context: PanelContext) -> None:
        """Show it, with nothing typed."""
        self.is_open = self._fresh = True
        self._typed, self._chosen = "", 0
        self._entries, self._found = palette_entries(context), (None, [])

    def close(self) -> None:
        """Put it away."""
        self.is_open = False

    def draw(self, context: PanelContext) -> None:
        """The window, in the middle of the upper half."""
        if not self.is_open:
            return
        em = imgui.get_font_size()
        view = imgui.get_main_viewport()
        width = min(38 * em, view.size.x - 2 * em)
        imgui.set_next_window_pos(
            (view.pos.x + (view.size.x - width) / 2, view.pos.y + 0.12 * view.size.y)
        )
        imgui.set_next_window_size((width, 0))
        imgui.set_next_window_focus()
        flags = imgui.WindowFlags_
        kind = (
            flags.no_title_bar | flags.no_resize | flags.no_move | flags.no_docking
            | flags.no_saved_settings | flags.no_scrollbar
        )  # fmt: skip
        imgui.begin("##palette", None, kind.value)
        if self._fresh:
            imgui.set_keyboard_focus_here()
        imgui.set_next_item_width(-1)
        changed, self._typed = imgui.input_text_with_hint(
            "##typed", "layer, module or command", self._typed
        )
        if changed:
            self._chosen = 0
        outside = not imgui.is_window_hovered(imgui.HoveredFlags_.child_windows.value)
        if imgui.is_key_pressed(imgui.Key.escape) or (
            not self._fresh and imgui.is_mouse_clicked(0) and outside
        ):
            self.close()
        self._fresh = False
        self._list(context, em)
        imgui.end()

    def _list(self, context: PanelContext, em: float) -> None:
        if self._found[0] != self._typed:
            texts = [entry.text for entry in self._entries]
            self._found = (self._typed, best_matches(self._typed, texts, MAX_ROWS))
        found = self._found[1]
        number = self._typed.strip().removeprefix("#")
        images = context.workspace.images
        if images is not None and self._typed.startswith("#") and number.isdecimal():
            wanted = int(number)
            if MAX_IMAGES <= wanted < len(images) and all(
                self._entries[i].text != f"#{wanted}" for i in found
            ):
                image = PaletteEntry(f"#{wanted}", "image", _doing(SetInputImage(number=wanted)))
                self._entries.append(image)
                found.insert(0, len(self._entries) - 1)
        step = imgui.is_key_pressed(imgui.Key.down_arrow) - imgui.is_key_pressed(imgui.Key.up_arrow)
        if found:
            self._chosen = (self._chosen + step) % len(found)
        enter = imgui.is_key_pressed(imgui.Key.enter) or imgui.is_key_pressed(
            imgui.Key.keypad_enter
        )
        pressed = found[self._chosen] if found and enter else None
        lines = min(max(len(found), 1), self._lines)
        imgui.begin_child("found", (0, lines * imgui.get_text_line_height_with_spacing()))
        for place, index in enumerate(found):
            entry = self._entries[index]
            chosen = place == self._chosen
            if imgui.selectable(f"##{index}", chosen)[0]:
                pressed = index
            if chosen and step:
                imgui.set_scroll_here_y()
            imgui.same_line(0.5 * em)
            imgui.text_unformatted(entry.text)
            imgui.same_line()
            wide = imgui.calc_text_size(entry.detail).x
            left = max(imgui.get_content_region_avail().x - wide - 0.5 * em, 0.0)
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + left)
            imgui.text_colored(MUTED_COLOR, entry.detail)
        if not found:
            imgui.text_colored(MUTED_COLOR, "nothing found")
        imgui.end_child()
        if pressed is not None:
            self.close()
            self._entries[pressed].run(context)
