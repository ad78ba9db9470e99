"""Files that a person names: what is no regular file is refused and never waited for."""

from __future__ import annotations

import os
import sys
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.errors import VrnnError
from vrnn.storage.input_file import check_path, read_text, read_toml
from vrnn.storage.terminal import one_line, printable

posix = pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")


@posix
def test_pipes_devices_and_folders_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a folder")):
        with pytest.raises(VrnnError, match=f"cannot read the names in '.*it is {what}"):
            read_text(path, "the names")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"a = ", "cannot read"),
        (b"a = " + b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b"a = 1\na = 2\n", "cannot read"),
    ],
)
def test_files_that_are_no_settings(tmp_path, content, says):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(VrnnError, match=says) as caught:
        read_toml(path, "the settings")
    assert "\n" not in one_line(str(caught.value))
    assert len(str(caught.value)) < 1000


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 3_000_000)
    with pytest.raises(VrnnError, match="larger than 2 MB"):
        read_text(path, "the names", 2 << 20)


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfcat\n")
    assert read_text(path, "the names") == "cat\n"


@given(st.text())
def test_whatever_a_path_is_it_is_a_path_or_a_sentence(text):
    with suppress(VrnnError):
        assert check_path(text).exists() in (True, False)  # nothing else is raised


@given(st.text())
def test_no_text_can_command_a_terminal(text):
    shown = printable(text)
    assert all(unicodedata.category(c) != "Cc" or c in "\t\n" for c in shown), shown
    assert all(unicodedata.bidirectional(c) not in ("RLO", "LRO", "RLE", "LRE") for c in shown)
    assert len(one_line(text).splitlines()) <= 1


def test_what_is_harmless_stays():
    assert printable("×→ å 漢字 🐈\n") == "×→ å 漢字 🐈\n"
    assert one_line("a\x1b[31m\nb\u202e") == "a\\x1b[31m b\\u202e"
