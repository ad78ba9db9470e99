"""What the worker has freed goes back to the system while it rests."""

import subprocess
import sys

import pytest

MEGABYTES = 96
RESIDENT = f"""
import sys, threading, time
from pathlib import Path
from vrnn.compute import allocator, worker
import torch

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

def use():
    parts = [torch.ones(1 << 18) for _ in range({MEGABYTES})]
    keep.append(torch.ones(8))

keep = []
allocator.share_one_arena()
before = resident()
thread = threading.Thread(target=use)
thread.start()
thread.join()
after = resident()
worker.REST_SECONDS = 0.05
if sys.argv[1] == "worker":
    worker.Worker()
until = time.monotonic() + 20
while resident() > before + {MEGABYTES} // 4 and time.monotonic() < until:
    if sys.argv[1] == "none":
        break
    time.sleep(0.05)
print(after - before, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc that keeps memory")
def test_a_worker_that_rests_gives_back_what_was_freed():
    # Below the size from which each tensor is mapped for itself.
    environment = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
    held = {}
    for who in ("none", "worker"):
        result = subprocess.run(
            [sys.executable, "-c", RESIDENT, who], capture_output=True, text=True, check=True,
            env=environment, timeout=120,
        )  # fmt: skip
        held[who] = int(result.stdout.split()[1])
    assert held["none"] > MEGABYTES * 3 // 4
    assert held["worker"] <= MEGABYTES // 4
