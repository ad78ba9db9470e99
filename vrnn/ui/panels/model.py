"""The Model panel: the tree of modules and layers with shapes and parameter counts."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.display import Fold
from vrnn.network.graph import Network
from vrnn.scene.state import LayerKey
from vrnn.ui.panel_context import PanelContext, count_text
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.panels.module_tree import TreeRow, matching_rows, tree_rows, visible_rows
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import hint_text, link_button

COLUMNS = (("shape", 5.6), ("params", 3.8))
"""Columns beside the names, and their widths in heights of the text."""
ROOM_FOR_COLUMNS = (7.5, 12.5)
"""Widths, in heights of the text, that are left beside the names for one and for two columns."""
FOLDED = "folded"
"""What the button of a folded row says."""
MAX_ROWS_OPENED = 60
"""Networks with at most this many rows begin with all modules open."""


@panel("Model", dock=Dock.LEFT_TOP)
class ModelPanel(Panel):
    """Keeps the search text and which modules are open."""

    def __init__(self) -> None:
        self._search = ""
        self._opened: set[LayerKey] = set()
        self._all_rows: dict[int, tuple[Network, list[TreeRow]]] = {}
        self._visible_rows: dict[int, tuple[object, list[TreeRow]]] = {}
        self._widths: dict[int, tuple[object, float]] = {}
        self._columns = 3

    def draw(self, context: PanelContext) -> None:
        """Draw the search field and the tree."""
        imgui.set_next_item_width(-1)
        hint = hint_text("search name or operation", "search")
        _, self._search = imgui.input_text_with_hint("##search", hint, self._search)
        world = context.world
        flags = imgui.TableFlags_
        kind = flags.scroll_y | flags.scroll_x | flags.resizable | flags.no_borders_in_body
        kind |= flags.pad_outer_x
        em = imgui.get_font_size()
        available = imgui.get_content_region_avail().x
        names = max(self._name_width(context), 5.0 * em)
        # Columns that find no room are left out; the tooltip of a row has what they say.
        self._columns = 1 + sum(names + room * em <= available for room in ROOM_FOR_COLUMNS)
        if not imgui.begin_table(f"tree {self._columns}", self._columns, kind.value):
            return
        fixed = imgui.TableColumnFlags_.width_fixed.value
        imgui.table_setup_scroll_freeze(0, 1)
        others = sum(width * em for _, width in COLUMNS[: self._columns - 1])
        imgui.table_setup_column("layer", fixed, max(names, available - others - 3.5 * em))
        for title, width in COLUMNS[: self._columns - 1]:
            imgui.table_setup_column(title, fixed, width * em)
        imgui.push_style_color(imgui.Col_.text, muted())
        imgui.table_headers_row()
        imgui.pop_style_color()
        for slot in world.slots:
            self._draw_network(context, slot)
        imgui.end_table()

    def _name_width(self, context: PanelContext) -> float:
        """Width of the longest name that is listed, with its indent, pixels."""
        indent, searching = imgui.get_style().indent_spacing, bool(self._search.strip())
        space = imgui.get_tree_node_to_label_spacing() + 0.5 * imgui.get_font_size()
        widths = [0.0]
        for slot in context.world.slots:
            widths.append(imgui.calc_text_size(context.world.networks[slot].info.title).x)
            rows = self._rows(context, slot)
            key = (id(rows), len(rows), searching, imgui.get_font_size())
            if self._widths.get(slot, (None, 0.0))[0] != key:
                width = max(
                    (
                        imgui.calc_text_size(row.name if searching else row.short_name).x
                        + (0 if searching else row.depth * indent)
                        for row in rows
                    ),
                    default=0.0,
                )
                self._widths[slot] = (key, width + space)
            widths.append(self._widths[slot][1])
        return max(widths)

    def _draw_network(self, context: PanelContext, slot: int) -> None:
        network = context.world.networks[slot]
        imgui.push_id(slot)
        imgui.table_next_row()
        imgui.table_next_column()
        imgui.text_colored(accent(), network.info.title)
        sums = (f"{len(network.network.nodes)} layers", count_text(network.info.parameters))
        for text in sums[: self._columns - 1]:
            imgui.table_next_column()
            imgui.text_colored(muted(), text)
        shown = self._rows(context, slot)
        hovered = context.world.hovered.layer if context.world.hovered is not None else None
        clipper = imgui.ListClipper()
        clipper.begin(len(shown))
        while clipper.step():
            for row in shown[clipper.display_start : clipper.display_end]:
                self._draw_row(context, row, hovered == (slot, row.node_id) and not row.is_module)
        if not shown:
            imgui.table_next_row()
            imgui.table_next_column()
            imgui.text_colored(muted(), "no matches")
        imgui.pop_id()

    def _rows(self, context: PanelContext, slot: int) -> list[TreeRow]:
        network_object = context.world.networks[slot]
        network = network_object.network
        if slot not in self._all_rows or self._all_rows[slot][0] is not network:
            found = tree_rows(network, slot, network_object.modules)
            self._all_rows[slot] = (network, found)
            if len(found) <= MAX_ROWS_OPENED:
                self._opened |= {(slot, row.name) for row in found if row.is_module}
        key = (id(network), self._search, frozenset(self._opened))
        if slot not in self._visible_rows or self._visible_rows[slot][0] != key:
            found = self._all_rows[slot][1]
            matches = matching_rows(found, self._search) if self._search.strip() else None
            self._visible_rows[slot] = (
                key,
                visible_rows(found, self._opened) if matches is None else matches,
            )
        return self._visible_rows[slot][1]

    def _draw_row(self, context: PanelContext, row: TreeRow, hovered: bool) -> None:
        searching = bool(self._search.strip())
        key = (row.slot, row.name)
        imgui.push_id(f"{row.operation}/{row.name}")
        imgui.table_next_row()
        if hovered:
            color = imgui.color_convert_float4_to_u32(imgui.ImVec4(*accent(0.10)))
            imgui.table_set_bg_color(imgui.TableBgTarget_.row_bg1.value, color)
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
        name = row.name if searching else row.short_name
        space = imgui.get_tree_node_to_label_spacing() + imgui.calc_text_size(name).x
        free = imgui.get_content_region_avail().x - space
        imgui.tree_node_ex(name, int(kind))
        if imgui.is_item_toggled_open():
            self._opened ^= {key}
        elif imgui.is_item_clicked():
            context.go_to_layer(row.slot, row.name)
        is_hovered = imgui.is_item_hovered()
        if is_hovered:
            facts = " · ".join(text for text in (row.operation, row.shape, row.parameters) if text)
            imgui.set_item_tooltip(f"{row.name}\n{facts}")
        if indent:
            imgui.unindent(indent)
        text = _fold_text(context, row, is_hovered)
        width = imgui.calc_text_size(text).x + 2 * imgui.get_style().frame_padding.x
        beside_name = width <= free
        if text and beside_name:
            imgui.same_line()
            _draw_fold_button(context, row, text)
        for number, fact in enumerate((row.shape, row.parameters)[: self._columns - 1]):
            imgui.table_next_column()
            if text and not beside_name and number == self._columns - 2:  # it would cover the name
                _draw_fold_button(context, row, text)
            else:
                imgui.text_colored(muted(), fact)
        imgui.pop_id()


def _fold_text(context: PanelContext, row: TreeRow, hovered: bool) -> str:
    """Return what the button says that folds the row under the mouse, or opens one; '' for none."""
    if not row.foldable:
        return ""
    state, key = context.world.state, (row.slot, row.name)
    folded = key in state.folds if row.is_module else state.layer(key).folded
    return FOLDED if folded else "fold" if hovered else ""


def _draw_fold_button(context: PanelContext, row: TreeRow, text: str) -> None:
    """Draw the button that folds or opens a row, at the right of its column."""
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    width = imgui.calc_text_size(text).x + 2 * imgui.get_style().frame_padding.x
    imgui.set_cursor_screen_pos((right - width, imgui.get_cursor_screen_pos().y))
    if link_button(text):
        context.do(Fold(row.name, row.slot, text != FOLDED))
