"""What the buttons of the controllers do, said on the controllers until each was tried."""

from __future__ import annotations

from pathlib import Path

from vrnn.controls.hands.hand_state import HandPair
from vrnn.errors import VrnnError
from vrnn.scene.headset.locomotion import SNAP_THRESHOLD
from vrnn.storage.atomic import make_folder, write_atomically

HINTS_FILE = "hints-were-read"
"""Its name, beside the settings."""
Rows = tuple[tuple[str, str, str], ...]
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
"""Which button, what it is called, what it does."""
FINGERS: Rows = (
    ("trigger", "index finger to thumb", "pick up, press, fold"),
    ("trigger", "held on nothing", "teleport"),
    ("squeeze", "middle finger to thumb", "move a layer; both: the world"),
    ("primary", "ring finger to thumb", "menu; other hand: panels"),
)
"""The same for a hand without a controller."""


def help_rows() -> tuple[tuple[str, str], ...]:
    """All buttons and what they do, for the help on the board."""
    return (
        ("pointing hand", ""), *((name, does) for _, name, does in DOMINANT),
        ("press stick", "magnify: sharp, smooth, not"),
        ("trigger, held", "on nothing: teleport"),
        ("trigger, tapped", "on nothing: let go of an image"),
        ("grip on the board", "hang it elsewhere; both: larger"),
        ("other hand", ""), *((name, does) for _, name, does in SECONDARY),
        ("without controllers", ""), *((name, does) for _, name, does in FINGERS),
    )  # fmt: skip


class OnboardingHints:
    """Which hints are still to be read."""

    def __init__(self, wanted: bool, file: Path | None = None) -> None:
        """file: is there once all were read."""
        self._file = file
        self._left: set[tuple[bool, str]] = set()
        if wanted and not (file is not None and file.is_file()):
            self._left = {(True, key) for key, *_ in DOMINANT} | {
                (False, key) for key, *_ in SECONDARY
            }

    def mark_used(self, button: str, main: bool) -> None:
        """A button was tried: its hint is not needed any more."""
        if not self._left:
            return
        self._left.discard((main, {"menu": "primary"}.get(button, button)))
        if not self._left:
            self.dismiss()

    def update_sticks(self, hands: HandPair) -> None:
        """Marks the hint of each stick that is pushed as followed."""
        for hand in hands:
            if hand.input.active and max(map(abs, hand.input.stick)) > SNAP_THRESHOLD:
                self.mark_used("stick", hand.index == hands.dominant)

    def dismiss(self) -> None:
        """No hints any more, nor at the next visit."""
        self._left.clear()
        if self._file is None:
            return
        try:
            make_folder(self._file.parent)
            write_atomically(self._file, b"read\n")
        except VrnnError:
            return  # they are shown again next time

    def rows(self, main: bool, fingers: bool = False) -> list[tuple[str, str]]:
        """What to say on a controller: buttons, and what they do; or at a hand without one."""
        rows = DOMINANT if main else SECONDARY
        if fingers:
            rows = FINGERS if main else ()
        return [(name, does) for key, name, does in rows if (main, key) in self._left]
