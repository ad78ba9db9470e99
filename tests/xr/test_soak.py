"""A session that lasts: nothing piles up. A short one here, ten thousand frames with
`python -m tests.xr.test_soak 10000`."""

from __future__ import annotations

import json
import sys
import threading
import time
from math import cos, sin

from tests.xr.fetch_runtime import fetch
from tests.xr.service import Runtime

MEGABYTES = 6
"""More memory than this, taken between a fifth of the frames and the end, is a leak."""


def soak(runtime, frames: int, seconds: float) -> dict:
    """What a session of so many frames found, with a head that never stands still."""
    with runtime.serve() as service, service.remote() as remote:
        remote.send()
        process = runtime.start("-m", "tests.xr.soak_probe", str(frames), service=service)
        ended = threading.Event()

        def move() -> None:
            began = time.monotonic()
            while not ended.wait(0.01):
                t = time.monotonic() - began
                turned = (0.0, sin(0.4 * sin(t)), 0.0, cos(0.4 * sin(t)))
                remote.send((0.8 * sin(0.7 * t), 1.6, 0.8 * cos(0.5 * t)), turned)

        head = threading.Thread(target=move)
        head.start()
        try:
            with process:
                out, err = process.communicate(timeout=seconds)
        finally:
            ended.set()
            head.join()
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.strip().splitlines()[-1])


def check(report: dict, frames: int) -> None:
    early, late = report["marks"]
    assert report["frames"] >= frames
    assert report["open_frames"] == 0
    assert report["passes"] > frames / 50
    assert report["gl"] == "GL_NO_ERROR"
    grown = (late["memory"] - early["memory"]) / 2**20
    assert grown < MEGABYTES, f"{grown:.1f} MB more after {report['passes']} passes"
    assert late["objects"] == early["objects"]
    # What the session had is given back, down to textures that the runtime lent.
    assert all(report["after"][kind] <= count for kind, count in late["objects"].items())
    assert report["after"]["Texture"] < late["objects"]["Texture"]


def test_nothing_piles_up(runtime):
    report = soak(runtime, 400, 120)
    check(report, 400)


if __name__ == "__main__":
    count = int(sys.argv[1])
    found = soak(Runtime(fetch()), count, 60 + count / 4)
    print(json.dumps(found, indent=1))
    check(found, count)
