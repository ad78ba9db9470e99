"""Standard output and standard error: harmless text, and streams that may be closed or full."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import TextIO, cast

from vrnn.errors import VrnnError

_CONTROLS = [*range(0x00, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
_DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_ESCAPES = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in _CONTROLS + _DIRECTIONS
    if chr(code) not in "\t\n"
}
"""What a terminal would obey instead of showing it, and what would reverse the text around it."""


def printable(text: str) -> str:
    """Return a text with control characters written out, so that a terminal only shows it.

    Names of files and layers and texts of errors can hold anything, also commands to a terminal.
    """
    return text.translate(_ESCAPES)


def one_line(text: str) -> str:
    """Return a text as one line that a terminal only shows."""
    return printable(" ".join(text.split()))


def print_text(text: str) -> None:
    """Print lines to standard output; nothing where a script has closed it."""
    with suppress(ValueError):  # a closed stream
        print(printable(text))


def print_error(text: str) -> None:
    """Print one line to standard error; nothing where it is closed or full."""
    # With sys.stderr None, print writes to sys.stdout instead.
    if sys.stderr is not None:
        with suppress(ValueError, OSError):
            print(one_line(text), file=sys.stderr, flush=True)


class _TolerantFile(io.RawIOBase):
    """Writes to a descriptor; what cannot be written is lost, and the reason remembered.

    Whoever prints, be it a model's script, argparse or the interpreter at its end, never fails.

    Attributes:
        problem: Why something was lost; '' while nothing was, or only because nobody reads it.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.problem = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EBADF, errno.EIO):
                    self.problem = self.problem or (error.strerror or str(error)).lower()
                return len(data)


class StandardStreams:
    """Standard output and error of the program `vrnn`, as it replaces them when it starts."""

    def __init__(self) -> None:
        """Replace both streams; closed ones become the null device."""
        fill_standard_descriptors()
        # A copy of the descriptor: a script that closes number 1 lets the next file take it.
        self._files = [_TolerantFile(os.dup(number)) for number in (1, 2)]
        sys.stdout = _text_stream(self._files[0], sys.stdout)
        sys.stderr = _text_stream(self._files[1], sys.stderr)
        self._streams = (sys.stdout, sys.stderr)

    def finish(self) -> None:
        """Write what is still buffered.

        Raises:
            VrnnError: Standard output could not take all that was printed.
        """
        for stream in self._streams:
            with suppress(ValueError):  # closed by a script
                stream.flush()
        if self._files[0].problem:
            raise VrnnError(f"cannot write to standard output: {self._files[0].problem}")


def _text_stream(file: _TolerantFile, former: TextIO | None) -> TextIO:
    encoding = getattr(former, "encoding", None) or "utf-8"
    stream = io.TextIOWrapper(
        io.BufferedWriter(cast(io.RawIOBase, file)),
        encoding,
        errors="replace",
        line_buffering=file.isatty(),
    )
    if former is not None:
        with suppress(ValueError, OSError):
            former.flush()
    return stream


def fill_standard_descriptors() -> None:
    """Open the null device in place of a closed standard input, output or error.

    Else the next file or device that is opened would get what is printed.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
