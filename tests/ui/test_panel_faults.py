"""Panels that fail: the message stands in their place, and the others are as they were."""

import pytest
from imgui_bundle import imgui

import vrnn.ui.panels  # noqa: F401  (registers them)
from tests.support.faults import faults_in
from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.ui import panel_registry
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, PanelSet, panel


def _table():
    imgui.begin_table("t", 2)
    imgui.table_next_row()
    imgui.table_next_column()
    imgui.push_style_color(imgui.Col_.text, (1, 0, 0, 1))


def _clipped_rows():
    imgui.begin_table("t", 1)
    clipper = imgui.ListClipper()
    clipper.begin(1000)
    clipper.step()
    imgui.table_next_row()
    imgui.table_next_column()
    raise KeyError(clipper.display_start)


LEFT_OPEN = {
    "window": lambda: imgui.begin("another"),
    "child": lambda: imgui.begin_child("child"),
    "group": imgui.begin_group,
    "table": _table,
    "clipper": _clipped_rows,
    "id": lambda: imgui.push_id("id"),
    "indent and style": lambda: (imgui.indent(9), imgui.push_style_var(imgui.StyleVar_.alpha, 0.5)),
    "tree": lambda: (imgui.set_next_item_open(True), imgui.tree_node("node")),
    "tabs": lambda: (imgui.begin_tab_bar("tabs"), imgui.begin_tab_item("tab")),
    "disabled": lambda: imgui.begin_disabled(True),
    "popup": lambda: (imgui.open_popup("popup"), imgui.begin_popup("popup")),
    "nothing": lambda: None,
}


@pytest.fixture(scope="module")
def studio():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def context(studio):
    reset(studio)
    studio.workspace.faults.clear()
    yield PanelContext(studio.workspace, studio.dispatcher, studio.workspace.messages.append)
    studio.workspace.faults.clear()
    studio.workspace.messages.clear()


@pytest.fixture
def frames():
    """Draws frames of a Dear ImGui that reports whatever is left open, as an exception."""
    before = imgui.get_current_context()
    own = imgui.create_context()
    imgui.set_current_context(own)
    io = imgui.get_io()
    io.set_ini_filename("")
    io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
    io.display_size = imgui.ImVec2(400, 300)
    io.config_error_recovery_enable_assert = True

    def draw(contents, count=1):
        for _ in range(count):
            imgui.new_frame()
            imgui.set_next_window_pos((0, 0))
            imgui.set_next_window_size((400, 300))
            imgui.begin("window")
            imgui.push_id("outer")
            contents()
            imgui.pop_id()
            imgui.end()
            imgui.render()

    yield draw
    imgui.destroy_context(own)
    if before is not None:
        imgui.set_current_context(before)


class Faulty(Panel):
    """Leaves something open and fails, as long as it is told to."""

    fails = True
    leave_open = staticmethod(lambda: None)
    drawn = 0

    def draw(self, context):
        if not Faulty.fails:
            Faulty.drawn += 1
            return
        Faulty.leave_open()
        raise KeyError(6)


@pytest.fixture
def faulty():
    panel("Faulty", dock=Dock.LEFT_TOP)(Faulty)
    Faulty.fails, Faulty.drawn = True, 0
    yield Faulty
    del panel_registry._PANELS["Faulty"]


@pytest.mark.parametrize("kind", LEFT_OPEN)
def test_whatever_a_failing_panel_leaves_open_is_closed(kind, context, frames, faulty):
    faulty.leave_open = staticmethod(LEFT_OPEN[kind])
    panels = PanelSet()
    frames(lambda: panels.draw("Faulty", context), 3)
    assert "KeyError" in panels.failures["Faulty"]
    assert len(context.workspace.faults) == 1  # told once
    assert "details in " in context.workspace.faults[0]
    frames(lambda: panels.draw("Shortcuts", context), 2)
    assert list(panels.failures) == ["Faulty"], faults_in()


def test_a_failed_panel_can_be_tried_again(context, frames, faulty):
    panels = PanelSet()
    frames(lambda: panels.draw("Faulty", context), 2)
    faulty.fails = False
    frames(lambda: panels.draw("Faulty", context), 2)
    assert faulty.drawn == 0  # the message stands there until one asks for it

    def press():
        panels.draw("Faulty", context)
        low, high = imgui.get_item_rect_min(), imgui.get_item_rect_max()
        imgui.get_io().add_mouse_pos_event((low.x + high.x) / 2, (low.y + high.y) / 2)

    frames(press, 2)
    for down in (True, False):
        imgui.get_io().add_mouse_button_event(0, down)
        frames(lambda: panels.draw("Faulty", context), 2)
    assert not panels.failures
    assert faulty.drawn > 0


def test_a_refusal_in_a_panel_is_no_fault(context, frames, faulty):
    def refuse():
        raise VrnnError("there is no layer 'x'")

    before = faults_in()
    faulty.leave_open = staticmethod(refuse)
    panels = PanelSet()
    frames(lambda: panels.draw("Faulty", context), 2)
    assert panels.failures == {"Faulty": "there is no layer 'x'"}
    assert context.workspace.messages == ["there is no layer 'x'"]
    assert faults_in() == before
