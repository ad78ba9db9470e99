"""What the window hears while no panel is there is not used later."""

import pytest
from imgui_bundle import imgui

from vrnn.ui.imgui_input import ImGuiInput, configure_context


class Clipboard:
    copied_text = ""

    def copy_text(self, text):
        self.copied_text = text


@pytest.fixture
def heard():
    context = imgui.create_context()
    configure_context(Clipboard(), "")
    imgui.get_io().display_size = imgui.ImVec2(640, 480)
    yield ImGuiInput(lambda: None)
    imgui.destroy_context(context)


def frames(count):
    """What is seen of clicks and keys in some frames."""
    found = set()
    for _ in range(count):
        imgui.get_io().delta_time = 1 / 60
        imgui.new_frame()
        if imgui.is_mouse_clicked(0):
            found.add("click")
        if imgui.is_key_pressed(imgui.Key.escape):
            found.add("escape")
        imgui.end_frame()
    return found


@pytest.mark.parametrize("forgets", [False, True])
def test_clicks_and_keys_from_before_are_forgotten(heard, forgets):
    heard.cursor(30.0, 40.0)
    frames(1)
    heard.end_frame()
    for down in (True, False):
        heard.button(0, down)
        heard.key("ESCAPE", down, frozenset())
    if forgets:
        heard.forget()
    assert frames(6) == (set() if forgets else {"click", "escape"})
    heard.button(0, True)
    assert frames(3) == {"click"}
    position = imgui.get_io().mouse_pos
    assert (position.x, position.y) == (30.0, 40.0)


def test_a_click_right_behind_a_move_is_heard_in_the_next_frame(heard):
    frames(2)
    heard.cursor(100.0, 100.0)
    for down in (True, False):
        heard.button(0, down)
    assert frames(1) == set()
    assert heard.keeps
    position = imgui.get_io().mouse_pos
    assert (position.x, position.y) == (100.0, 100.0)
    heard.end_frame()
    assert not heard.keeps
    assert frames(1) == {"click"}
