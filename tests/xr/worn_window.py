"""A real window beside a headset."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.signals import restore_interrupt
from tests.support.window import SIZE, Program


class Worn(Program):
    """`vrnn --xr` in a window, with the runtime's libraries."""

    def __init__(self, runtime, service, display, folder: Path, *words: str, **environment) -> None:
        self.env = os.environ | {"DISPLAY": display, "XDG_CONFIG_HOME": str(folder / "none")}
        self.env |= environment
        if service is not None:
            self.env |= service.environment
        self.folder = folder
        size = f"{SIZE[0]}x{SIZE[1]}"
        command = [str(runtime.unpacked.xrun), sys.executable, "-m", "vrnn", "--window", size]
        self.log = (folder / "log.txt").open("w+")
        self.process = subprocess.Popen(
            [*command, "--timings", *words],
            cwd=folder, env=self.env, stderr=self.log, preexec_fn=restore_interrupt,
        )  # fmt: skip
        self.window = ""

    def worn(self) -> None:
        self.ready()
        self.wait_for(lambda: "headset " in self.output())
