"""The images that a training was watched with, in its panel: which is shown, and all answers."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.inputs import SetInputImage
from vrnn.network.example_scores import ExampleScores
from vrnn.scene.state import InputImage
from vrnn.scene.visuals.output_bars import class_name
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import muted_text

SIDE = 2.4
"""Of an image, in heights of the text."""


def draw_examples(context: PanelContext) -> None:
    """Draw a row for each image, where there are several: a click puts it in."""
    answers = context.workspace.example_answers
    if answers.count < 2:
        return
    imgui.separator_text(f"{answers.count} images")
    found, is_current = answers.known()
    if not found:
        muted_text("answers: found when a step is shown for a moment")
    elif not is_current:
        muted_text("answers of the step before; those of this one follow")
    image = context.world.state.input_image
    shown = 0 if image == InputImage() else image.example
    names = context.world.networks[0].info.class_names
    side = SIDE * imgui.get_font_size()
    for number in range(answers.count):
        imgui.push_id(number)
        corner = imgui.get_cursor_pos()
        if imgui.selectable("##image", number == shown, size=(0, side))[0]:
            context.do(SetInputImage(example=number))
        imgui.set_item_tooltip("show this image")
        after = imgui.get_cursor_pos()
        imgui.set_cursor_pos(corner)
        scores = found[number] if number < len(found) else None
        if scores is not None:
            height, width = scores.image.shape[:2]
            scale = side / max(height, width)
            imgui.image(context.make_texture(scores.image), (width * scale, height * scale))
            imgui.same_line(side + imgui.get_style().item_spacing.x + corner.x)
        imgui.begin_group()
        is_shown = " shown" if number == shown else ""
        imgui.text_colored(accent() if is_shown else muted(), f"image {number}{is_shown}")
        if scores is not None:
            _draw_answer(scores, names)
        imgui.end_group()
        imgui.set_cursor_pos(after)
        imgui.dummy((0, 0))
        imgui.pop_id()


def _draw_answer(scores: ExampleScores, names: tuple[str, ...]) -> None:
    """The classes with the highest scores, the highest first."""
    told = [
        f"{class_name(int(index), names)} {part:.1%}"
        for index, part in zip(scores.classes, scores.probabilities, strict=True)
    ]
    imgui.text_unformatted(told[0] if told else "no classes")
    if len(told) > 1:
        imgui.same_line()
        imgui.text_colored(muted(), ", ".join(told[1:]))
