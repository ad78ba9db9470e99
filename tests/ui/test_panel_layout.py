"""Panels in a small window, with text of any size: nothing is cut, and the world keeps half."""

import pytest
from imgui_bundle import imgui

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.image_cloud import ShowImageCloud
from vrnn.commands.image_cloud_classes import MakeClass
from vrnn.commands.image_cloud_selection import SelectImages
from vrnn.commands.importance import PruneChannels, SetImportanceDisplay, ShowImportance
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.registry import registered
from vrnn.commands.similarity import HoldReference, PinPosition, ShowSimilarity
from vrnn.compute.importance import labeled_images
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.ui.command_palette import palette_entries
from vrnn.ui.hud.help import MIN_SCALE, fit_help, in_columns
from vrnn.ui.hud.overlay import HudCanvas
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.window_host import WindowGui


class Screen:
    """A window that only has a size."""

    listener = None
    pixel_scale = 1.0

    def __init__(self, size) -> None:
        self.size = size

    def show_cursor(self, shape: str) -> None:
        """Do nothing."""

    copied_text = ""

    def copy_text(self, text: str) -> None:
        """Do nothing."""


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec("digits")], load_config()) as app:
        yield app


@pytest.fixture
def open_panels(app):
    reset(app)
    opened = []

    def open_panels(size, points, file=None):
        while opened:
            opened.pop().release()
        context = PanelContext(app.workspace, app.dispatcher, app.workspace.messages.append)
        context.set_subject(0, "stage2.0.conv1")
        gui = WindowGui(
            app.workspace.renderer.ctx, Screen(size), context, KeyMap(load_config().keys), points,
            file,
        )  # fmt: skip
        opened.append(gui)
        if not gui.shown:
            gui.toggle()
        rebuild(gui)
        return gui

    yield open_panels
    for gui in opened:
        gui.release()


def rebuild(gui, times=8):
    for _ in range(times):
        gui._request_rebuild()
        gui.step()


SIZES = [
    ((1000, 640), 16.0), ((1000, 640), 24.0), ((1000, 640), 32.0), ((1280, 720), 20.0),
    ((1600, 900), 16.0),
]  # fmt: skip


@pytest.mark.parametrize(("size", "points"), SIZES)
def test_the_world_keeps_at_least_half_of_the_window(open_panels, size, points):
    gui = open_panels(size, points)
    _, _, width, height = gui.world_area
    assert width >= 0.49 * size[0]
    assert height >= 0.85 * size[1]


@pytest.mark.parametrize("change", ["smaller window", "larger text"])
def test_it_still_does_when_the_window_or_the_text_changes(open_panels, change):
    gui = open_panels((1600, 900), 16.0)
    if change == "smaller window":
        gui._screen.size = (900, 640)
    else:
        gui.resize_text(12)
    rebuild(gui)
    assert gui.world_area[2] >= 0.49 * gui._screen.size[0]


def panel_windows(gui):
    """Each panel that can be opened, in front of its dock, with what is cut of it."""
    for title in gui._layout.docks:
        if title in gui._layout.crowded:
            gui._toggle_panel(title)
        gui._layout.to_front = [title]
        rebuild(gui, 4)
        window = imgui.internal.find_window_by_name(title)
        yield title, window


def use_cloud(app):
    """Show a cloud with a selection and classes of long names."""
    app.do(ShowImageCloud("pool"))
    app.do(MakeClass("those that look like something else altogether", (1, 2, 3)))
    app.do(SelectImages(tuple(range(80))))


def compare_vectors(app):
    """Show similarity with what is held and pinned."""
    app.do(ShowSimilarity(True))
    app.do(HoldReference("stage2.0.conv1", 3, 3))
    app.do(PinPosition("stage2.0.conv1", 1, 1))
    app.do(PinPosition("stage1.0.add", 1, 1, 4, 4))


