"""`vrnn export`: the feature maps of layers as files, without a window and without OpenGL."""

from __future__ import annotations

import sys

from vrnn.compute.worker import ForwardComplete, NetworkLoaded, Worker, WorkerFailure
from vrnn.config.options import Options
from vrnn.errors import VrnnError, WorkerError
from vrnn.export.layers import export_all, matching
from vrnn.network.graph import Network, NetworkInfo, Node
from vrnn.network.results import ForwardResult


def run(options: Options) -> int:
    """Open the models, run the image, write the files; returns the exit code."""
    assert options.out is not None
    specs = options.specs()
    worker = Worker()
    try:
        worker.open(specs, options.detail)
        if options.images:
            worker.run_image(options.images[0])
        known, frames = _wait(worker, len(specs))
    finally:
        worker.close()
    for slot, (network, info) in sorted(known.items()):
        nodes = matching(network.nodes, options.layers)
        title = info.title if len(specs) == 1 else f"{slot}-{info.title}"

        def progress(done: int, count: int, node: Node) -> None:
            if not options.quiet and sys.stderr.isatty():
                print(f"\r{done} of {count}: {node.name}\033[K", end="", file=sys.stderr)

        paths = export_all(
            options.out, title, nodes, frames[slot].maps, options.what,
            progress=progress,
        )  # fmt: skip
        if not options.quiet:
            if sys.stderr.isatty():
                print(file=sys.stderr)
            print(f"{len(paths)} files of {len(nodes)} layers of {info.title} in {options.out}")
    return 0


def _wait(
    worker: Worker, count: int
) -> tuple[dict[int, tuple[Network, NetworkInfo]], dict[int, ForwardResult]]:
    """Networks and frames by slot, when all are there. Raises VrnnError."""
    known: dict[int, tuple[Network, NetworkInfo]] = {}
    frames: dict[int, ForwardResult] = {}
    while len(frames) < count:
        for event in worker.wait(60.0):
            if isinstance(event, WorkerFailure):
                raise VrnnError(event.message) from WorkerError(event.details)
            if isinstance(event, NetworkLoaded):
                known[event.slot] = (event.network, event.info)
            elif isinstance(event, ForwardComplete):
                frames[event.slot] = event.result
    return known, frames
