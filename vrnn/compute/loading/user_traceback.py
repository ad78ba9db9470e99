"""Errors in the user's own code: which line they came from, and a sentence about them."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path

from vrnn.errors import error_text

PACKAGE = Path(__file__).resolve().parents[2]
"""Folder of vrnn's own code."""
MAX_REASON = 300
"""Characters of an error's message that are shown."""
MAX_LINE = 160
"""Characters of a line of code that are shown."""
ONEDNN_MEMORY = ("could not create a primitive", "could not create a memory object")
"""All that oneDNN, which computes convolutions on CPUs, says when it gets no memory."""

LIBRARIES = ("torch", "numpy", "PIL", "moderngl", "glfw", "imgui_bundle", "networkx", "xr")
"""What vrnn stands on, by the names that are imported."""
IMPORTS = PACKAGE / "compute" / "loading" / "script_imports.py"
"""What stands between a script and what it imports."""
RUN_MODELS = frozenset({"compute", "media"})
"""Packages of vrnn that run the code of a model, or of its data set."""


def user_line(error: BaseException, folder: Path | None = None) -> str:
    """Return the deepest line of the user's own code in a traceback.

    Args:
        error: The error.
        folder: The folder that holds the user's code, even if it is installed; without it, all
            that is neither vrnn's own nor installed counts.

    Returns:
        Such as `script.py:12: y = self.fc(x)`; '' if there is none.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        text = (error.text or linecache.getline(error.filename, error.lineno)).strip()
        return _format_line(Path(error.filename), error.lineno, text)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_user_code(Path(frame.filename), folder):
            text = (frame.line or "").strip()
            return _format_line(Path(frame.filename), frame.lineno or 0, text)
    return ""


def is_of_user(error: BaseException) -> bool:
    """Whether the model's own code raised an error, rather than vrnn's under it or above it.

    Plugins run outside of models: what they raise is a fault of the program that they are part of.
    """
    is_user = False
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path == IMPORTS:
            continue
        if path.is_file() and path.resolve().is_relative_to(PACKAGE):
            room = path.resolve().relative_to(PACKAGE).parts[0]
            return is_user and room in RUN_MODELS
        is_user = is_user or _is_user_code(path, None)
    return False


def _format_line(path: Path, number: int, text: str) -> str:
    if len(text) > MAX_LINE:
        text = f"{text[:MAX_LINE]}…"
    return f"{path.name}:{number}: {text}" if text else f"{path.name}:{number}"


def _is_user_code(path: Path, folder: Path | None) -> bool:
    if not path.is_file():
        return False
    path = path.resolve()
    if folder is not None and path.is_relative_to(folder.resolve()):
        return True
    installed = [
        Path(sysconfig.get_paths()[key]).resolve() for key in ("stdlib", "purelib", "platlib")
    ]
    return not any(path.is_relative_to(other) for other in (PACKAGE, *installed))


def explain_error(error: BaseException, folder: Path | None = None) -> str:
    """Describe an error in the user's code in one sentence: what, and at which line.

    Args:
        error: The error.
        folder: As for `user_line`.
    """
    reason = error_text(error) or "no reason given"
    if len(reason) > MAX_REASON:
        reason = reason[: MAX_REASON - 3] + "…"
    if is_out_of_memory(error):
        return f"out of memory ({reason}); pass a smaller --input-size or --device cpu"
    line = user_line(error, folder)
    if (package := broken_library(error)) and not line:
        check = f'python -c "import {package}"'
        return f"{package} cannot be imported: {reason}; once this works, so does vrnn: {check}"
    if isinstance(error, OSError) and error.filename is not None and error.strerror and not line:
        return f"cannot use '{error.filename}': {error.strerror.lower()}"
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{line}: {kind}: {error.msg}"
    return f"{line}: {kind}: {reason}" if line else f"{kind}: {reason}"


def broken_library(error: BaseException) -> str:
    """Return which library that vrnn stands on raised an error while it was imported; '' if none
    did, as for a wrong value of TORCH_LOGS."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__"))
        if frame.f_code.co_name == "<module>" and name in LIBRARIES:
            return name
    return ""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory of the machine or the GPU ran out."""
    text = error_text(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in text
        or "out of memory" in text
        or "not enough memory" in text
        or "cannot allocate memory" in text
        or "failed to map segment" in text
        or "storage size calculation overflowed" in text
        or text in ONEDNN_MEMORY
    )
