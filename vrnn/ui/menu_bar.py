"""The menu bar: every registered command with a menu, its key, and why it is disabled."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.registry import CommandInfo, Menu, registered
from vrnn.ui.panel_context import PanelContext

MORE = "…"
"""Below an entry: its ready-made forms."""


def draw_menus(context: PanelContext, key_map: KeyMap) -> None:
    """Draw one menu for each member of `Menu`, inside an open menu bar.

    Args:
        context: Executes what is chosen.
        key_map: The keys that are printed beside the entries.
    """
    for menu in Menu:
        if imgui.begin_menu(menu.value):
            for info in registered():
                if info.menu is menu:
                    _command(context, key_map, info)
            imgui.end_menu()


def _command(context: PanelContext, key_map: KeyMap, info: CommandInfo) -> None:
    variants = tuple(info.kind.variants())
    if info.key or not variants:
        reason = context.why_not(info)
        if imgui.menu_item(info.title, key_map.printed(info.name), False, not reason)[0]:
            context.invoke(info)
        if imgui.is_item_hovered(imgui.HoveredFlags_.allow_when_disabled.value):
            imgui.set_item_tooltip(f"not available: {reason}" if reason else info.summary)
    if len(variants) == 1:
        title, command = variants[0]
        if imgui.menu_item(title, "", False)[0]:
            context.do(command)
    elif variants and imgui.begin_menu(_title_of_variants(info)):
        for title, command in variants:
            if imgui.menu_item(title, "", False)[0]:
                context.do(command)
        imgui.end_menu()


def _title_of_variants(info: CommandInfo) -> str:
    """What the menu of a command's ready-made forms is called; its own entry has its title."""
    return f"    {MORE}##{info.name}" if info.key else info.title
