"""The work of `vrnn export`: opens models, runs an image, and writes the files of layers.

Where all maps are more than the budget, the first pass makes coarse ones, and a second one hands
out each layer, which is written and dropped: it waits as long as too many have not been written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from vrnn.cli.progress import progress_bar
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete, MapsReady, NetworkLoaded, WorkerFailure
from vrnn.config.loader import load_config
from vrnn.config.options import ExportOptions
from vrnn.config.schema import ColorScheme
from vrnn.errors import VrnnError, WorkerError
from vrnn.export.layers import (
    check_files,
    export_ifealid,
    export_layer,
    layers_with_positions,
    matching_layers,
)
from vrnn.network.choices import with_selection
from vrnn.network.coarse_levels import fine_levels
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.results import ForwardResult
from vrnn.storage.log import logger
from vrnn.storage.machine_memory import host_map_bytes
from vrnn.storage.terminal import print_text

if TYPE_CHECKING:
    from tqdm import tqdm

UNREAD_SHARE = 0.5
"""Of the budget for maps, those that have been made and are not written yet."""
Opened = dict[int, tuple[Network, NetworkInfo]]
"""Networks by slot."""


class NetworkExport:
    """Writes the files of one network's layers, in whatever order these come.

    Attributes:
        left: Ids of the layers that have not been written.
        written: The files.
    """

    def __init__(
        self, options: ExportOptions, network: Network, title: str, colors: ColorScheme
    ) -> None:
        """Find the layers, and whether files of them can be written.

        Args:
            options: What is to be written.
            network: Whose layers they are.
            title: Beginning of the files' names.
            colors: Of sheets.

        Raises:
            VrnnError: No layer fits, or nothing can be written of one.
        """
        nodes = matching_layers(network.nodes, options.layers)
        check_files(nodes, options.formats)
        self._nodes = {node.id: node for node in with_selection(network, nodes)}
        self._with_positions = (
            set[int]() if options.ifealid is None
            else {node.id for node in layers_with_positions(nodes)}
        )  # fmt: skip
        self._options, self._title, self._colors = options, title, colors
        self.left = set(self._nodes)
        self.written: list[Path] = []

    def __len__(self) -> int:
        """Return how many layers there are."""
        return len(self._nodes)

    def write(self, node: int, maps: FeatureMaps, result: ForwardResult, with_image: bool) -> bool:
        """Write the files of a layer, once.

        Args:
            node: Its id; nothing is written of a layer that is not asked for.
            maps: Its maps.
            result: Of the pass, for the image as the network saw it.
            with_image: Whether IFeaLiD data sets get that.

        Returns:
            Whether it was written now.

        Raises:
            VrnnError: A file cannot be written.
        """
        if node not in self.left:
            return False
        options, layer = self._options, self._nodes[node]
        assert options.out is not None
        self.written += export_layer(
            options.out, self._title, layer, maps, options.formats, colors=self._colors
        )
        if node in self._with_positions:
            assert options.ifealid is not None
            image = result.image if with_image else None
            self.written.append(
                export_ifealid(options.out, self._title, layer, maps, options.ifealid, image)
            )
        self.left.discard(node)
        return True

    def of_another_graph(self, network: Network) -> NetworkExport:
        """Return what writes the layers of the same model's new graph; files of this one go."""
        for path in self.written:
            path.unlink(missing_ok=True)
        return NetworkExport(self._options, network, self._title, self._colors)


def export_models(options: ExportOptions) -> None:
    """Open the models, run the image, write the files.

    Raises:
        VrnnError: A model or the image cannot be opened, or a file cannot be written.
    """
    config = load_config()
    budget = host_map_bytes(config.render.host_memory_mb)
    specs = options.specs()
    worker = Worker(map_bytes=budget, unread_bytes=max(1, int(UNREAD_SHARE * budget)))
    try:
        worker.open(specs, options.detail)
        if options.images:
            worker.run_image(options.images[0])
        networks, results = _wait(worker, len(specs))
        _export(worker, options, networks, results, config.look)
    finally:
        worker.close()


def _export(
    worker: Worker, options: ExportOptions, networks: Opened, results: dict[int, ForwardResult],
    colors: ColorScheme,
) -> None:  # fmt: skip
    """Write the files of all networks, whose first passes are complete."""
    exports = {}
    for slot, (network, info) in sorted(networks.items()):
        for note in info.notes:
            logger.warning(note)
        title = info.title if len(networks) == 1 else f"{slot}-{info.title}"
        exports[slot] = NetworkExport(options, network, title, colors)
    with ExitStack() as stack:
        bars = {
            slot: stack.enter_context(progress_bar(len(one), "layers", options.quiet))
            for slot, one in exports.items()
        }
        for slot, one in exports.items():
            for node, maps in results[slot].maps.items():
                _write(one, bars[slot], node, maps, results[slot], networks[slot][1])
        if any(one.left for one in exports.values()):
            for slot, node, maps in _layers_of_pass(worker, options, networks, exports):
                bars[slot].total = len(exports[slot])
                _write(exports[slot], bars[slot], node, maps, results[slot], networks[slot][1])
    for slot, one in exports.items():
        info = networks[slot][1]
        if one.left:
            raise VrnnError(
                f"{info.title}: {len(one.left)} of {len(one)} layers were not there in a second "
                "pass; set a larger host_memory_mb"
            )
        if not options.quiet:
            print_text(
                f"{len(one.written)} files of {len(one)} layers of {info.title} in {options.out}"
            )


def _write(
    one: NetworkExport, bar: tqdm, node: int, maps: FeatureMaps, result: ForwardResult,
    info: NetworkInfo,
) -> None:  # fmt: skip
    if one.write(node, maps, result, info.takes_images):
        bar.update()


def _layers_of_pass(
    worker: Worker, options: ExportOptions, networks: Opened, exports: dict[int, NetworkExport]
) -> Iterator[tuple[int, int, FeatureMaps]]:
    """Yield slot, node and whole maps of the layers of another pass that are to be written.

    No more of them are in memory than the worker may be ahead, and the one that it makes. Where a
    model has another graph in this pass, that takes the place of the one before.
    """
    image = options.images[0] if options.images else None
    left_out = {
        slot: {n: k for n, k in fine_levels(network, 1).items() if n not in exports[slot].left}
        for slot, (network, _) in networks.items()
    }
    worker.run_image(image, left_out=left_out)
    number, waiting = worker.requested, set(networks)
    while waiting:
        events = worker.wait(60.0)
        while events:
            event = events.pop(0)
            if isinstance(event, WorkerFailure):
                raise VrnnError(event.message) from WorkerError(event.details)
            if isinstance(event, NetworkLoaded):  # its path is another one in each pass
                networks[event.slot] = (event.network, event.info)
                exports[event.slot] = exports[event.slot].of_another_graph(event.network)
            elif isinstance(event, ForwardComplete) and event.request == number:
                waiting.discard(event.slot)
            elif isinstance(event, MapsReady):
                layers, slot = dict(event.maps), event.slot
                del event
                for node in list(layers):
                    maps = layers.pop(node)
                    if isinstance(maps, FeatureMaps):
                        yield slot, node, maps


def _wait(worker: Worker, count: int) -> tuple[Opened, dict[int, ForwardResult]]:
    """Return networks and results by slot, when all are there.

    Raises:
        VrnnError: A model cannot be opened or run.
    """
    networks: Opened = {}
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
