"""A worker in tests: waiting for its events."""

import time

from vrnn.compute.worker_events import ForwardComplete
from vrnn.network.model_spec import ModelSpec


def events_until(worker, condition, seconds=60.0):
    """Collect events until one fulfills a condition; returns all of them."""
    events = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events += worker.wait(1.0)
        if any(condition(event) for event in events):
            return events
    raise AssertionError(f"waited in vain; events: {events}")


def is_forward_complete(event):
    """Whether an event is the end of a forward pass."""
    return isinstance(event, ForwardComplete)


def model_spec(model, size=(8, 8)):
    """A model with a small input."""
    return ModelSpec(model, input_size=size)
