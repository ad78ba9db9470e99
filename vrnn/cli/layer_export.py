"""The work of `vrnn export`: opens models, runs an image, and writes the files of layers."""

from __future__ import annotations

from vrnn.cli.progress import progress_bar
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete, NetworkLoaded, WorkerFailure
from vrnn.config.options import ExportOptions
from vrnn.errors import VrnnError, WorkerError
from vrnn.export.layers import export_ifealid, export_layers, matching_layers
from vrnn.network.choices import with_selection
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.results import ForwardResult
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text


def export_models(options: ExportOptions) -> None:
    """Open the models, run the image, write the files.

    Raises:
        VrnnError: A model or the image cannot be opened, or a file cannot be written.
    """
    assert options.out is not None
    specs = options.specs()
    worker = Worker()
    try:
        worker.open(specs, options.detail)
        if options.images:
            worker.run_image(options.images[0])
        networks, results = _wait(worker, len(specs))
    finally:
        worker.close()
    for slot, (network, info) in sorted(networks.items()):
        for note in info.notes:
            logger.warning(note)
        nodes = matching_layers(network.nodes, options.layers)
        title = info.title if len(specs) == 1 else f"{slot}-{info.title}"
        files = 0
        told = with_selection(network, nodes)
        exported = export_layers(options.out, title, told, results[slot].maps, options.formats)
        with progress_bar(len(nodes), "layers", options.quiet) as bar:
            for paths in exported:
                files += len(paths)
                bar.update()
        if options.ifealid is not None:
            image = results[slot].image if info.takes_images else None
            files += sum(
                1
                for _ in export_ifealid(
                    options.out, title, told, results[slot].maps, options.ifealid, image
                )
            )
        if not options.quiet:
            print_text(f"{files} files of {len(nodes)} layers of {info.title} in {options.out}")


def _wait(
    worker: Worker, count: int
) -> tuple[dict[int, tuple[Network, NetworkInfo]], dict[int, ForwardResult]]:
    """Return networks and results by slot, when all are there.

    Raises:
        VrnnError: A model cannot be opened or run.
    """
    networks: dict[int, tuple[Network, NetworkInfo]] = {}
    results: dict[int, ForwardResult] = {}
    while len(results) < count:
        for event in worker.wait(60.0):
            if isinstance(event, WorkerFailure):
                raise VrnnError(event.message) from WorkerError(event.details)
            if isinstance(event, NetworkLoaded):
                networks[event.slot] = (event.network, event.info)
            elif isinstance(event, ForwardComplete):
                results[event.slot] = event.result
    return networks, results
