"""A child process that reads hands from a real runtime."""

from __future__ import annotations

import json
import queue
import threading
import time

PATIENCE = 20.0
"""Seconds to wait for the child process."""
PROBE = "tests.xr.hands_probe"


class Probe:
    """The child process that reads hands."""

    def __init__(self, runtime, service, profile: str, module=PROBE) -> None:
        self._process = runtime.start("-m", module, profile, service=service)
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.input: dict = {}

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)

    def until(self, true):
        """What is reported once `true` of it holds."""
        if true(self.input):
            return self.input
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.input |= json.loads(self._lines.get(timeout=0.5))
            except queue.Empty:
                if self._process.poll() is not None:
                    raise AssertionError(self._process.stderr.read()) from None
                continue
            if true(self.input):
                return self.input
        raise AssertionError(f"never reported: the last was {self.input}")

    def say(self, words: str) -> None:
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except BaseException:
            self._process.kill()
            raise
        self._thread.join(PATIENCE)
        while not self._lines.empty():
            self.input |= json.loads(self._lines.get())
        errors = self._process.stderr.read()
        for stream in (self._process.stdout, self._process.stderr):
            stream.close()
        assert self._process.returncode == 0, errors
