"""Files that are written: links, permissions, pipes, devices, leftovers, and inputs kept safe."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from vrnn.errors import VrnnError
from vrnn.storage import atomic
from vrnn.storage.atomic import atomic_path, check_writable, make_folder, write_atomically
from vrnn.storage.leftovers import OLD_SECONDS, _seen
from vrnn.storage.protected_inputs import protect_inputs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o755])
def test_permissions_stay(tmp_path, mode):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    write_atomically(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link(tmp_path, exists):
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"old")
        target.chmod(0o600)
    link.symlink_to(Path("folder") / "target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == link.read_bytes() == b"new"
    assert not exists or stat.S_IMODE(target.stat().st_mode) == 0o600


def test_all_names_of_a_file_get_the_new_content(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"something longer than what follows")
    os.link(first, second)
    write_atomically(first, b"new")
    assert second.read_bytes() == b"new"


def test_a_circle_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(VrnnError, match="cannot write"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, b"x" * 200_000)
    reader.join(20)
    assert read == [b"x" * 200_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_that_nobody_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "PIPE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VrnnError, match="nobody reads"):
        write_atomically(tmp_path / "pipe", b"x")


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_a_device_stays_a_device(tmp_path, device):
    if not Path(device).exists():
        pytest.skip("there is none")
    link = tmp_path / "link"
    link.symlink_to(device)
    if device == "/dev/full":
        with pytest.raises(VrnnError, match="no space left"):
            write_atomically(link, b"x")
    else:
        write_atomically(link, b"x")
    assert stat.S_ISCHR(os.stat(device).st_mode)
    assert link.is_symlink()


def test_no_disk_and_no_socket_is_written_to(tmp_path):
    import socket

    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(VrnnError, match="it is a socket"):
            check_writable(path)


@pytest.mark.parametrize("name", ["a" * 256 + ".png", "ä" * 128, "a\0b", "\ud800"])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(VrnnError, match=r"too long|no path can have"):
        write_atomically(tmp_path / name, b"x")
    with pytest.raises(VrnnError, match=r"too long|no path can have"):
        make_folder(tmp_path / name)


def test_the_longest_name(tmp_path):
    path = tmp_path / ("a" * 251 + ".png")
    write_atomically(path, b"x")
    assert path.read_bytes() == b"x"
    assert len(list(tmp_path.iterdir())) == 1


def test_only_our_own_old_leftovers_are_removed(tmp_path):
    _seen.discard(os.path.realpath(tmp_path))
    with atomic_path(tmp_path / "a.png") as temporary:
        form = temporary.name
    ours = tmp_path / form.replace(form[6:14], "abcd_123")
    fresh = tmp_path / form.replace(form[6:14], "abcd_124")
    others = [tmp_path / n for n in ("film.mkv.part", ".vrnn-mine.part", ".x-abcd_123.part.png")]
    for path in (ours, fresh, *others):
        path.write_bytes(b"")
        if path != fresh:
            os.utime(path, (0, time.time() - OLD_SECONDS - 60))
    _seen.discard(os.path.realpath(tmp_path))
    write_atomically(tmp_path / "b.png", b"x")
    assert not ours.exists()
    assert fresh.exists()
    assert all(path.exists() for path in others)


def test_no_output_takes_the_place_of_an_input(tmp_path):
    image, link, folder = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "photos"
    image.write_bytes(b"input")
    link.symlink_to("a.png")
    folder.mkdir()
    (folder / "c.png").write_bytes(b"input")
    with protect_inputs([image, None, folder]):
        for path in (image, link, folder / "c.png"):
            with pytest.raises(VrnnError, match="name another file"):
                write_atomically(path, b"output")
        write_atomically(folder / "new.png", b"output")
        write_atomically(folder / "table.json", b"output")
    assert image.read_bytes() == (folder / "c.png").read_bytes() == b"input"
    write_atomically(image, b"output")
    assert image.read_bytes() == b"output"
