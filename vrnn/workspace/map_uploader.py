"""Takes the worker's events and uploads its feature maps to the GPU, a bounded part each frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from vrnn.compute.jobs import JobDone, JobEvent, JobFailed, JobPartialResult, JobProgress
from vrnn.compute.worker_events import (
    Event,
    FillEnded,
    ForwardComplete,
    GraphNotes,
    LoadingProgress,
    MapsReady,
    NetworkLoaded,
    WorkerFailure,
)
from vrnn.media.image_set import ImageSet
from vrnn.network.derived_maps import fold_channels
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.results import ForwardResult
from vrnn.render.renderer import Renderer
from vrnn.scene.network_object import NODE_LAYOUT_ID, folded_map_id
from vrnn.scene.world import World
from vrnn.workspace.distant_pictures import DistantPictureUploader
from vrnn.workspace.layer_picture_uploader import LayerPictureUploader
from vrnn.workspace.map_residency import MapResidency

PICTURE_SECONDS = 0.002
"""Seconds in which pictures seen from afar may be made in one frame."""


@dataclass
class WorkerEventSink:
    """Collects what the worker's events bring.

    Attributes:
        world: Gets networks, maps and results.
        renderer: Gets the maps that are shown.
        progress: What the worker is doing; '' while it is idle.
        failures: Failures that the user has not dismissed yet.
        notes: Remarks about opened networks that have not been logged yet.
        notify: Takes sentences about forward passes, each once in a row.
        job_events: Events of jobs that `JobManager.update` has not taken yet.
        maps_shown: How many times maps have been added to the world.
        passes: How many forward passes the worker has completed.
        displayed_sequence: Number of the last request whose forward pass is shown in full, by
            network, see `Worker.requested`.
        awaited: Slots of the models that are being opened.
        unopened: Slots of those that could not be.
        datasets: The data set of each network that has one.
        residency: Which layers have all of their maps on the GPU.
    """

    world: World
    renderer: Renderer
    progress: str = ""
    failures: list[WorkerFailure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notify: Callable[[str], None] = lambda note: None
    job_events: list[JobEvent] = field(default_factory=list)
    passes: int = 0
    maps_shown: int = 0
    displayed_sequence: dict[int, int] = field(default_factory=dict)
    datasets: dict[int, ImageSet] = field(default_factory=dict)
    awaited: set[int] = field(default_factory=set)
    unopened: set[int] = field(default_factory=set)
    _pending: dict[tuple[int, int], LayerMaps] = field(default_factory=dict)
    _results: dict[int, tuple[ForwardResult, int]] = field(default_factory=dict)
    _folded: dict[tuple[int, int], tuple[FeatureMaps, str]] = field(default_factory=dict)
    residency: MapResidency = field(init=False)
    _pictures: LayerPictureUploader = field(init=False)
    _distant: DistantPictureUploader = field(init=False)
    _notified: dict[int, str] = field(default_factory=dict)
    _least_bytes: float = 0.0  # that a call sends, until all that waits is on the GPU

    def __post_init__(self) -> None:
        # `notify` is set later.
        self.residency = MapResidency(self.world, self.renderer, lambda text: self.notify(text))
        self._pictures = LayerPictureUploader(self.world, self.renderer, self.notes)
        self._distant = DistantPictureUploader(self.world, self.renderer, self.notes)

    def handle_events(self, events: Iterable[Event]) -> bool:
        """Process events of the worker; True when a network was loaded, or could not be."""
        opened = False
        for event in events:
            if isinstance(event, LoadingProgress):
                self.progress = event.text
            elif isinstance(event, NetworkLoaded):
                self._open(event)
                opened = True
            elif isinstance(event, GraphNotes):
                self.notes += [f"{event.title}: {note}" for note in event.notes]
            elif isinstance(event, MapsReady):
                # Maps of a newer pass replace those of an older one that are still pending.
                self._take_maps(event)
            elif isinstance(event, FillEnded):
                self.residency.host.on_fill_ended(event.slot, event.nodes, event.problem)
            elif isinstance(event, ForwardComplete):
                self._results[event.slot] = (event.result, event.request)
                self._notify_once(event.slot, event.result.note)
                self.passes += 1
                self.progress = ""
            elif isinstance(event, JobProgress | JobPartialResult | JobDone | JobFailed):
                self.job_events.append(event)
            elif isinstance(event, WorkerFailure):
                self.failures.append(event)
                self.progress = ""
                if event.opening:
                    failed = set(self.awaited) if event.slot is None else {event.slot}
                    self.awaited -= failed
                    self.unopened |= failed
                    opened = True
                elif event.slot in self.awaited:  # it was to be loaded anew, and the old one stays
                    self.awaited.discard(event.slot)
                    opened = True
        return opened

    def _take_maps(self, event: MapsReady) -> None:
        if event.are_portraits_new:
            self._take_portraits(event)
            return
        for node, maps in event.maps.items():
            key, found = (event.slot, node), maps
            if event.again:
                known = self._pending.get(key)
                completed = self.residency.host.completed(event.slot, node, maps, known)
                if completed is None:
                    continue
                found = completed
            self._pending[key] = found

    def _take_portraits(self, event: MapsReady) -> None:
        """Give maps that came before their portraits."""
        network = self.world.networks.get(event.slot)
        for node, maps in event.maps.items():
            known = self._pending.get((event.slot, node))
            if known is not None:
                self._pending[event.slot, node] = replace(known, portrait=maps.portrait)
                continue
            known = None if network is None else network.layer_maps(node)
            if known is not None:
                self.world.add_maps(event.slot, {node: replace(known, portrait=maps.portrait)})

    def _notify_once(self, slot: int, note: str) -> None:
        if note and self._notified.get(slot) != note:
            self.notify(note)
        self._notified[slot] = note

    def upload_folded_maps(self) -> None:
        """Compute and upload the single map of each folded layer."""
        for slot in self.world.slots:
            for node, maps in self.world.networks[slot].all_maps.items():
                self._fold(slot, node, maps)

    def _fold(self, slot: int, node: int, maps: LayerMaps) -> None:
        fold_display = self.world.state.fold_display
        if fold_display == "strongest" or not self.world.shows_one_map(slot, node):
            return
        if not isinstance(maps, FeatureMaps):
            return  # its whole maps are on their way, see `state_layers`
        folded_maps, folded_as = self._folded.get((slot, node), (None, ""))
        if folded_maps is not maps or folded_as != fold_display:
            self.renderer.maps.upload(
                slot, folded_map_id(node), fold_channels(maps, fold_display).block
            )
            self._folded[slot, node] = (maps, fold_display)

    @property
    def has_pending(self) -> bool:
        """Whether something has arrived that is not on the GPU yet."""
        return bool(self._pending or self._results) or not self._distant.complete

    def close(self, slot: int) -> None:
        """Remove a network from the world, with all that came from it."""
        self._forget(slot)
        self.datasets.pop(slot, None)
        self.displayed_sequence.pop(slot, None)
        self.world.remove(slot)
        self.residency.close(slot)
        self.renderer.maps.free(slot)
        self._distant.close(slot)

    def _forget(self, slot: int) -> None:
        """Drop what has arrived from a network that is gone."""
        self._pending = {k: m for k, m in self._pending.items() if k[0] != slot}
        self._folded = {k: m for k, m in self._folded.items() if k[0] != slot}
        self._results.pop(slot, None)

    def _open(self, event: NetworkLoaded) -> None:
        self._forget(event.slot)
        self.awaited.discard(event.slot)
        sizes = self.world.open(event.slot, event.network, event.info)
        self._distant.open(event.slot, event.network)
        self.world.networks[event.slot].receptive_fields = event.receptive_fields
        self.residency.open(event.slot, event.network, sizes)
        self.world.networks[event.slot].kernels = event.kernels
        if event.network.node_layout is not None:
            block = event.network.node_layout.block()
            self.renderer.maps.upload(event.slot, NODE_LAYOUT_ID, block)
        self.notes += [f"{event.info.title}: {note}" for note in event.info.notes]
        self.datasets.pop(event.slot, None)
        if event.dataset is not None:
            self.datasets[event.slot] = event.dataset

    def upload(
        self, max_bytes: float = float("inf"), in_view: Collection[tuple[int, int]] = ()
    ) -> bool:
        """Send pending maps to the GPU until a budget is used up.

        Args:
            max_bytes: The budget; exceeded where needed so that the layers in view take at most
                two calls and all others ten, however much there is.
            in_view: Network and node of the layers in view: they come first.

        Returns:
            Whether all maps are on the GPU, and what is made of them.
        """
        is_bounded = max_bytes < float("inf")
        sent = 0
        if in_view:
            first = {key: maps for key, maps in self._pending.items() if key in in_view}
            self._pending = first | self._pending
            bytes_in_view = sum(maps.nbytes for maps in first.values())
            all_bytes = sum(maps.nbytes for maps in self._pending.values())
            self._least_bytes = max(self._least_bytes, bytes_in_view / 2, all_bytes / 10)
            max_bytes = max(max_bytes, self._least_bytes)
        arrived = self._upload_from_device()
        while self._pending and sent < max_bytes:
            (slot, node), maps = next(iter(self._pending.items()))
            del self._pending[slot, node]
            sent += self.residency.gpu.upload(slot, node, maps)
            self._fold(slot, node, maps)
            arrived.setdefault(slot, {})[node] = maps
        for slot, layers in arrived.items():
            self.world.add_maps(slot, layers)
            self.maps_shown += 1
        self.residency.gpu.show()
        incomplete = {slot for slot, _ in self._pending}
        for slot in [s for s in self._results if s not in incomplete]:
            result, request = self._results.pop(slot)
            self.world.set_result(slot, result)
            self.displayed_sequence[slot] = request
        if not self._pending:
            self._least_bytes = 0.0
        self._pictures.update()
        complete = self._distant.update(PICTURE_SECONDS if is_bounded else float("inf"))
        return complete and not self._pending

    def _upload_from_device(self) -> dict[int, dict[int, LayerMaps]]:
        """Send what lies on the GPU already, in no time; returns it by slot and node."""
        arrived: dict[int, dict[int, LayerMaps]] = {}
        for (slot, node), maps in self._pending.items():
            if not isinstance(maps.stored, np.ndarray):
                arrived.setdefault(slot, {})[node] = maps
        for slot, layers in arrived.items():
            arrived[slot] = self.residency.gpu.upload_from_device(slot, layers)
            for node, maps in arrived[slot].items():
                del self._pending[slot, node]
                self._fold(slot, node, maps)
        return arrived
