"""Between the worker and what is seen: maps go to the GPU, a bounded part each frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from vrnn.compute.jobs import JobDone, JobEvent, JobFailed, JobPartialResult, JobProgress
from vrnn.compute.worker import (
    Event,
    ForwardComplete,
    LoadingProgress,
    MapsReady,
    NetworkLoaded,
    WorkerFailure,
)
from vrnn.media.image_set import ImageSet
from vrnn.network.derived_maps import fold_channels
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.results import ForwardResult
from vrnn.render.renderer import Renderer
from vrnn.scene.network_object import folded_map_id
from vrnn.scene.world import World
from vrnn.workspace.layer_picture_uploader import LayerPictureUploader


@dataclass
class WorkerEventSink:
    """Takes the worker's events and hands on what they bring.

    progress: what the worker is doing, '' when idle; failures: not shown yet; opened: networks that
    have come since `take_opened`; shown: sequence of the last complete pass, by network; passes:
    how many the worker has completed.
    """

    world: World
    renderer: Renderer
    progress: str = ""
    failures: list[WorkerFailure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    job_events: list[JobEvent] = field(default_factory=list)
    passes: int = 0
    displayed_sequence: dict[int, int] = field(default_factory=dict)
    datasets: dict[int, ImageSet] = field(default_factory=dict)
    _pending: dict[tuple[int, int], FeatureMaps] = field(default_factory=dict)
    _frames: dict[int, ForwardResult] = field(default_factory=dict)
    _folded: dict[tuple[int, int], tuple[FeatureMaps, str]] = field(default_factory=dict)
    _pictures: LayerPictureUploader = field(init=False)

    def __post_init__(self) -> None:
        self._pictures = LayerPictureUploader(self.world, self.renderer, self.notes)

    def handle_events(self, events: Iterable[Event]) -> bool:
        """Note what has happened. True when a network opened."""
        opened = False
        for event in events:
            if isinstance(event, LoadingProgress):
                self.progress = event.text
            elif isinstance(event, NetworkLoaded):
                self._open(event)
                opened = True
            elif isinstance(event, MapsReady):
                # A newer pass's maps replace an older one's that are still waiting.
                self._pending.update({(event.slot, n): m for n, m in event.maps.items()})
            elif isinstance(event, ForwardComplete):
                self._frames[event.slot] = event.result
                self.passes += 1
                self.progress = ""
            elif isinstance(event, JobProgress | JobPartialResult | JobDone | JobFailed):
                self.job_events.append(event)
            elif isinstance(event, WorkerFailure):
                self.failures.append(event)
                self.progress = ""
        return opened

    def upload_folded_maps(self) -> None:
        """Make the one map that stands for all, of layers that are folded now."""
        for slot in self.world.slots:
            for node, maps in self.world.networks[slot].maps.items():
                self._fold(slot, node, maps)

    def _fold(self, slot: int, node: int, maps: FeatureMaps) -> None:
        shows = self.world.state.fold_display
        if shows == "strongest" or not self.world.shows_one_map(slot, node):
            return
        known, as_what = self._folded.get((slot, node), (None, ""))
        if known is not maps or as_what != shows:
            self.renderer.upload(slot, folded_map_id(node), fold_channels(maps, shows).block)
            self._folded[slot, node] = (maps, shows)

    @property
    def has_pending(self) -> bool:
        """Whether something has come that is not on the GPU yet."""
        return bool(self._pending or self._frames)

    def _open(self, event: NetworkLoaded) -> None:
        self._pending = {k: m for k, m in self._pending.items() if k[0] != event.slot}
        self._frames.pop(event.slot, None)
        sizes = self.world.open(event.slot, event.network, event.info)
        self.world.networks[event.slot].receptive_fields = event.receptive_fields
        self.world.set_addresses(event.slot, self.renderer.open(event.slot, sizes))
        self.notes += [f"{event.info.title}: {note}" for note in event.info.notes]
        if event.dataset is not None:
            self.datasets[event.slot] = event.dataset

    def upload(
        self, max_bytes: float = float("inf"), in_view: Collection[tuple[int, int]] = ()
    ) -> bool:
        """Send waiting maps to the GPU until so many bytes are reached. True when all are there.

        in_view: layers that are seen, by network and node: they come first. However much there is,
        these take two calls and all others ten.
        """
        sent = 0
        if in_view:
            first = {key: maps for key, maps in self._pending.items() if key in in_view}
            self._pending = first | self._pending
            seen = sum(maps.block.nbytes for maps in first.values())
            everything = sum(maps.block.nbytes for maps in self._pending.values())
            max_bytes = max(max_bytes, seen / 2, everything / 10)
        arrived: dict[int, dict[int, FeatureMaps]] = {}
        while self._pending and sent < max_bytes:
            (slot, node), maps = next(iter(self._pending.items()))
            del self._pending[slot, node]
            self.renderer.upload(slot, node, maps.block)
            self._fold(slot, node, maps)
            arrived.setdefault(slot, {})[node] = maps
            sent += maps.block.nbytes
        for slot, layers in arrived.items():
            self.world.add_maps(slot, layers)
        waiting = {slot for slot, _ in self._pending}
        for slot in [s for s in self._frames if s not in waiting]:
            frame = self._frames.pop(slot)
            self.world.set_result(slot, frame)
            self.displayed_sequence[slot] = frame.sequence
        self._pictures.update()
        return not self._pending
