"""The time line below the world: the recorded steps of a training, to scrub and to play."""

from __future__ import annotations

from bisect import bisect_right

from imgui_bundle import imgui

from vrnn.commands.training import FollowTraining, GoToStep, PlayTraining
from vrnn.commands.training_values import ShowLayerValues
from vrnn.render.imgui_renderer import WindowArea
from vrnn.scene.training_state import LayerValues, StepReference
from vrnn.ui.panel_context import PanelContext

HEIGHT = 3.0
"""Of the bar, in heights of the text."""
SPEEDS = (1.0, 2.0, 4.0, 10.0, 25.0)
"""Recorded steps per second that a button goes through."""

SHOWN: dict[tuple[LayerValues, StepReference], str] = {
    ("activations", ""): "maps",
    ("activations", "first"): "change since first",
    ("activations", "previous"): "change since previous",
    ("weights", ""): "weights",
    ("weights", "first"): "weights since first",
    ("weights", "previous"): "weights since previous",
    ("gradients", ""): "gradients",
}
"""What is shown of a step."""
SHOWN_TOOLTIP = (
    "maps, the kernels that make them, or the gradients of these; and by how much they have "
    "changed since another step (Ctrl+W)"
)


def timeline_height(context: PanelContext, area: WindowArea) -> int:
    """Return how much of what panels leave for the world the bar takes at its lower edge, pixels.

    Args:
        context: What is shown.
        area: As for `draw_timeline`.
    """
    em = imgui.get_font_size() if imgui.get_frame_count() else 0.0
    if context.workspace.training.folder is None or area[2] < 20 * em or area[3] < 8 * em:
        return 0
    return round(HEIGHT * em)


def draw_timeline(context: PanelContext, area: WindowArea) -> None:
    """Draw the bar, if a training is open and there is room.

    Args:
        context: What is shown and changed.
        area: What panels leave for the world: left, top, width, height in pixels.
    """
    left, top, width, height = area
    imgui.get_font_size()
    if not timeline_height(context, area):
        return
    bar = timeline_height(
        context, area
    )  # all of the strip: a part of an older picture may be there
    imgui.set_next_window_pos((left, top + height - bar))
    imgui.set_next_window_size((width, bar))
    flags = imgui.WindowFlags_
    kind = flags.no_decoration | flags.no_docking | flags.no_saved_settings | flags.no_move
    if imgui.begin("##time line", None, kind.value)[0]:
        _draw_buttons(context)
        _draw_slider(context)
    imgui.end()


def _draw_buttons(context: PanelContext) -> None:
    training = context.workspace.training
    if imgui.button("Pause" if training.playing else "Play"):
        context.do(PlayTraining())
    imgui.set_item_tooltip("play the recorded steps (Ctrl+B)")
    imgui.same_line()
    if imgui.button(f"{training.speed:g}/s"):
        later = [speed for speed in SPEEDS if speed > training.speed]
        context.do(PlayTraining(speed=later[0] if later else SPEEDS[0]))
    imgui.set_item_tooltip("recorded steps per second; click for faster")
    imgui.same_line()
    pressed, loops = imgui.checkbox("loop", training.loops)
    if pressed:
        context.do(PlayTraining(loop=loops))
    imgui.same_line()
    follows = context.world.state.training.follow
    pressed, on = imgui.checkbox("newest", follows)
    if pressed:
        context.do(FollowTraining(on, training.shown))
    imgui.set_item_tooltip("follow the training: show the newest step as steps come (Ctrl+T)")
    imgui.same_line()
    state = context.world.state.training
    now = SHOWN.get((state.values, state.difference), SHOWN["activations", ""])
    imgui.set_next_item_width(imgui.calc_text_size(now).x + 2.5 * imgui.get_font_size())
    if imgui.begin_combo("##change", now):
        for (values, since), text in SHOWN.items():
            if imgui.selectable(text, text == now)[0] and text != now:
                context.do(ShowLayerValues(values, since))
        imgui.end_combo()
    imgui.set_item_tooltip(SHOWN_TOOLTIP)
    imgui.same_line()


def _draw_slider(context: PanelContext) -> None:
    """The slider over the steps, which previews while it is dragged and is one undo step."""
    training = context.workspace.training
    steps = training.steps
    if not steps:
        imgui.text_unformatted(training.text)
        return
    place = max(bisect_right(steps, training.shown) - 1, 0) if training.shown is not None else 0
    text = f"step {steps[place]:,}" if training.shown is not None else "own weights"
    imgui.set_next_item_width(-1)
    moved, place = imgui.slider_int("##step", place, 0, len(steps) - 1, text)
    place = min(max(place, 0), len(steps) - 1)
    if moved:
        context.preview(GoToStep(steps[place]))
    if imgui.is_item_deactivated_after_edit():
        context.do(GoToStep(steps[place]))
