"""The command palette: finds layers, modules, images and commands by a part of their name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imgui_bundle import imgui

from vrnn.commands.base import Command
from vrnn.commands.context import Choice
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.registry import CommandInfo, registered
from vrnn.network.positions import shape_text
from vrnn.scene.layer_names import stage_names
from vrnn.ui.fuzzy_match import best_matches
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import muted

MAX_ROWS = 60
"""Matches that are listed: before anything is typed, all actions that have keys."""
MAX_IMAGES = 300
"""Images of the data set that are entries; `#` and a number finds any."""


@dataclass(frozen=True)
class PaletteEntry:
    """Something that can be found.

    Attributes:
        text: What is searched.
        detail: What it is, shown at the right.
        run: Executes it.
    """

    text: str
    detail: str
    run: Callable[[PanelContext], None]


def palette_entries(context: PanelContext) -> list[PaletteEntry]:
    """List all that can be found: actions with keys, layers, modules, images, other actions."""
    found = [
        PaletteEntry(info.title, context.key_map.printed(info.name), _invoke(info))
        for info in registered()
        if context.key_map.printed(info.name)
    ]
    world = context.world
    several = len(world.slots) > 1

    def go(slot: int, name: str) -> Callable[[PanelContext], None]:
        return lambda context: context.go_to_layer(slot, name)

    for slot in world.slots:
        network = world.networks[slot]
        title = f"{network.info.title}   " if several else ""
        for node in network.network.nodes:
            detail = f"{title}{node.operation}   {shape_text(node)}"
            found.append(PaletteEntry(node.name, detail, go(slot, node.name)))
        for name, node_ids in network.modules.items():
            found.append(PaletteEntry(name, f"{title}module of {len(node_ids)}", go(slot, name)))
        known = {entry.text for entry in found}
        for name in stage_names(world, slot):
            if name not in known:
                found.append(PaletteEntry(name, f"{title}stage", go(slot, name)))
    images = context.workspace.images
    if images is not None:
        # Not all of a large data set: the list is built whenever the palette opens. `#` and a
        # number finds any image.
        for number in range(min(len(images), MAX_IMAGES)):
            found.append(
                PaletteEntry(f"#{number}", "image", _execute(SetInputImage(number=number)))
            )
    for info in registered():
        if info.menu is not None and not context.key_map.printed(info.name):
            found.append(PaletteEntry(info.title, "command", _invoke(info)))
        for title, command in info.kind.variants():
            if title != info.title:
                found.append(PaletteEntry(title, "command", _execute(command)))
    return found


def _execute(command: Command | None) -> Callable[[PanelContext], None]:
    return lambda context: None if command is None else context.do(command)


def _invoke(info: CommandInfo) -> Callable[[PanelContext], None]:
    return lambda context: context.invoke(info)


class CommandPalette:
    """The palette's window.

    Attributes:
        is_open: Whether it is shown.
    """

    def __init__(self, lines: int = 12) -> None:
        """Create a closed palette.

        Args:
            lines: How many matches are visible without scrolling.
        """
        self.is_open = False
        self._lines = lines
        self._typed, self._selected, self._just_opened = "", 0, False
        self._hint = self._question = ""
        self._entries: list[PaletteEntry] = []
        self._matches: tuple[str | None, list[int]] = (None, [])

    def open(self, context: PanelContext) -> None:
        """Open it, with nothing typed."""
        self.is_open = self._just_opened = True
        self._typed, self._selected = "", 0
        self._entries, self._matches = palette_entries(context), (None, [])
        self._hint, self._question = "layer, module, stage or command", ""

    def offer(self, choices: Sequence[Choice], question: str = "") -> None:
        """Open it with a list to choose from, in this order, and nothing else.

        Args:
            choices: The list.
            question: What it is about, shown above it.
        """
        self.is_open = self._just_opened = True
        self._typed, self._selected = "", 0
        self._question = question
        self._entries = [PaletteEntry(c.text, "", _execute(c.command)) for c in choices]
        self._hint = "choose one, or type a part of it"
        self._matches = (None, [])

    def close(self) -> None:
        """Close it."""
        self.is_open = False

    def draw(self, context: PanelContext) -> None:
        """Draw the window in the upper half of the screen; executes what is chosen."""
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
        if self._question:
            imgui.text_wrapped(self._question)
        if self._just_opened:
            imgui.set_keyboard_focus_here()
        imgui.set_next_item_width(-1)
        changed, self._typed = imgui.input_text_with_hint("##typed", self._hint, self._typed)
        if changed:
            self._selected = 0
        outside = not imgui.is_window_hovered(imgui.HoveredFlags_.child_windows.value)
        if imgui.is_key_pressed(imgui.Key.escape) or (
            not self._just_opened and imgui.is_mouse_clicked(0) and outside
        ):
            self.close()
        self._just_opened = False
        self._list(context, em)
        imgui.end()

    def _list(self, context: PanelContext, em: float) -> None:
        if self._matches[0] != self._typed:
            texts = [entry.text for entry in self._entries]
            self._matches = (self._typed, best_matches(self._typed, texts, MAX_ROWS))
        matches = self._matches[1]
        number = self._typed.strip().removeprefix("#")
        images = context.workspace.images
        if images is not None and self._typed.startswith("#") and number.isdecimal():
            image_number = int(number)
            if MAX_IMAGES <= image_number < len(images) and all(
                self._entries[i].text != f"#{image_number}" for i in matches
            ):
                command = SetInputImage(number=image_number)
                image = PaletteEntry(f"#{image_number}", "image", _execute(command))
                self._entries.append(image)
                matches.insert(0, len(self._entries) - 1)
        step = imgui.is_key_pressed(imgui.Key.down_arrow) - imgui.is_key_pressed(imgui.Key.up_arrow)
        if matches:
            self._selected = (self._selected + step) % len(matches)
        enter = imgui.is_key_pressed(imgui.Key.enter) or imgui.is_key_pressed(
            imgui.Key.keypad_enter
        )
        pressed = matches[self._selected] if matches and enter else None
        lines = min(max(len(matches), 1), self._lines)
        imgui.begin_child("found", (0, lines * imgui.get_text_line_height_with_spacing()))
        for position, index in enumerate(matches):
            entry = self._entries[index]
            selected = position == self._selected
            if imgui.selectable(f"##{index}", selected)[0]:
                pressed = index
            if selected and step:
                imgui.set_scroll_here_y()
            imgui.same_line(0.5 * em)
            imgui.text_unformatted(entry.text)
            imgui.same_line()
            width = imgui.calc_text_size(entry.detail).x
            left = max(imgui.get_content_region_avail().x - width - 0.5 * em, 0.0)
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + left)
            imgui.text_colored(muted(), entry.detail)
        if not matches:
            imgui.text_colored(muted(), "no matches")
        imgui.end_child()
        if pressed is not None:
            self.close()
            self._entries[pressed].run(context)
