"""The garbage collector while a program starts."""

import subprocess
import sys

STATES = """
import gc
from vrnn.compute import garbage_collector
garbage_collector.wake()
print(gc.isenabled(), gc.get_freeze_count())
garbage_collector.rest()
print(gc.isenabled())
from vrnn.compute.worker import Worker
from vrnn.network.model_spec import ModelSpec
worker = Worker()
worker.open([ModelSpec()], "layers")
worker.wait(60)
while not gc.isenabled():
    worker.wait(1)
print(gc.isenabled(), gc.get_freeze_count() > 10000)
garbage_collector.rest()
print(gc.isenabled())
assert worker.close(60)
"""


def test_it_rests_until_torch_is_imported_and_only_once():
    command = [sys.executable, "-c", STATES]
    states = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert states.splitlines() == ["True 0", "False", "True True", "True"]
