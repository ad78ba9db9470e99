"""Hints for beginners: what each button does, shown at the controllers until it was tried."""

from __future__ import annotations

from pathlib import Path

from vrnn.controls.hands.hand_state import HandPair
from vrnn.errors import VrnnError
from vrnn.scene.headset.locomotion import SNAP_THRESHOLD
from vrnn.storage.atomic import make_folder, write_atomically

HINTS_FILE = "hints-were-read"
"""Name of the file that remembers that all hints were read, beside the settings."""
Rows = tuple[tuple[str, str, str], ...]
"""Buttons: the name in `Buttons` or `stick`, what it is called, what it does."""
DOMINANT: Rows = (
    ("trigger", "trigger", "pick up, press, fold"),
    ("squeeze", "grip", "move a layer; both: the world"),
    ("stick", "stick", "turn; forward: teleport"),
    ("primary", "A or X, menu", "menu"),
    ("secondary", "B or Y", "let go, undo"),
)
SECONDARY: Rows = (
    ("stick", "stick", "walk"),
    ("primary", "X or A, menu", "panels"),
    ("secondary", "Y or B", "back to the start"),
    ("stick_click", "press stick", "fly"),
)
"""Of the hand that points, and of the other one."""
FINGERS: Rows = (
    ("trigger", "index finger to thumb", "pick up, press, fold"),
    ("trigger", "held on empty space", "teleport"),
    ("squeeze", "middle finger to thumb", "move a layer; both: the world"),
    ("primary", "ring finger to thumb", "menu; other hand: panels"),
)
"""Of a hand without a controller."""


def help_rows() -> tuple[tuple[str, str], ...]:
    """Returns all buttons and what they do, for the help on the floating panel."""
    return (
        ("pointing hand", ""), *((name, effect) for _, name, effect in DOMINANT),
        ("press stick", "magnifier: sharp, smooth, off"),
        ("trigger, held", "on empty space: teleport"),
        ("trigger, tapped", "on empty space: let go of an image"),
        ("grip on the panels", "move them; both: resize"),
        ("other hand", ""), *((name, effect) for _, name, effect in SECONDARY),
        ("without controllers", ""), *((name, effect) for _, name, effect in FINGERS),
    )  # fmt: skip


class OnboardingHints:
    """Knows which hints are still shown."""

    def __init__(self, enabled: bool, file: Path | None = None) -> None:
        """Starts with all hints, unless they were read before.

        Args:
            enabled: Whether there are hints at all.
            file: Written once all hints were read; None: nothing remembers it.
        """
        self._file = file
        self._remaining: set[tuple[bool, str]] = set()
        if enabled and not (file is not None and file.is_file()):
            self._remaining |= {(True, button) for button, *_ in DOMINANT}
            self._remaining |= {(False, button) for button, *_ in SECONDARY}

    def mark_used(self, button: str, dominant: bool) -> None:
        """Removes the hint of a button, which was tried.

        Args:
            button: Its name in `Buttons`, or `stick`.
            dominant: Whether it is one of the hand that points.
        """
        if not self._remaining:
            return
        self._remaining.discard((dominant, {"menu": "primary"}.get(button, button)))
        if not self._remaining:
            self.dismiss()

    def update_sticks(self, hands: HandPair) -> None:
        """Removes the hint of each stick that is pushed."""
        for hand in hands:
            if hand.input.active and max(map(abs, hand.input.stick)) > SNAP_THRESHOLD:
                self.mark_used("stick", hand.index == hands.dominant)

    def dismiss(self) -> None:
        """Removes all hints, for good if there is a file to remember it."""
        self._remaining.clear()
        if self._file is None:
            return
        try:
            make_folder(self._file.parent)
            write_atomically(self._file, b"read\n")
        except VrnnError:
            return  # they are shown again next time

    def rows(self, dominant: bool, fingers: bool = False) -> list[tuple[str, str]]:
        """Returns the hints that are shown at a hand: buttons, and what they do.

        Args:
            dominant: Whether it is the hand that points.
            fingers: Whether it holds no controller.
        """
        rows = DOMINANT if dominant else SECONDARY
        if fingers:
            rows = FINGERS if dominant else ()
        return [
            (name, effect) for button, name, effect in rows if (dominant, button) in self._remaining
        ]
