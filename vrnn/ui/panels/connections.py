"""The Connections panel: whose connections are shown, how far opened, and what is hidden."""

from __future__ import annotations

from math import log

from imgui_bundle import imgui

from vrnn.commands.connections import (
    OpenConnections,
    OpenPosition,
    SetConnectionsDisplay,
    ShowConnections,
    StepWindow,
)
from vrnn.network.connection_sums import CONNECTION_VALUES
from vrnn.network.connections import LayerConnections
from vrnn.scene.connection_state import LEVELS, MAX_LEVEL, ConnectionState
from vrnn.scene.shown_connections import ribbon_count
from vrnn.scene.visuals.connection_caption import connection_texts
from vrnn.scene.visuals.connections import stepped
from vrnn.style.connection_colors import CONNECTION_PALETTES
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import MUTED_COLOR
from vrnn.ui.widgets import checkbox, combo, slider, wrapped_text

OPENING_TOOLTIP = "0 to one center, 1 map to map, 2 one filter, 3 one position (Ctrl+K)"
VALUES_TOOLTIP = "weight: of the kernels; contribution: weight × activation for the current image"
SHARE_TOOLTIP = "the strongest of all connections, from one to all"
BUNDLING_TOOLTIP = "from straight ribbons (0) to ribbons that run together (1)"
PALETTE_TOOLTIP = "orange-purple is safe for color-blind viewers"


@panel("Connections", dock=Dock.RIGHT_BOTTOM)
class ConnectionsPanel(Panel):
    """Shows and sets what connects a layer with those that feed it."""

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        state = context.world.state.connections
        self._draw_choice(context, state)
        if not state.shown:
            wrapped_text("Ctrl+L shows what feeds the layer at the pointer")
            return
        slider(
            context, "opened", state.opening, (0.0, float(MAX_LEVEL)), "%.2f",
            lambda v: OpenConnections(v), OPENING_TOOLTIP,
        )  # fmt: skip
        if level := combo("level", LEVELS[round(state.opening)], LEVELS, OPENING_TOOLTIP):
            context.do(OpenConnections(float(LEVELS.index(level))))
        _draw_display(context, state)
        manager, shown = context.workspace.connections, context.world.connections
        if shown is None or manager.layer is None:
            imgui.text_colored(MUTED_COLOR, "reading" if manager.pending else "nothing to show")
            return
        if manager.pending:
            imgui.text_colored(MUTED_COLOR, "being laid out anew")
        _draw_counts(context, state, manager.layer)
        for line in [*connection_texts(shown, state, state.opening), *shown.layer.notes]:
            wrapped_text(line)
        _draw_position(context, state, shown.layer)

    def _draw_choice(self, context: PanelContext, state: ConnectionState) -> None:
        """The layer whose connections are shown, and a button for the chosen one."""
        if state.shown:
            wrapped_text(f"what feeds {state.layer}")
            if imgui.small_button("hide"):
                context.do(ShowConnections())
        chosen = context.subject_layer()
        if chosen is None:
            return
        slot, _, node, _ = chosen
        if state.shown and (slot, node.name) == (state.network, state.layer):
            return
        wrapped_text(node.name)
        if imgui.button("show what feeds it"):
            context.do(ShowConnections(node.name, slot))


def _draw_display(context: PanelContext, state: ConnectionState) -> None:
    """How they are seen."""
    if values := combo("values", state.values, CONNECTION_VALUES, VALUES_TOOLTIP):
        context.do(SetConnectionsDisplay(values=values))
    if palette := combo("colors", state.palette, CONNECTION_PALETTES, PALETTE_TOOLTIP):
        context.do(SetConnectionsDisplay(palette=palette))
    slider(
        context, "bundling", state.bundling, (0.0, 1.0), "%.2f",
        lambda v: SetConnectionsDisplay(bundling=v), BUNDLING_TOOLTIP,
    )  # fmt: skip
    sheet = checkbox("all kernels of the layer", state.kernel_sheet)
    if sheet is not None:
        context.do(SetConnectionsDisplay(kernel_sheet=sheet))


def _draw_counts(context: PanelContext, state: ConnectionState, layer: LayerConnections) -> None:
    """The share of connections that is drawn, and the map that is opened."""
    total = layer.pair_count
    if total > 1:
        part = log(ribbon_count(state, total)) / log(total)
        slider(
            context, "strongest", part, (0.0, 1.0), "",
            lambda v: SetConnectionsDisplay(share=total ** (v - 1)), SHARE_TOOLTIP,
        )  # fmt: skip
    changed, channel = imgui.input_int("map", state.channel)
    if changed:
        channel = min(max(channel, 0), layer.outputs - 1)
        context.do(SetConnectionsDisplay(channel=channel))


def _draw_position(context: PanelContext, state: ConnectionState, layer: LayerConnections) -> None:
    """The position that is opened to all its calculations, and how to slide on."""
    position = stepped(layer, state, context.world.connection_steps)
    imgui.text_unformatted(f"position {', '.join(map(str, position))}")
    if imgui.small_button("back"):
        context.do(StepWindow(-1))
    imgui.same_line()
    if imgui.small_button("next"):
        context.do(StepWindow())
    imgui.set_item_tooltip("next position (Ctrl+N)")
    imgui.same_line()
    if imgui.small_button("stop" if state.running else "run"):
        context.do(SetConnectionsDisplay(running=not state.running))
    imgui.same_line()
    if imgui.small_button("first"):
        context.do(OpenPosition(channel=state.channel))
