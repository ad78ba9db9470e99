"""The tree of modules and layers: what there is, how large, a way to go there."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.display import Fold
from vrnn.network.graph import Network
from vrnn.scene.state import LayerKey
from vrnn.ui.panel_context import PanelContext, count_text
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.panels.module_tree import TreeRow, matching_rows, tree_rows, visible_rows
from vrnn.ui.style import ACCENT, MUTED_COLOR
from vrnn.ui.widgets import link_button


@panel("Model", dock=Dock.LEFT_TOP)
class ModelPanel(Panel):
    """Remembers the text that is looked for, and which modules are open."""

    def __init__(self) -> None:
        self._search = ""
        self._opened: set[LayerKey] = set()
        self._known: dict[int, tuple[Network, list[TreeRow]]] = {}
        self._seen: dict[int, tuple[object, list[TreeRow]]] = {}

    def draw(self, context: PanelContext) -> None:
        """The panel's inside."""
        imgui.set_next_item_width(-1)
        _, self._search = imgui.input_text_with_hint(
            "##search", "search name or operation", self._search
        )
        world = context.world
        flags = imgui.TableFlags_
        kind = flags.scroll_y | flags.resizable | flags.no_borders_in_body | flags.pad_outer_x
        if not imgui.begin_table("tree", 3, kind.value):
            return
        fixed = imgui.TableColumnFlags_.width_fixed.value
        em = imgui.get_font_size()
        imgui.table_setup_scroll_freeze(0, 1)
        imgui.table_setup_column("layer", imgui.TableColumnFlags_.width_stretch.value)
        imgui.table_setup_column("shape", fixed, 5.6 * em)
        imgui.table_setup_column("parameters", fixed, 3.6 * em)
        imgui.push_style_color(imgui.Col_.text, MUTED_COLOR)
        imgui.table_headers_row()
        imgui.pop_style_color()
        for slot in world.slots:
            self._network(context, slot)
        imgui.end_table()

    def _network(self, context: PanelContext, slot: int) -> None:
        stand = context.world.networks[slot]
        imgui.push_id(slot)
        imgui.table_next_row()
        imgui.table_next_column()
        imgui.text_colored(ACCENT, stand.info.title)
        imgui.table_next_column()
        imgui.text_colored(MUTED_COLOR, f"{len(stand.network.nodes)} layers")
        imgui.table_next_column()
        imgui.text_colored(MUTED_COLOR, count_text(stand.info.parameters))
        shown = self._rows(context, slot)
        pointed = context.world.hovered.layer if context.world.hovered is not None else None
        clipper = imgui.ListClipper()
        clipper.begin(len(shown))
        while clipper.step():
            for row in shown[clipper.display_start : clipper.display_end]:
                self._row(context, row, pointed == (slot, row.node_id) and not row.is_module)
        if not shown:
            imgui.table_next_row()
            imgui.table_next_column()
            imgui.text_colored(MUTED_COLOR, "nothing found")
        imgui.pop_id()

    def _rows(self, context: PanelContext, slot: int) -> list[TreeRow]:
        stand = context.world.networks[slot]
        network = stand.network
        if slot not in self._known or self._known[slot][0] is not network:
            found = tree_rows(network, slot, stand.modules)
            self._known[slot] = (network, found)
            if len(found) <= 60:
                self._opened |= {(slot, row.name) for row in found if row.is_module}
        key = (id(network), self._search, frozenset(self._opened))
        if slot not in self._seen or self._seen[slot][0] != key:
            found = self._known[slot][1]
            looked = matching_rows(found, self._search) if self._search.strip() else None
            self._seen[slot] = (
                key,
                visible_rows(found, self._opened) if looked is None else looked,
            )
        return self._seen[slot][1]

    def _row(self, context: PanelContext, row: TreeRow, pointed: bool) -> None:
        searching = bool(self._search.strip())
        key = (row.slot, row.name)
        imgui.push_id(f"{row.operation}/{row.name}")
        imgui.table_next_row()
        if pointed:
            ink = imgui.color_convert_float4_to_u32(imgui.ImVec4(*ACCENT[:3], 0.10))
            imgui.table_set_bg_color(imgui.TableBgTarget_.row_bg1.value, ink)
        imgui.table_next_column()
        indent = 0.0 if searching else row.depth * imgui.get_style().indent_spacing
        if indent:
            imgui.indent(indent)
        flags = imgui.TreeNodeFlags_
        kind = (
            flags.no_tree_push_on_open | flags.span_all_columns | flags.allow_overlap
            | flags.open_on_arrow | flags.frame_padding * 0
        )  # fmt: skip
        if searching or not row.is_module:
            kind |= flags.leaf
        if context.subject == key and not row.is_module:
            kind |= flags.selected
        imgui.set_next_item_open(key in self._opened)
        imgui.tree_node_ex(row.name if searching else row.short_name, int(kind))
        if imgui.is_item_toggled_open():
            self._opened ^= {key}
        elif imgui.is_item_clicked():
            context.go_to_layer(row.slot, row.name)
        over = imgui.is_item_hovered()
        if indent:
            imgui.unindent(indent)
        self._fold(context, row, over)
        imgui.table_next_column()
        imgui.text_colored(MUTED_COLOR, row.shape)
        imgui.table_next_column()
        imgui.text_colored(MUTED_COLOR, row.parameters)
        imgui.pop_id()

    def _fold(self, context: PanelContext, row: TreeRow, over: bool) -> None:
        """A way to fold the row that the mouse is on; one that is folded says so."""
        if not row.foldable:
            return
        state, key = context.world.state, (row.slot, row.name)
        folded = key in state.folds if row.is_module else state.layer(key).folded
        if not (folded or over):
            return
        word = "folded" if folded else "fold"
        imgui.same_line()
        right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
        wide = imgui.calc_text_size(word).x + 2 * imgui.get_style().frame_padding.x
        imgui.set_cursor_screen_pos((right - wide, imgui.get_cursor_screen_pos().y))
        if link_button(word):
            context.do(Fold(row.name, row.slot, not folded))