def compare_classes(app):
    """Show what matters for two classes, found with a few images, and prune."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labeled_images, "MAX_IMAGES", 40)
        app.do(ShowImportance(3))
        app.do(SetImportanceDisplay(beside=8))
        app.do(PruneChannels(0.25))


@pytest.mark.parametrize("use", [None, use_cloud, compare_vectors, compare_classes])
@pytest.mark.parametrize(("size", "points"), SIZES)
def test_no_panel_is_wider_than_its_dock(open_panels, app, size, points, use):
    app.do(Ablate("stage1.0.conv1", 0, (3,)))
    if use is not None:
        use(app)
    gui = open_panels(size, points)
    seen = []
    for title, window in panel_windows(gui):
        assert not window.hidden, title
        style = imgui.get_style()
        room = window.size.x - 2 * style.window_padding.x
        if window.scrollbar_y:
            room -= style.scrollbar_size
        assert window.content_size.x <= room + 1, title
        seen.append(title)
    assert {"Layer", "Model", "Predictions", "Display", "Features"} <= set(seen)


@pytest.mark.parametrize(("size", "points"), SIZES)
@pytest.mark.parametrize("remembered", [False, True])
def test_no_tab_is_cut(open_panels, tmp_path, size, points, remembered):
    gui = open_panels(size, points, tmp_path / "panels.ini")
    if remembered:
        if "Images" in gui._layout.crowded:
            gui._toggle_panel("Images")
        rebuild(gui)
        crowded = gui._layout.crowded
        gui = open_panels(size, points, tmp_path / "panels.ini")
        assert gui.shown
        assert bool(gui._layout.crowded) == bool(crowded)
        assert "Images" not in gui._layout.crowded
    shown = [t for t in gui._layout.docks if t not in gui._layout.crowded]
    assert remembered or {"Layer", "Model"} <= set(shown)
    docks = {}
    for title in shown:
        window = imgui.internal.find_window_by_name(title)
        docks.setdefault(window.dock_node.id_, []).append((title, window.dock_node))
    style, em = imgui.get_style(), points
    for tabs in docks.values():
        node = tabs[0][1]
        widths = sum(
            imgui.calc_text_size(t).x + style.frame_padding.x + style.item_inner_spacing.x + em
            for t, _ in tabs
        )
        assert widths <= node.size.x - em, [t for t, _ in tabs]


def test_a_panel_without_room_is_opened_by_its_menu(open_panels):
    gui = open_panels((1000, 640), 32.0)
    crowded = sorted(gui._layout.crowded)
    assert crowded
    gui._toggle_panel(crowded[0])
    rebuild(gui)
    assert crowded[0] not in gui._layout.crowded
    assert not imgui.internal.find_window_by_name(crowded[0]).hidden


def test_a_panel_is_brought_to_the_front_wherever_it_is(open_panels):
    gui = open_panels((1000, 640), 24.0)
    for _ in range(2):
        gui.show_panel("Shortcuts")
        rebuild(gui)
        assert not imgui.internal.find_window_by_name("Shortcuts").hidden
        gui.show_panel("Display")
        rebuild(gui)
    gui._toggle_panel("Display")
    rebuild(gui)
    gui.show_panel("Display")
    rebuild(gui)
    assert not imgui.internal.find_window_by_name("Display").hidden


@pytest.mark.parametrize("size", [(1000, 640), (1280, 720), (1920, 1080)])
def test_the_help_is_readable_in_a_small_window(size):
    rows = KeyMap(load_config().keys).help_rows()
    layout = fit_help(HudCanvas(size, 1.0), rows)
    assert layout.scale >= MIN_SCALE
    told = " ".join(word for column in layout.columns for row in column for word in row if word)
    assert told.split() == " ".join(word for row in rows for word in row if word).split()
    assert fit_help(HudCanvas((500, 560), 1.0), rows).scale < MIN_SCALE


def test_the_palette_begins_with_all_actions_that_have_keys(app):
    context = PanelContext(app.workspace, app.dispatcher, app.workspace.messages.append)
    keys = {info.title: context.key_map.printed(info.name) for info in registered()}
    keyed = {title: key for title, key in keys.items() if key}
    first = palette_entries(context)[: len(keyed)]
    assert {entry.text: entry.detail for entry in first} == keyed


def test_keys_stand_in_groups_that_are_not_torn():
    rows = KeyMap(load_config().keys).help_rows()
    titles = [keys for keys, effect in rows if not effect]
    assert titles[:2] == ["Mouse", "Walking"]
    assert "Layer" in titles
    place = rows.index(("Layer", ""))
    following = rows[place + 1 : place + 8]
    assert any(keys == "X" for keys, _ in following)
    for count in (1, 2, 3):
        columns = in_columns(rows, count)
        assert len(columns) <= count
        kept = [row for column in columns for row in column if row != ("", "")]
        assert kept == list(rows)
        assert all(not column[0][1] for column in columns)  # each begins with a title
