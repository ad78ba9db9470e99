"""A headset for tests: Monado's service with its `remote` driver, moved from here over TCP.

Each service has a folder and a port of its own, so that several can run at once.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.signals import restore_interrupt
from tests.xr.fetch_runtime import Unpacked

READY = "service has started"
SECONDS = 240
"""In which a service starts, and a program that a test runs ends."""
PACKET = 376
Fov = tuple[float, float, float, float]
Position = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
AHEAD: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Runtime:
    """The unpacked runtime: starts services, and programs that meet them."""

    unpacked: Unpacked

    @contextmanager
    def serve(self, remote: bool = True, **environment: str) -> Iterator[Service]:
        """A service with the null compositor, or as the environment has it, until the `with` ends.

        remote: with a headset; else there is none.
        """
        folder = Path(tempfile.mkdtemp(prefix="vrnn-xr-"))  # short: a socket's path has to be
        try:
            service = Service(self.unpacked, folder, remote, environment)
            try:
                service.start()
                yield service
            finally:
                service.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def python(
        self, *words: str, service: Service | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with these words and the runtime's libraries, as `python` would."""
        with self.start(*words, service=service, **environment) as process:
            try:
                out, err = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(list(words), process.returncode, out, err)

    def start(
        self, *words: str, service: Service | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """The same without waiting for its end."""
        own = {} if service is None else service.environment
        return subprocess.Popen(
            [str(self.unpacked.xrun), sys.executable, *words],
            env={**os.environ, **own, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
            preexec_fn=restore_interrupt,
        )  # fmt: skip


class Service:
    """One running `monado-service`. environment: for programs that are to find it."""

    def __init__(
        self, unpacked: Unpacked, folder: Path, remote: bool, environment: Mapping[str, str]
    ) -> None:
        self.folder, self._unpacked, self._remote = folder, unpacked, remote
        self.port = _free_port()
        self.log = folder / "service.log"
        self.environment = {"MONADO_RUN": str(folder / "run"), "MONADO_PORT": str(self.port)}
        self._own = {"XRT_COMPOSITOR_NULL": "1"} | dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        config = folder / "config" / "monado"
        config.mkdir(parents=True)
        settings = {
            "active": "remote",
            "remote": {"version": 0, "port": self.port, "view_count": 2},
        }
        (config / "config_v0.json").write_text(json.dumps(settings if remote else {}))

    def start(self) -> None:
        """Start it, also once more after it was killed, and wait until it is there."""
        environment = {**os.environ, **self.environment, **self._own}
        environment["XDG_CONFIG_HOME"] = str(self.folder / "config")
        environment["HOME"] = str(self.folder)
        socket_file = self.folder / "run" / "monado_comp_ipc"
        socket_file.unlink(missing_ok=True)
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [str(self._unpacked.xrun), str(self._unpacked.service)],
                env={k: v for k, v in environment.items() if v},
                stdin=subprocess.PIPE,  # it ends when this ends
                stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + SECONDS
        while READY not in self.text:
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the runtime's service does not start: {self.text}")
            time.sleep(0.02)

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def remote(self) -> Remote:
        """Takes hold of head and hands."""
        return Remote(self.port)

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Controller:
    """What a controller does. curl: of the five fingers, 0…1; hand: joints are tracked."""

    position: Position = (0.2, 1.3, -0.5)
    orientation: Quaternion = AHEAD
    trigger: float = 0.0
    squeeze: float = 0.0
    stick: tuple[float, float] = (0.0, 0.0)
    a: bool = False
    b: bool = False
    menu: bool = False
    stick_click: bool = False
    trigger_click: bool = False
    curl: tuple[float, float, float, float, float] = (0.0,) * 5
    hand: bool = True
    active: bool = True

    def bytes(self) -> bytes:
        """As the driver reads it."""
        clicked = self.trigger_click or self.trigger >= 0.95
        flags = [self.hand, self.active, self.menu, 0, self.a, self.a, self.b, self.b]
        flags += [clicked, clicked, self.stick_click, self.stick_click, 0, 0, 0, 0]
        numbers = [0.0] * 6 + [*self.curl, self.trigger, self.squeeze, self.squeeze, *self.stick]
        numbers += [0.0] * 3
        return (
            _pose(self.position, self.orientation)
            + struct.pack(f"<{len(numbers)}f", *numbers)
            + bytes(int(flag) for flag in flags)
        )


LEFT = Controller(position=(-0.2, 1.3, -0.5))
RIGHT = Controller()


@dataclass(frozen=True)
class EyeView:
    """fov: angles to left, right, up, down; pose: of the eye, from the head."""

    fov: Fov = (-0.8, 0.8, 0.8, -0.8)
    position: Position = (0.0, 0.0, 0.0)
    orientation: Quaternion = AHEAD


@dataclass
class Remote:
    """Moves head, eyes and hands of a service on this port."""

    port: int
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = 2 * PACKET  # the service begins with what it has
        while left:
            got = self._socket.recv(left)
            assert got, "the service closed the connection"
            left -= len(got)

    def send(
        self, head: Position = (0.0, 1.6, 0.0), orientation: Quaternion = AHEAD,
        left: Controller = LEFT, right: Controller = RIGHT,
        views: Sequence[EyeView] | None = None,
    ) -> None:  # fmt: skip
        """Everything is as this says from now on. views: of the eyes; None: the driver's own."""
        packet = b"mndrmt3\0"
        for view in views or (EyeView(), EyeView()):
            packet += struct.pack("<4f", *view.fov)
            packet += _pose(view.position, view.orientation) + bytes(4)
        packet += _pose(head, orientation) + bytes([views is not None, 0, 0, 0])
        packet += left.bytes() + right.bytes()
        assert len(packet) == PACKET
        self._socket.sendall(packet)

    def close(self) -> None:
        """Let go."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _pose(position: Position, orientation: Quaternion) -> bytes:
    return struct.pack("<7f", *orientation, *position)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
