"""The open document: the world, the worker that runs its networks, the undo stack, the hand.

The window, the headset and the offscreen program each hold one `Workspace`; commands act on it
through `vrnn.commands.context.WorkspaceActions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vrnn.commands.context import Change
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.registry import step_title
from vrnn.commands.undo_stack import Bookmark, UndoStack
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec, name_default
from vrnn.network.results import Ablation
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.revealing import Revealed
from vrnn.scene.state import InputImage, State, check_change
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.visibility import panel_corners, rect_corners
from vrnn.scene.visuals.pinned_layers import pinned_layer_rect
from vrnn.scene.world import World
from vrnn.storage.fault_log import fault_log
from vrnn.workspace.changed_layers import ChangedLayers
from vrnn.workspace.channel_comparisons import ChannelComparisons
from vrnn.workspace.channel_paths import ChannelPathFinder
from vrnn.workspace.comparison import ComparisonManager
from vrnn.workspace.connections import ConnectionManager
from vrnn.workspace.edge_bundles import EdgeBundleManager
from vrnn.workspace.example_scores import ExampleAnswers
from vrnn.workspace.faithfulness import Faithfulness
from vrnn.workspace.feature_images import FeatureImageManager
from vrnn.workspace.fetched_maps import FetchedMaps
from vrnn.workspace.hand import Hand
from vrnn.workspace.held_image import MapColors
from vrnn.workspace.image_cloud import ImageCloudManager
from vrnn.workspace.importance import ImportanceManager
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.kernels import KernelReader
from vrnn.workspace.layer_analyses import LayerAnalyses
from vrnn.workspace.live_content import LiveContent
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
WEIGHTS = "weights packed for live images"
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
        passes_requested: How many times the worker was asked to run an image.
        messages: Sentences for the user that have not been shown yet.
        faults: Sentences about faults of vrnn that the user has not dismissed yet.
        jobs, analyses, top_activations, features, relevance, faithfulness, links,
            similarity, channels, connections, image_cloud, importance, training,
            training_ridges, step_differences, step_kernels, example_answers, weight_changes,
            comparison, changed_layers, paths, scores, kernels, pins, volumes: What is computed
            and shown beside the maps.
        revealed: What has appeared and is to be brought into view; None for nothing.
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
        self.world = World(state, seconds)
        self.feed = WorkerEventSink(self.world, renderer)
        self.feed.residency = MapResidency(
            self.world, renderer, self._notify, worker.map_bytes, worker.fill,
            lambda: self.run_inference(at_once=False, stays=True),
        )  # fmt: skip
        self.messages: list[str] = []
        self.history = UndoStack(state)
        self.input = InputSource(self.world)
        self.passes_requested = 0
        self.faults: list[str] = []
        notify = self._notify
        self.feed.notify = notify
        self.jobs = JobManager(worker, self.feed, notify, self.show_fault)
        self.analyses = LayerAnalyses(self.world, self.jobs)
        self.revealed: Revealed | None = None
        self.top_activations = TopActivationsCard(
            self.world, self.jobs, self.feed.datasets, notify, self._reveal
        )
        self.features = FeatureImageManager(self.world, renderer, self.jobs, notify)
        self.relevance = RelevanceManager(self.world, renderer, self.jobs, notify, self.roll_back)
        self.relevant_images = RelevantImagesCard(
            self.world, self.jobs, self.feed.datasets, notify, self._reveal, self.relevance,
            self.top_activations,
        )  # fmt: skip
        self.faithfulness = Faithfulness(
            self.world, self.jobs, self.relevance, notify, self._reveal, self.roll_back
        )
        self.links = RelevanceLinkFinder(self.world, self.jobs, self.relevance)
        host = self.feed.residency.host
        self.similarity = SimilarityManager(self.world, renderer, lambda: host.free_beside(VECTORS))
        self.channels = ChannelComparisons(self.world, self.jobs, notify)
        parts = ManagerParts(self.world, self.jobs, self.feed, notify, self._reveal, self.roll_back)
        self.connections = ConnectionManager(parts)
        self.edge_bundles = EdgeBundleManager(self.world)
        self.image_cloud = ImageCloudManager(parts, renderer, self.input)
        self.importance = ImportanceManager(parts)
        self.training = TrainingManager(
            self.world, self.feed, notify, lambda: self.run_inference(at_once=False),
            self._forget_weights, self.apply_command,
        )  # fmt: skip
        self.training_ridges = TrainingRidges(self.jobs, self.training)
        self.weight_changes = WeightChanges(self.jobs, self.training)
        self.step_differences = StepDifferences(
            self.world, self.jobs, self.training, self.input, self.feed, notify
        )
        self.step_kernels = StepKernels(
            self.world, self.jobs, self.training, self.step_differences, notify
        )
        self.example_answers = ExampleAnswers(self.world, self.jobs, self.training)
        self.paths = ChannelPathFinder(self.world, self.jobs, notify)
        self.scores = ScoreManager(parts)
        self.kernels = KernelReader(self.world, self.jobs, notify, lambda: self.specs)
        self._edits = state.edits
        self.comparison = ComparisonManager(parts)
        self.changed_layers = ChangedLayers(self.world, self.comparison)
        self.hand = Hand(self, colors)
        self.pins = PinnedCopies(self.world, renderer)
        host.holders[PINS] = lambda: self.pins.nbytes
        host.holders[WEIGHTS] = lambda: worker.packed_bytes
        host.holders[VECTORS] = lambda: self.similarity.nbytes
        self.volumes = VolumeViews(self.world, self.jobs, colors)
        self.content = LiveContent(self)
        self.restorer = SessionRestorer(self)

    def _notify(self, sentence: str) -> None:
        self.messages.append(sentence)

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
            self.relevance.remember(self.history.bookmark(), state)
            if state.relevance.beside != before.relevance.beside:
                self.faithfulness.remember(self.history.bookmark(), state)
            if state.cloud != before.cloud:
                self.image_cloud.remember(self.history.bookmark(), state)
            if state.connections != before.connections:
                self.connections.remember(self.history.bookmark(), state)
            if state.importance != before.importance:
                self.importance.remember(self.history.bookmark(), state)
            if state.score != before.score:
                self.scores.remember(self.history.bookmark(), state)
            if state.comparison.cka and not before.comparison.cka:
                self.comparison.remember(self.history.bookmark(), state)
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
            self.training.sync_with_state()

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
            self.training.sync_with_state()
        if _pass_arguments(state) != _pass_arguments(before):
            self.run_inference()
        if state.edits != self._edits:
            self._edits = state.edits
            self._forget_results()
        if state.pins != before.pins:
            self.pins.update(state.pins)
        self.feed.upload_folded_maps()
        self.analyses.request_attributions()
        self.features.sync_with_state(state)
        self.relevance.sync_with_state(state)
        self.similarity.sync_with_state(state)
        self.channels.update()
        self.connections.sync_with_state(state)
        self.image_cloud.sync_with_state(state)
        self.importance.sync_with_state(state)
        self.scores.sync_with_state(state)
        self.comparison.sync_with_state(state)

    def _forget_results(self) -> None:
        """Drop what was found with other weights; what is shown of it is found anew."""
        self.analyses.on_network_loaded()
        self.top_activations.on_network_loaded()
        self.relevant_images.on_network_loaded()
        self.features.on_network_loaded()
        self.relevance.on_network_loaded()
        self.channels.on_network_loaded()
        self.image_cloud.on_network_loaded()
        self.importance.on_network_loaded()
        self.comparison.on_network_loaded()

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

    def run_inference(self, at_once: bool = True, stays: bool = False) -> None:
        """Run the input image through all networks.

        Args:
            at_once: Whether a running forward pass is aborted; else it completes first.
            stays: Whether no other one is to be expected soon, though it is of a live source.
        """
        state = self.world.state
        ablations: dict[int, tuple[Ablation, ...]] = {}
        for one in state.ablations:
            ablation = Ablation(one.layer, one.channels, one.position, one.value)
            ablations[one.network] = (*ablations.get(one.network, ()), ablation)
        image = self.input.live_frame
        self.passes_requested += 1
        self.relevance.on_pass_requested(at_once)
        self.kernels.on_pass_requested(state)
        self.worker.run_image(
            self.input.resolve(state.input_image, self.images) if image is None else image,
            ablations,
            choices=state.choices,
            axes=state.axis_roles(),
            edits=state.edits,
            interrupt=at_once,
            continues=image is not None,
            recorded=self.training.recorded(),
            left_out=self.feed.residency.pass_levels(image is not None and not stays),
            hidden=self.feed.residency.hidden,
            # An image that stays has the very values that it has as any other.
            weight_room=0.0 if stays else self.feed.residency.host.free_beside(WEIGHTS),
        )
        self.training.on_pass_requested(self.worker.requested)

    def _forget_weights(self) -> None:
        """Find again what is known of weights and was found with those of another step."""
        self.analyses.on_weights_changed()
        self.features.on_network_loaded()
        self.importance.on_network_loaded()
        self.scores.on_network_loaded()
        self.comparison.on_network_loaded()

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
        world = self.world.at_rest()
        node = world.node_id(network, layer)
        if node is None:
            _, node = find_layer(world, layer, network)
        corners = [panel_corners(world, network, node)]
        frame = world.placement_frame(network)
        for pin in self.world.pinned_layers.values():
            is_here = pin.network == network and world.node_id(network, pin.beside) == node
            if is_here and node in frame.index:
                corners.append(rect_corners(pinned_layer_rect(pin, frame, node)))
        self._reveal(Revealed(network, node, np.concatenate(corners)))

    def _reveal(self, revealed: Revealed) -> None:
        self.revealed = revealed

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
        self.analyses.on_network_loaded()
        self.top_activations.on_network_loaded()
        self.relevant_images.on_network_loaded()
        self.features.on_network_loaded()
        self.relevance.on_network_loaded()
        self.similarity.on_network_loaded()
        self.channels.on_network_loaded()
        self.connections.on_network_loaded()
        self.image_cloud.on_network_loaded()
        self.importance.on_network_loaded()
        self.training_ridges.on_network_loaded()
        self.step_differences.on_network_loaded()
        self.step_kernels.on_network_loaded()
        self.example_answers.on_network_loaded()
        self.weight_changes.on_network_loaded()
        self.scores.on_network_loaded()
        self.paths.on_network_loaded()
        self.kernels.on_network_loaded()
        self.comparison.on_network_loaded()
        self.restorer.on_network_loaded()

    def close(self) -> None:
        """Stop background threads."""
        self.content.close_wall()
        self.image_cloud.close()
        self.scores.close()
        self.connections.close()
        self.edge_bundles.close()


def _pass_arguments(state: State) -> tuple[object, ...]:
    """What of a state a forward pass depends on."""
    return state.input_image, state.ablations, state.edits, state.choices, state.axis_roles()
