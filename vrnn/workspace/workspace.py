"""The open document: the world, the worker that runs its networks, the undo stack, the hand.

The window, the headset and the offscreen program each hold one `Workspace`; commands act on what
`vrnn.commands.workspace_actions.WorkspaceActions` has of it. What is found and shown beside the
maps is each in a file of its own, see `vrnn.workspace.manager.Manager`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vrnn.commands.inputs import SetInputImage
from vrnn.commands.registry import step_title
from vrnn.commands.undo_stack import Bookmark, UndoStack
from vrnn.commands.workspace_actions import Change
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec, name_default
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.revealing import Revealed, revealed_layer
from vrnn.scene.state import InputImage, State, check_change
from vrnn.scene.world import World
from vrnn.storage.fault_log import fault_log
from vrnn.workspace.changed_layers import ChangedLayers
from vrnn.workspace.channel_comparisons import ChannelComparisons
from vrnn.workspace.channel_paths import ChannelPathFinder
from vrnn.workspace.comparison import ComparisonManager
from vrnn.workspace.connections import ConnectionManager
from vrnn.workspace.edge_bundles import EdgeBundleManager
from vrnn.workspace.example_answers import ExampleAnswers
from vrnn.workspace.faithfulness import Faithfulness
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.fetched_maps import FetchedMaps
from vrnn.workspace.hand import Hand
from vrnn.workspace.held_image import MapColors
from vrnn.workspace.image_cloud import ImageCloudManager
from vrnn.workspace.importance import ImportanceManager
from vrnn.workspace.input_passes import InputPasses, pass_arguments
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.kernels import KernelReader
from vrnn.workspace.layer_analyses import LayerAnalyses
from vrnn.workspace.live_content import LiveContent
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.map_residency import MapResidency
from vrnn.workspace.map_uploader import WorkerEventSink
from vrnn.workspace.pinned_copies import PinnedCopies
from vrnn.workspace.relevance import RelevanceManager
from vrnn.workspace.relevance_links import RelevanceLinkFinder
from vrnn.workspace.relevant_images import RelevantImagesCard
from vrnn.workspace.scores import ScoreManager
from vrnn.workspace.session_restorer import SessionRestorer
from vrnn.workspace.similarity import SimilarityManager
from vrnn.workspace.step_differences import StepDifferences
from vrnn.workspace.step_kernels import StepKernels
from vrnn.workspace.top_activations import TopActivationsCard
from vrnn.workspace.training import TrainingManager
from vrnn.workspace.training_ridges import TrainingRidges
from vrnn.workspace.volumes import VolumeViews
from vrnn.workspace.weight_changes import WeightChanges
from vrnn.workspace.workspace_file import WorkspaceSnapshot

PINS, VECTORS = "pinned copies", "vectors of similarity"
"""What takes main memory that belongs to maps, see `HostMaps.holders`."""


class Workspace:
    """A world with everything that acts on it.

    Attributes:
        specs: The models, open or opening.
        detail: How finely their graphs are shown.
        worker: Runs the models.
        renderer: Holds the feature maps on the GPU.
        world: What is shown.
        feed: Takes the worker's events.
        history: The undo stack.
        input: Sources of the input image.
        messages: Sentences for the user that have not been shown yet.
        faults: Sentences about faults of vrnn that the user has not dismissed yet.
        revealed: What has appeared and is to be brought into view; None for nothing.
        jobs: Work of the worker beside forward passes.
        managers: What finds and shows something beside the maps, each also by its own name.
        pins, volumes: Copies of maps, and volumes of channels.
        hand: Holds at most one image.
        content: Brings results into the world.
        restorer: Opens the models of a session and restores it.
    """

    def __init__(
        self, worker: Worker, renderer: Renderer, specs: Sequence[ModelSpec], detail: str,
        state: State, seconds: float, colors: MapColors,
    ) -> None:  # fmt: skip
        """Create the workspace of models that the worker is opening.

        Args:
            worker: Runs the models.
            renderer: Holds the feature maps on the GPU.
            specs: The models.
            detail: How finely their graphs are shown, one of DETAILS.
            state: The first state.
            seconds: Duration of transitions in the world; 0 for none.
            colors: Of feature maps that are held or magnified.
        """
        # What is saved must open the same network where another one is the default.
        self.specs, self.detail = tuple(map(name_default, specs)), detail
        self.worker, self.renderer = worker, renderer
        self.world, self.history = World(state, seconds), UndoStack(state)
        self.messages: list[str] = []
        self.faults: list[str] = []
        self.revealed: Revealed | None = None
        self._edits = state.edits
        self.input = InputSource(self.world)
        self.feed = WorkerEventSink(self.world, renderer)
        self.feed.notify = notify = self._notify
        self.feed.residency = MapResidency(
            self.world, renderer, notify, worker.map_bytes, worker.fill,
            lambda: self.run_inference(at_once=False, stays=True),
        )  # fmt: skip
        self.pins = PinnedCopies(self.world, renderer)
        self.feed.residency.host.holders[PINS] = lambda: self.pins.nbytes
        self._passes = InputPasses(worker, self.world, self.input, self.feed)
        self.jobs = JobManager(worker, self.feed, notify, self.show_fault)
        self._create_managers()
        self.volumes = VolumeViews(self.world, self.jobs, colors)
        self.hand = Hand(self, colors)
        self.content = LiveContent(self)
        self.restorer = SessionRestorer(self)

    def _create_managers(self) -> None:
        """Create what finds and shows something beside the maps, each in a file of its own."""
        world, renderer, jobs, feed = self.world, self.renderer, self.jobs, self.feed
        notify, reveal, roll_back = self._notify, self._reveal, self.roll_back
        parts = ManagerParts(world, jobs, feed, notify, reveal, roll_back)
        # Of layers.
        self.analyses = LayerAnalyses(world, jobs)
        self.top_activations = TopActivationsCard(parts)
        self.features = FeatureImageManager(world, renderer, jobs, notify)
        # Of the answer.
        self.relevance = RelevanceManager(world, renderer, jobs, notify, roll_back)
        self.relevant_images = RelevantImagesCard(parts, self.relevance, self.top_activations)
        self.links = RelevanceLinkFinder(world, jobs, self.relevance)
        self.faithfulness = Faithfulness(parts, self.relevance)
        # Of positions, channels and edges.
        host = feed.residency.host
        self.similarity = SimilarityManager(world, renderer, lambda: host.free_beside(VECTORS))
        host.holders[VECTORS] = lambda: self.similarity.nbytes
        self.channels = ChannelComparisons(world, jobs, notify)
        self.connections = ConnectionManager(parts)
        self.edge_bundles = EdgeBundleManager(world)
        # Of a data set.
        self.image_cloud = ImageCloudManager(parts, renderer, self.input)
        self.importance = ImportanceManager(parts)
        # Of a training.
        self.training = TrainingManager(
            world, feed, notify, lambda: self.run_inference(at_once=False),
            self._on_weights_changed, self.apply_command,
        )  # fmt: skip
        self.training_ridges = TrainingRidges(jobs, self.training)
        self.step_differences = StepDifferences(parts, self.training, self.input)
        self.step_kernels = StepKernels(parts, self.training, self.step_differences)
        self.example_answers = ExampleAnswers(world, jobs, self.training)
        self.weight_changes = WeightChanges(jobs, self.training)
        # Of weights and their edits.
        self.scores = ScoreManager(parts)
        self.paths = ChannelPathFinder(world, jobs, notify)
        self.kernels = KernelReader(world, jobs, notify, lambda: self.specs)
        # Of two networks.
        self.comparison = ComparisonManager(parts)
        self.changed_layers = ChangedLayers(world, self.comparison)
        found = vars(self).values()  # in the order above
        self.managers = tuple(one for one in found if isinstance(one, Manager))

    def _notify(self, sentence: str) -> None:
        self.messages.append(sentence)

    def _reveal(self, revealed: Revealed) -> None:
        self.revealed = revealed

    # Changes.

    def apply_command(self, command: Change) -> None:
        """Push a change on the undo stack and show it.

        Args:
            command: The change.

        Raises:
            VrnnError: When it cannot be done; the world stays as it was.
        """
        # Not the world's own state: that may be a preview of this very change.
        before = self.history.state
        state = command.apply(before, self.world)
        check_change(before, state)
        if state != before:
            before_it = self.history.bookmark()
            for manager in self.managers:
                manager.remember(before_it, state)
            self.history.push(step_title(command), state)
        if state != self.world.state:
            # What was dragged by hand is in place already: no transition is needed.
            self.apply_state(state, move=self.world.state == before)

    def undo(self, times: int) -> None:
        """Undo changes.

        Args:
            times: How many, at most.

        Raises:
            VrnnError: When there is nothing to undo.
        """
        if not self.history.undo_label:
            raise VrnnError("there is nothing to undo")
        self.apply_state(self.history.undo(times))

    def redo(self, times: int) -> None:
        """Redo changes.

        Args:
            times: How many, at most.

        Raises:
            VrnnError: When there is nothing to redo.
        """
        if not self.history.redo_label:
            raise VrnnError("there is nothing to redo")
        self.apply_state(self.history.redo(times))

    def preview(self, command: Change) -> None:
        """Show a change that is still being made by hand, without pushing it on the undo stack.

        Args:
            command: The change.

        Raises:
            VrnnError: When it cannot be done.
        """
        before = self.world.state
        self.world.set_state(command.apply(self.history.state, self.world), move=False)
        now = self.world.state
        if (now.choices, now.edits) != (before.choices, before.edits):
            self.run_inference(at_once=False)
        if self.world.state.training != before.training:
            self.training.show_step_of_state()

    def apply_state(self, state: State, move: bool = True) -> None:
        """Show a state, and request the forward passes and images that it needs.

        Args:
            state: The state.
            move: Whether layers move there in a transition; else they are there at once.
        """
        before = self.world.state
        self.world.set_state(state, move)
        if state.input_image != before.input_image:
            self.input.live_frame = None
            self.world.send_wave()
        if state.training != before.training:
            self.training.show_step_of_state()
        if pass_arguments(state) != pass_arguments(before):
            self.run_inference()
        if state.edits != self._edits:
            self._edits = state.edits
            for manager in self.managers:
                manager.on_edits_changed()
        if state.pins != before.pins:
            self.pins.update(state.pins)
        self.feed.upload_folded_maps()
        for manager in self.managers:
            manager.sync_with_state(state)

    def _on_weights_changed(self) -> None:
        for manager in self.managers:
            manager.on_weights_changed()

    # Faults.

    def show_fault(self, sentence: str) -> None:
        """Show a sentence about a fault until the user dismisses it."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def roll_back(self, bookmark: Bookmark) -> None:
        """Make everything as it was at a bookmark of the history, after a command has failed."""
        self.history.restore(bookmark)
        try:
            self.apply_state(self.history.state, move=False)
        except Exception as error:
            self.world.set_state(self.history.state, move=False)
            self.show_fault(fault_log.record("undoing what a command had begun", error))

    # The input image.

    @property
    def images(self) -> ImageSet | None:
        """The first network's data set; None for none."""
        return self.feed.datasets.get(0)

    @property
    def passes_requested(self) -> int:
        """How many times the worker was asked to run an image."""
        return self._passes.requested

    def run_inference(self, at_once: bool = True, stays: bool = False) -> None:
        """Run the input image through all networks.

        Args:
            at_once: Whether a running forward pass is aborted; else it completes first.
            stays: Whether no other one is to be expected soon, though it is of a live source.
        """
        for manager in self.managers:
            manager.on_pass_requested(at_once)
        self.training.request = self._passes.request(at_once, stays, self.training.recorded())

    def show_live_frame(self, pixels: np.ndarray) -> None:
        """Run a frame of a live source; it is no change and cannot be undone.

        Args:
            pixels: (H, W, 3) uint8.
        """
        self.input.live_frame = pixels
        self.run_inference(at_once=False)

    def adjacent_image(self, step: int) -> tuple[InputImage, str]:
        """Step through the images. See `InputSource.adjacent`."""
        return self.input.adjacent(step, self.images)

    def show_image(self, image: InputImage) -> None:
        """Make an image the input; run it again if it already is."""
        if image == self.world.state.input_image:
            self.run_inference()
        else:
            self.apply_command(
                SetInputImage(image.file, image.number, image.plain, image.pixels, image.example)
            )

    def set_initial_image(self, image: np.ndarray | Path | int) -> None:
        """Record which image the worker was given at the start; undo does not go back before it.

        Args:
            image: (H, W, 3) uint8 pixels, a file, or a number in the data set.
        """
        state = replace(self.world.state, input_image=self.input.to_input_image(image))
        self.history = UndoStack(state)
        self.world.set_state(state)

    def open_training(self, folder: Path, step: int | None) -> None:
        """Show a training from the start; undo does not go back before it.

        Args:
            folder: A recording, or a folder of checkpoints.
            step: The step; None to follow the newest.

        Raises:
            VrnnError: There is no such folder or step.
        """
        self.training.open(folder)
        if step is not None:
            self.training.check(step)
        now = replace(self.world.state.training, step=step, follow=step is None)
        state = replace(self.world.state, training=now)
        self.history = UndoStack(state)
        self.apply_state(state)

    def hover(self, hit: Hit | None) -> None:
        """Highlight something as if the mouse pointed at it.

        Args:
            hit: What; None for nothing.
        """
        self.world.hover(hit)

    def fetch_maps(self, network: int, nodes: Sequence[int]) -> FetchedMaps:
        """Return the whole maps of layers, one after the other, made again where they are missing.

        Args:
            network: Number of the network.
            nodes: Ids of its layers, in the order in which they will be read.
        """
        loaded = self.on_network_loaded
        return FetchedMaps(self.worker, self.feed, network, nodes, loaded)

    def reveal_layer(self, network: int, layer: str) -> None:
        """Bring a layer into view, with a copy pinned to it, where it will be at rest."""
        self._reveal(revealed_layer(self.world.at_rest(), network, layer))

    # Sessions.

    def snapshot(self, camera: Camera, viewpoints: Mapping[int, Camera]) -> WorkspaceSnapshot:
        """Collect everything that a session file holds.

        Args:
            camera: Where the user is.
            viewpoints: Stored cameras, by the number of their key from 0.
        """
        key = self.history.state.input_image.pixels
        pixels = {key: self.input.pixels[key]} if key in self.input.pixels else {}
        state, changes = self.history.state, self.history.changes
        aspect = self.world.placement.aspect
        return WorkspaceSnapshot(
            self.specs, self.detail, state, camera, viewpoints, pixels, changes, aspect,
            self.training.folder,
        )  # fmt: skip

    def on_network_loaded(self) -> None:
        """Update everything for a newly loaded network, or for one that could not be opened."""
        self.content.close_wall()
        for manager in self.managers:
            manager.on_network_loaded()
        self.restorer.on_network_loaded()

    def close(self) -> None:
        """Stop background threads."""
        self.content.close_wall()
        for manager in self.managers:
            manager.stop_threads()
