"""Forward passes of the input image: what the worker is asked for, as the state says."""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.compute.worker import Worker
from vrnn.network.results import Ablation
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.map_uploader import WorkerEventSink

WEIGHTS = "weights packed for live images"
"""What takes main memory that belongs to maps, see `HostMaps.holders`."""


class InputPasses:
    """Asks the worker for passes of the newest frame of a stream, or of the state's image.

    Attributes:
        requested: How many times it did.
    """

    def __init__(
        self, worker: Worker, world: World, source: InputSource, feed: WorkerEventSink
    ) -> None:
        """Begin with none requested.

        Args:
            worker: Runs them.
            world: Whose state says what runs, and with which ablations and edits.
            source: Resolves the image.
            feed: Knows the data sets, and which maps are wanted.
        """
        self._worker, self._world, self._source, self._feed = worker, world, source, feed
        self.requested = 0
        feed.residency.host.holders[WEIGHTS] = lambda: worker.packed_bytes

    def request(self, at_once: bool, stays: bool, recorded: Mapping[int, RecordedStep]) -> int:
        """Run the input image through all networks.

        Args:
            at_once: Whether a running forward pass is aborted; else it completes first.
            stays: Whether no other one is to be expected soon, though it is of a live source.
            recorded: The step of a training whose weights a network is to have, by slot; others
                have their own.

        Returns:
            Number of the request.

        Raises:
            VrnnError: The image is not to be had any more.
        """
        state, residency = self._world.state, self._feed.residency
        frame = self._source.live_frame
        self.requested += 1
        self._worker.run_image(
            self._source.resolve(state.input_image, self._feed.datasets.get(0))
            if frame is None
            else frame,
            _ablations(state),
            choices=state.choices,
            axes=state.axis_roles(),
            edits=state.edits,
            interrupt=at_once,
            continues=frame is not None,
            recorded=recorded,
            left_out=residency.pass_levels(frame is not None and not stays),
            hidden=residency.hidden,
            # An image that stays has the very values that it has as any other.
            weight_room=0.0 if stays else residency.host.free_beside(WEIGHTS),
        )
        return self._worker.requested


def pass_arguments(state: State) -> tuple[object, ...]:
    """Return what of a state a forward pass depends on."""
    return state.input_image, state.ablations, state.edits, state.choices, state.axis_roles()


def _ablations(state: State) -> dict[int, tuple[Ablation, ...]]:
    """The ablations of a state, by the number of their network."""
    found: dict[int, tuple[Ablation, ...]] = {}
    for one in state.ablations:
        ablation = Ablation(one.layer, one.channels, one.position, one.value)
        found[one.network] = (*found.get(one.network, ()), ablation)
    return found
