"""What is shown when a part of the interface fails, with Dear ImGui left in order."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from imgui_bundle import imgui

from vrnn.errors import VrnnError
from vrnn.storage.fault_log import fault_log
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import accent


@contextmanager
def balanced() -> Iterator[None]:
    """Close what was opened inside when it raises: windows, tables, groups, styles, ids."""
    state = imgui.internal.ErrorRecoveryState()
    imgui.internal.error_recovery_store_state(state)
    try:
        yield
    except BaseException as error:
        # A list clipper ends when it is deleted, which has to happen inside its window.
        traceback.clear_frames(error.__traceback__)
        io = imgui.get_io()
        # What is closed here would be reported one by one.
        reports = io.config_error_recovery_enable_assert, io.config_error_recovery_enable_tooltip
        io.config_error_recovery_enable_assert = io.config_error_recovery_enable_tooltip = False
        try:
            imgui.internal.error_recovery_try_to_recover_state(state)
        finally:
            io.config_error_recovery_enable_assert, io.config_error_recovery_enable_tooltip = (
                reports
            )
        raise


def tell_fault(context: PanelContext, part: str, error: Exception) -> str:
    """Tell the user that a part of the interface has failed.

    Args:
        context: Of the interface.
        part: Its name, as the beginning of a sentence.
        error: What it raised, just caught.

    Returns:
        The sentence.
    """
    if isinstance(error, VrnnError):
        context.notify(str(error))
        return str(error)
    sentence = fault_log.record(part, error, context.workspace.history.state)
    context.workspace.show_fault(sentence)
    return sentence


def draw_fault(sentence: str) -> bool:
    """Draw the message of a part in its place; True when it is to be tried again."""
    imgui.push_style_color(imgui.Col_.text, accent())
    imgui.text_wrapped(sentence)
    imgui.pop_style_color()
    return imgui.button("Try again")
