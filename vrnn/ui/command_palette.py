"""Type a part of a layer's, a module's or an action's name, and do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imgui_bundle import imgui

from vrnn.commands.base import Command
from vrnn.commands.display import FoldAllStages, SetArrangement, SetColorMapping, SetFoldDisplay
from vrnn.commands.inputs import SetInputImage, SetInputNoise
from vrnn.commands.layers import RemoveAblation, UnpinLayer
from vrnn.commands.session import GoToView, Redo, SetHeadset, Undo
from vrnn.scene.state import ARRANGEMENTS, FOLD_DISPLAYS
from vrnn.style.colormap import COLOR_RANGES, COLORMAPS
from vrnn.ui.fuzzy_match import best
from vrnn.ui.panel_context import PanelContext, shape_text
from vrnn.ui.style import QUIET

MOST = 40
"""Rows that are offered."""
ACTIONS: tuple[tuple[str, Command], ...] = (
    ("Go to the overview", GoToView("overview")),
    ("Go to the front", GoToView("front")),
    ("Go above", GoToView("top")),
    ("Fold or open all stages", FoldAllStages()),
    *((f"Arrangement: {name}", SetArrangement(name)) for name in ARRANGEMENTS),
    *((f"Color map: {name}", SetColorMapping(colormap=name)) for name in COLORMAPS),
    *((f"Full color by {name}", SetColorMapping(normalize_by=name)) for name in COLOR_RANGES),
    ("Zero in the middle of the colors", SetColorMapping(symmetric=True)),
    ("Colors from lowest to highest", SetColorMapping(symmetric=False)),
    *((f"Folds show: {name}", SetFoldDisplay(name)) for name in FOLD_DISPLAYS),
    ("Put in noise", SetInputNoise()),
    ("Put in pink noise", SetInputNoise("pink")),
    ("Put in blank gray", SetInputImage(plain="gray")),
    ("Put in the mean image", SetInputImage(plain="mean")),
    ("Put in the first image", SetInputImage(plain="sample")),
    ("Switch everything on", RemoveAblation()),
    ("Take all doubles away", UnpinLayer()),
    ("Into the headset", SetHeadset(True)),
    ("Leave the headset", SetHeadset(False)),
    ("Undo", Undo()),
    ("Redo", Redo()),
)


@dataclass(frozen=True)
class Entry:
    """text: what is looked for; aside: what it is; do: does it."""

    text: str
    aside: str
    do: Callable[[PanelContext], None]


def entries(desk: PanelContext) -> list[Entry]:
    """Everything that can be found: layers, modules, actions."""
    found: list[Entry] = []
    world = desk.world
    several = len(world.slots) > 1

    def go(slot: int, name: str) -> Callable[[PanelContext], None]:
        return lambda desk: desk.go_to_layer(slot, name)

    for slot in world.slots:
        stand = world.networks[slot]
        title = f"{stand.info.title}   " if several else ""
        for node in stand.network.nodes:
            aside = f"{title}{node.operation}   {shape_text(node)}"
            found.append(Entry(node.name, aside, go(slot, node.name)))
        for name, inside in stand.modules.items():
            found.append(Entry(name, f"{title}module of {len(inside)}", go(slot, name)))
    images = desk.place.images
    if images is not None:
        # Not all of a large set: the palette is made at once. `#` and a number finds any of them.
        for number in range(min(len(images), 300)):
            found.append(Entry(f"#{number}", "image", _doing(SetInputImage(number=number))))
    found += [Entry(text, "action", _doing(action)) for text, action in ACTIONS]
    return found


def _doing(action: Command) -> Callable[[PanelContext], None]:
    return lambda desk: desk.do(action)


class CommandPalette:
    """Open or not, and what was typed."""

    def __init__(self, lines: int = 12) -> None:
        """lines: that are seen at once."""
        self.opened = False
        self._lines = lines
        self._typed, self._chosen, self._fresh = "", 0, False
        self._entries: list[Entry] = []
        self._found: tuple[str | None, list[int]] = (None, [])

    def open(self, desk: PanelContext) -> None:
        """Show it, with nothing typed."""
        self.opened = self._fresh = True
        self._typed, self._chosen = "", 0
        self._entries, self._found = entries(desk), (None, [])

    def close(self) -> None:
        """Put it away."""
        self.opened = False

    def draw(self, desk: PanelContext) -> None:
        """The window, in the middle of the upper half."""
        if not self.opened:
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
            "##typed", "layer, module or action", self._typed
        )
        if changed:
            self._chosen = 0
        outside = not imgui.is_window_hovered(imgui.HoveredFlags_.child_windows.value)
        if imgui.is_key_pressed(imgui.Key.escape) or (
            not self._fresh and imgui.is_mouse_clicked(0) and outside
        ):
            self.close()
        self._fresh = False
        self._list(desk, em)
        imgui.end()

    def _list(self, desk: PanelContext, em: float) -> None:
        if self._found[0] != self._typed:
            texts = [entry.text for entry in self._entries]
            self._found = (self._typed, best(self._typed, texts, MOST))
        found = self._found[1]
        number = self._typed.strip().removeprefix("#")
        images = desk.place.images
        if images is not None and self._typed.startswith("#") and number.isdecimal():
            wanted = int(number)
            if 300 <= wanted < len(images) and all(
                self._entries[i].text != f"#{wanted}" for i in found
            ):
                image = Entry(f"#{wanted}", "image", _doing(SetInputImage(number=wanted)))
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
            wide = imgui.calc_text_size(entry.aside).x
            left = max(imgui.get_content_region_avail().x - wide - 0.5 * em, 0.0)
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + left)
            imgui.text_colored(QUIET, entry.aside)
        if not found:
            imgui.text_colored(QUIET, "nothing found")
        imgui.end_child()
        if pressed is not None:
            self.close()
            self._entries[pressed].do(desk)
