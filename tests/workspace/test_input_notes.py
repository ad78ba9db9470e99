"""Notes about what goes into a network are told once in a row, whatever image comes."""

import numpy as np

from vrnn.compute.worker_events import ForwardComplete
from vrnn.network.results import ForwardResult
from vrnn.workspace.map_uploader import WorkerEventSink


def passed(note, slot=0):
    result = ForwardResult(1, np.zeros((8, 8, 3), np.uint8), {}, (), 0.1, note=note)
    return ForwardComplete(slot, result)


def test_a_note_is_told_when_it_comes_and_when_it_comes_back():
    told = []
    sink = WorkerEventSink(None, None, notify=told.append)
    sink.handle_events([passed("first frame"), passed("first frame"), passed("")])
    assert told == ["first frame"]
    sink.handle_events([passed("first frame"), passed("first frame", slot=1), passed("other")])
    assert told == ["first frame", "first frame", "first frame", "other"]
