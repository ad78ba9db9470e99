"""What the worker finds out beside passes, on the main thread's side: started, followed, shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from vrnn.commands.inputs import GrabImage
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.compute.analysis.jobs import AttributionJob, ProfileJob, TopActivationsJob
from vrnn.compute.features.job import FeatureVisJob
from vrnn.compute.jobs import JobDone, JobFailed, JobPartialResult, JobProgress
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize
from vrnn.media.image_set import ImageSet
from vrnn.network.results import LayerProfile, TopImages
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.visuals.top_images import THUMBNAIL_PIXELS, draw_region, top_images_visual
from vrnn.scene.world import World
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.map_uploader import WorkerEventSink

Key = tuple[int, int]
"""Network and node."""
AnyJob = TopActivationsJob | ProfileJob | AttributionJob | FeatureVisJob


@dataclass(frozen=True)
class JobStatus:
    """A job that runs or waits. fraction: 0…1 done; seconds_left: None while unknown."""

    number: int
    text: str
    fraction: float = 0.0
    seconds_left: float | None = None
    paused: bool = False


class JobManager:
    """Starts jobs, and hands on what they find."""

    def __init__(
        self, worker: Worker, world: World, feed: WorkerEventSink, notes: list[str]
    ) -> None:
        """notes: gets sentences for the user."""
        self.rows: dict[int, JobStatus] = {}
        self.facts: dict[Key, LayerProfile] = {}
        self._notes = notes
        self._worker, self._world, self._feed = worker, world, feed
        self._kinds: dict[int, AnyJob] = {}
        self._top: dict[Key, TopImages] = {}
        self._wanted: ShowTopActivations | None = None
        self._measured: set[int] = set()
        self.pictures = FeatureImageManager(
            world, feed.renderer, self._start, self.cancel, notes.append
        )

    @property
    def busy(self) -> bool:
        """Whether something was asked for that is still to come."""
        return any(not isinstance(job, ProfileJob) for job in self._kinds.values())

    @property
    def measuring(self) -> bool:
        """Whether it is still to come what layers cost and weigh."""
        return any(isinstance(job, ProfileJob) for job in self._kinds.values())

    def opened(self) -> None:
        """Another network has opened: what was known may be of another one."""
        self.facts.clear()
        self._top.clear()
        self._measured.clear()
        self.pictures.opened()
        self._world.set_visual("top images", None)

    def on_pass_complete(self) -> None:
        """A pass is complete."""
        for slot in self._world.slots:
            if slot not in self._measured and self._world.networks[slot].result is not None:
                self._measured.add(slot)
                self._start(ProfileJob(slot), "measuring layers")
        self._evidence()
        self.pictures.sync_with_state(self._world.state)

    def _evidence(self) -> None:
        orders = {
            s for (s, _), layer in self._world.state.layers.items() if layer.order == "evidence"
        }
        running = {job.slot for job in self._kinds.values() if isinstance(job, AttributionJob)}
        for slot in (orders - running) & set(self._world.slots):
            self._start(AttributionJob(slot), "finding evidence")

    def _start(self, job: AnyJob, text: str) -> int:
        number = self._worker.start(job)
        self._kinds[number] = job
        self.rows[number] = JobStatus(number, text)
        return number

    def show_top_activations(self, layer: str, channel: int, network: int) -> None:
        """Show the images that excite a channel most, now or when they have been found.

        Args:
            layer: Its name; '' hides the images.
            channel: The channel, from 0.
            network: The number of the network, from 0.

        Raises:
            VrnnError: When there is no such layer, or no data set.
        """
        self._wanted = None
        if not layer:
            self._world.set_visual("top images", None)
            return
        slot, node = find_layer(self._world, layer, network)
        if self._images(slot) is None:
            raise VrnnError("needs a data set: start with --data FOLDER")
        self._wanted = ShowTopActivations(layer, channel, network)
        if (slot, node) in self._top:
            self._show_top()
        elif TopActivationsJob(slot, node) not in self._kinds.values():
            name = self._world.networks[slot].network.by_id[node].name
            self._start(TopActivationsJob(slot, node), f"images for {name}")

    def cancel(self, number: int = 0) -> None:
        """End a job after its present step; 0: all."""
        for each in [number] if number else list(self._kinds):
            self._worker.cancel(each)

    def pause(self, number: int, paused: bool) -> None:
        """Let a job rest, or go on with it; 0: all."""
        for each in [number] if number else list(self._kinds):
            self._worker.pause(each, paused)
            if each in self.rows:
                self.rows[each] = replace(self.rows[each], paused=paused)

    def request_attributions(self) -> None:
        """A layer is now ordered by evidence: find it for the present image."""
        self._evidence()

    def update(self) -> None:
        """Take what jobs have told."""
        events, self._feed.jobs = self._feed.jobs, []
        for event in events:
            if isinstance(event, JobProgress):
                part = event.done / event.total if event.total else 0.0
                paused = event.id in self.rows and self.rows[event.id].paused
                row = JobStatus(event.id, event.text, part, event.seconds_left, paused)
                self.rows[event.id] = row
                continue
            if isinstance(event, JobPartialResult):
                self.pictures.on_job_progress(event.id, event.results)
                if event.notice:
                    self._notes.append(event.notice)
                continue
            self.rows.pop(event.id, None)
            job = self._kinds.pop(event.id, None)
            self.pictures.on_job_end(event.id)
            if isinstance(event, JobFailed):
                if not event.cancelled and not isinstance(job, ProfileJob):
                    self._notes.append(event.message)
            elif job is not None:
                self._done(job, event)

    def _done(self, job: AnyJob, event: JobDone) -> None:
        if job.slot not in self._world.networks:
            return
        if isinstance(job, ProfileJob) and isinstance(event.result, dict):
            self.facts.update({(job.slot, node): fact for node, fact in event.result.items()})
        elif isinstance(job, AttributionJob) and isinstance(event.result, dict):
            self._world.set_attributions(job.slot, event.result)
        elif isinstance(job, TopActivationsJob) and isinstance(event.result, TopImages):
            self._top[job.slot, job.node] = event.result
            if event.result.skipped:
                count = len(event.result.skipped)
                self._notes.append(f"{count} images of the data set could not be read")
            self._show_top()

    def _images(self, slot: int) -> ImageSet | None:
        return self._feed.datasets.get(slot)

    def _show_top(self) -> None:
        """Stand the images of the wanted channel over its layer, if they are known."""
        wanted = self._wanted
        if wanted is None:
            return
        slot, node = find_layer(self._world, wanted.layer, wanted.network)
        found, images = self._top.get((slot, node)), self._images(slot)
        pose = self._world.placement_frame(slot)
        if found is None or images is None or node not in pose.index:
            return
        stand = self._world.networks[slot]
        field = stand.receptive_fields.get(node)
        channel = min(max(wanted.channel, 0), len(found.images) - 1)
        size = (
            stand.result.image.shape[:2]
            if stand.result is not None
            else (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
        )
        pictures, texts, actions = [], [], []
        for k, number in enumerate(found.images[channel].tolist()):
            seen = center_crop_resize(images.image(number), *size)
            row, column = found.positions[channel, k].tolist()
            box = None if field is None else field.box(row, column, size)
            if box is not None:
                box = tuple(round(v * THUMBNAIL_PIXELS / size[i % 2]) for i, v in enumerate(box))
            large = np.asarray(Image.fromarray(seen).resize((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)))
            pictures.append(draw_region(large, box))
            texts.append(f"#{number}  {found.values[channel, k]:.3g}")
            actions.append(GrabImage(number))
        x, y, z, _, height = pose.panel_rect(node).tolist()
        title = f"excite channel {channel} most"
        top = y + height + 0.62
        card = top_images_visual(
            pictures, texts, actions, title, ShowTopActivations(), (x, top, z + 0.02)
        )
        self._world.set_visual("top images", card)
