"""The processor in the place of CUDA, behind `CudaCalls`: its graphs hold what was asked for."""

from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class FakeStream:
    """Does what it is asked for at once; `calls` has what waits for what."""

    def __init__(self, cuda, name):
        self.cuda, self.name = cuda, name

    def wait_stream(self, other):
        self.cuda.calls.append(("wait", self.name, other.name))

    def synchronize(self):
        self.cuda.calls.append(("synchronize", self.name))


class FakeEvent:
    """An event that was reached as it was recorded."""

    clock = 0.0

    def __init__(self, cuda):
        self.cuda = cuda

    def record(self):
        self.at = self.cuda.clock
        self.cuda.calls.append(("record", self.cuda.current.name))

    def synchronize(self):
        self.cuda.calls.append(("synchronize event",))

    def elapsed_time(self, other):
        return other.at - self.at


class FakeGraph(TorchDispatchMode):
    """Holds the operations between `capture_begin` and `capture_end`, and does them again."""

    def __init__(self, cuda):
        super().__init__()
        self.cuda, self.number = cuda, len(cuda.graphs)
        self.held, self.stream, self.shared = [], None, None
        cuda.graphs.append(self)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if any(func is refused for refused in self.cuda.refused):
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}")
        result = func(*args, **(kwargs or {}))
        self.held.append((func, args, kwargs or {}, result))
        return result

    def capture_begin(self, pool=None, capture_error_mode="global"):
        assert self.cuda.capturing is None
        assert capture_error_mode == "thread_local"
        if pool is not None and self.cuda.refuses_cuts:
            raise RuntimeError("capture ended with unjoined work")
        self.shared, self.stream = pool, self.cuda.current
        self.cuda.capturing = self
        self.__enter__()

    def capture_end(self):
        assert self.cuda.capturing is self
        assert self.stream is self.cuda.current
        self.__exit__(None, None, None)
        self.cuda.capturing = None

    def pool(self):
        return self.number

    def replay(self):
        assert self.cuda.capturing is None
        self.cuda.calls.append(("replay", self.number, self.cuda.current.name))
        self.cuda.clock += self.cuda.milliseconds(self)
        with torch.no_grad():
            for func, args, kwargs, result in self.held:
                again = func(*args, **kwargs)
                for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                    if isinstance(old, torch.Tensor) and old is not new:
                        old.copy_(new)


class FakeCuda:
    """In the place of `CudaCalls`.

    Attributes:
        calls: What was asked for, in order.
        refused: Operations of aten that no graph can hold.
        refuses_cuts: Whether captures cannot be cut.
        milliseconds: What replaying a graph takes.
    """

    def __init__(self):
        self.calls, self.graphs, self.refused = [], [], []
        self.refuses_cuts, self.clock, self.capturing = False, 0.0, None
        self.milliseconds = lambda graph: 1.0
        self.current = self.usual = FakeStream(self, "usual")
        self.frames = FakeStream(self, "frames")
        self.streams = 0

    def holds(self, tensor):
        return True

    def pass_stream(self, device):
        self.streams += 1
        return FakeStream(self, f"pass {self.streams}")

    def frame_stream(self, device):
        return self.frames

    def current_stream(self, device):
        return self.current

    @contextmanager
    def on(self, stream):
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def event(self, timed=False):
        return FakeEvent(self)

    def graph(self):
        return FakeGraph(self)

    def prepare_capture(self):
        self.calls.append(("prepare",))

    def is_capturing(self):
        return self.capturing is not None

    def free_bytes(self, device):
        return 1 << 40

    def pinned(self, count, dtype=torch.float32):
        return torch.full((count,), torch.nan, dtype=dtype)
