"""Ctrl-C while a script holds the interpreter lock in C code, where Python cannot notice it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.signals import restore_interrupt
from tests.support.window import display  # noqa: F401  (a fixture)

HOLD = """
import ctypes, sys
import torch
{before}
def hold():
    print("held", file=sys.stderr, flush=True)
    mutex = ctypes.create_string_buffer(128)
    library = ctypes.PyDLL(None)  # keeps the interpreter lock
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)  # for ever
class Held(torch.nn.Module):
    def forward(self, x):
        hold()
        return x
{after}
"""
AT_IMPORT = HOLD.format(before="", after="hold()\nmodel = torch.nn.Conv2d(3, 1, 1)")
IN_FORWARD = HOLD.format(before="", after="model = Held()\ninput_size = (8, 8)\nchannels = 3")


@pytest.mark.parametrize("script", [AT_IMPORT, IN_FORWARD], ids=["import", "forward"])
@pytest.mark.parametrize("words", [["graph"], ["--screenshot", "o.png"], ["--window", "300x200"]])
def test_the_second_ctrl_c_ends_the_process(words, script, tmp_path, display):  # noqa: F811
    (tmp_path / "held.py").write_text(script)
    environment = os.environ | {"DISPLAY": display, "XDG_STATE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "vrnn", *words, "--model", "held.py"],
        cwd=tmp_path, env=environment, text=True, stderr=subprocess.PIPE,
        preexec_fn=restore_interrupt,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        while "held" not in (line := process.stderr.readline()):
            assert line, "it ended before"
        process.send_signal(signal.SIGINT)
        time.sleep(1.0)  # two signals at once are one
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (-signal.SIGINT, 130)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
