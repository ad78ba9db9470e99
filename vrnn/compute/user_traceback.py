"""Where in the user's own code an error came from."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path

OURS = Path(__file__).parent.parent


def user_line(error: BaseException, within: Path | None = None) -> str:
    """`script.py:12: y = self.fc(x)`: the deepest line of the user's own code, '' when none.

    within: the folder that holds the user's code; without it, all that is neither vrnn's own nor
    installed counts.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        text = (error.text or linecache.getline(error.filename, error.lineno)).strip()
        return _line(Path(error.filename), error.lineno, text)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_users(Path(frame.filename), within):
            return _line(Path(frame.filename), frame.lineno or 0, (frame.line or "").strip())
    return ""


def _line(path: Path, number: int, text: str) -> str:
    return f"{path.name}:{number}: {text}" if text else f"{path.name}:{number}"


def _is_users(path: Path, within: Path | None) -> bool:
    if not path.is_file():
        return False
    path = path.resolve()
    if within is not None and path.is_relative_to(within.resolve()):
        return True
    installed = [
        Path(sysconfig.get_paths()[key]).resolve() for key in ("stdlib", "purelib", "platlib")
    ]
    return not any(path.is_relative_to(folder) for folder in (OURS, *installed))


def explain_error(error: BaseException, within: Path | None = None) -> str:
    """One sentence about an error in the user's code: what, and at which line."""
    reason = " ".join(str(error).split()) or "no reason given"
    if len(reason) > 300:
        reason = reason[:297] + "…"
    if is_out_of_memory(error):
        return f"out of memory ({reason}); pass a smaller --input-size or --device cpu"
    line = user_line(error, within)
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{line}: {kind}: {error.msg}"
    return f"{line}: {kind}: {reason}" if line else f"{kind}: {reason}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory of the machine or of the GPU ran out."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in text
        or "out of memory" in text
        or "not enough memory" in text
        or "storage size calculation overflowed" in text
    )
