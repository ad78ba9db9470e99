"""From a CUDA model's memory to textures. The calls of CUDA are a stand-in: there is no GPU."""

from types import SimpleNamespace

import numpy as np
import pytest

from vrnn.network.block_addresses import LAYER_ROWS, ROW_TEXELS
from vrnn.render import map_store
from vrnn.render.cuda_interop import CudaInterop, InteropError, find_interop
from vrnn.render.map_store import MapStore, MapStores

ARRAY_LAYER = ROW_TEXELS * LAYER_ROWS


class Code(int):
    """An error of CUDA."""

    name = "cudaErrorInvalidValue"


class Runtime:
    """Does what `cuda.bindings.runtime` does, with bytes of NumPy in the place of device memory."""

    def __init__(self, memory: np.ndarray, devices=(0,)) -> None:
        self.memory, self.devices, self.fails = memory, list(devices), ""
        self.calls: list[str] = []
        self.textures: dict[int, object] = {}
        self.cudaGLDeviceList = SimpleNamespace(cudaGLDeviceListAll=1)
        self.cudaGraphicsRegisterFlags = SimpleNamespace(cudaGraphicsRegisterFlagsNone=0)
        self.cudaStreamNonBlocking = 1
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyDeviceToDevice=3)

    def __getattr__(self, name):
        def call(*args):
            self.calls.append(name)
            return (Code(1 if name == self.fails else 0), *getattr(self, f"_{name}")(*args))

        if name.startswith("_"):
            return lambda *args: ()
        call.__name__ = name
        return call

    def _cudaGLGetDevices(self, count, which):
        return len(self.devices), [*self.devices, *[0] * (count - len(self.devices))]

    def _cudaDeviceGetStreamPriorityRange(self):
        return 0, -5

    def _cudaStreamCreateWithPriority(self, flags, priority):
        assert (flags, priority) == (1, -5)
        return ("stream",)

    def _cudaGraphicsGLRegisterImage(self, glo, target, flags):
        return (glo,)

    def _cudaGraphicsSubResourceGetMappedArray(self, resource, layer, level):
        return ((resource, layer),)

    def _cudaMemcpy2DToArrayAsync(self, to, x, y, source, pitch, width, rows, kind, stream):
        glo, layer = to
        assert (pitch, stream) == (width, "stream")
        values = self.memory[source // 2 : source // 2 + width // 2 * rows]
        box = (x // 2, y, layer, width // 2, rows, 1)
        self.textures[glo].write(np.ascontiguousarray(values), viewport=box)
        return ()


class Block:
    """A block in the stand-in's memory."""

    def __init__(self, first: int, device: int = 0) -> None:
        self.address, self.device = 2 * first, device

    def read(self, start, stop):
        raise AssertionError("it is not to pass through the host")


def read_blocks(store, sizes):
    memory = np.frombuffer(store.arrays[0].read(alignment=1), np.float16)
    first = {node: address for node, (_, address) in store.addresses.items()}
    return {node: memory[first[node] : first[node] + size] for node, size in sizes.items()}


@pytest.fixture
def sizes():
    return {5: 700, 2: ARRAY_LAYER + 3 * ROW_TEXELS + 17, 9: 3 * ROW_TEXELS, 11: 1, 12: 40}


def made(ctx, sizes, order, gap=0):
    """A store, the stand-in, and blocks in another order there, or with a gap between them."""
    random = np.random.default_rng(3)
    places, end = {}, 0
    for node in order:
        places[node] = end
        end += (-(-sizes[node] // ROW_TEXELS) + gap) * ROW_TEXELS
    memory = random.random(end).astype(np.float16)
    store, runtime = MapStore(ctx, sizes), Runtime(memory)
    runtime.textures = {array.glo: array for array in store.arrays}
    wanted = {n: memory[p : p + sizes[n]] for n, p in places.items()}
    return store, runtime, {n: Block(p) for n, p in places.items()}, wanted


def check(ctx, sizes, order, gap, runs):
    store, runtime, blocks, wanted = made(ctx, sizes, order, gap)
    store.upload_from_device(blocks, CudaInterop(runtime))
    for node, values in read_blocks(store, {n: sizes[n] for n in order}).items():
        assert np.array_equal(values, wanted[node]), node
    assert runtime.calls.count("cudaGraphicsMapResources") == runs
    assert runtime.calls.count("cudaGraphicsUnmapResources") == runs
    store.release()


def test_what_lies_in_one_piece_comes_in_one_piece(ctx, sizes):
    check(ctx, sizes, [5, 2, 9, 11, 12], 0, 1)


def test_another_order_gaps_and_missing_layers_come_piece_by_piece(ctx, sizes):
    check(ctx, sizes, [12, 2, 9, 5, 11], 0, 4)
    check(ctx, sizes, [5, 2, 9, 11, 12], 1, 5)
    check(ctx, sizes, [5, 2, 11, 12], 0, 2)


def test_a_call_that_fails_leaves_the_way_through_the_host(ctx, sizes, monkeypatch):
    store, runtime, blocks, _ = made(ctx, sizes, [5, 2, 9, 11, 12])
    stores = MapStores(ctx)
    stores.allocate(0, sizes)
    monkeypatch.setattr(map_store, "find_interop", lambda: (CudaInterop(runtime), ""))
    runtime.fails = "cudaGraphicsMapResources"
    assert not stores.upload_from_device(0, blocks)
    assert stores.no_interop == "cudaGraphicsMapResources: cudaErrorInvalidValue"
    runtime.fails = ""
    assert not stores.upload_from_device(0, blocks), "it is not tried again"
    store.release()
    stores.release()


def test_a_failed_copy_gives_the_texture_back(ctx, sizes):
    store, runtime, blocks, _ = made(ctx, sizes, [5, 2, 9, 11, 12])
    runtime.fails = "cudaMemcpy2DToArrayAsync"
    with pytest.raises(InteropError, match="cudaMemcpy2DToArrayAsync"):
        store.upload_from_device(blocks, CudaInterop(runtime))
    assert runtime.calls[-1] == "cudaGraphicsUnmapResources"
    store.release()


def test_another_gpu_than_the_one_that_draws_is_refused(ctx, sizes):
    with pytest.raises(InteropError, match="not one that CUDA knows"):
        CudaInterop(Runtime(np.zeros(1, np.float16), devices=()))
    store, runtime, blocks, _ = made(ctx, sizes, [5, 2, 9, 11, 12])
    other = {node: Block(block.address // 2, device=1) for node, block in blocks.items()}
    with pytest.raises(InteropError, match="cuda:1 is not the GPU that draws"):
        store.upload_from_device(other, CudaInterop(runtime))
    store.release()


@pytest.fixture
def uploaded(ctx, sizes, monkeypatch):
    """Stores whose textures CUDA has written to, and the runtime that did."""
    _, runtime, blocks, _ = made(ctx, sizes, [5, 2, 9, 11, 12])
    stores = MapStores(ctx)
    stores.allocate(0, sizes)
    runtime.textures = {array.glo: array for array in stores._stores[0].arrays}
    monkeypatch.setattr(map_store, "find_interop", lambda: (CudaInterop(runtime), ""))
    assert stores.upload_from_device(0, blocks)
    return stores, runtime


def test_a_released_texture_is_forgotten(uploaded):
    stores, runtime = uploaded
    stores.free(0)
    assert runtime.calls[-1] == "cudaGraphicsUnregisterResource"
    stores.release()


def test_textures_are_released_also_where_cuda_has_lost_them(uploaded):
    stores, runtime = uploaded
    runtime.fails = "cudaGraphicsUnregisterResource"
    stores.release()
    assert not stores.slots
    assert stores.bytes == 0


def test_without_cuda_there_is_a_reason(ctx):
    interop, reason = find_interop()
    assert interop is None or not reason
    assert interop is not None or reason
