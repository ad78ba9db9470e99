"""What the worker tells: plain data about models that open, passes that run and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vrnn.compute.jobs import JobEvent
from vrnn.media.image_set import ImageSet
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.kernel_edits import KernelShape
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import ForwardResult


@dataclass(frozen=True)
class LoadingProgress:
    """What the worker does now.

    Attributes:
        slot: The model's place among those opened.
        text: What is done.
    """

    slot: int
    text: str


@dataclass(frozen=True, eq=False)
class NetworkLoaded:
    """A network is known; maps that came before in this slot are void.

    Attributes:
        slot: The model's place among those opened.
        network: Its graph.
        info: What people read about it.
        dataset: Images for it; None if there are none.
        receptive_fields: By node id.
        kernels: The kernels of each layer that has some, by node id.
    """

    slot: int
    network: Network
    info: NetworkInfo
    dataset: ImageSet | None
    receptive_fields: Mapping[int, ReceptiveField]
    kernels: Mapping[int, KernelShape] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphNotes:
    """What a later check of a network's graph has found.

    Attributes:
        slot: The model's place among those opened.
        title: The model's name.
        notes: Sentences for the user.
    """

    slot: int
    title: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class MapsReady:
    """Some layers' maps of a pass that runs.

    Attributes:
        slot: The model's place among those opened.
        maps: By node id.
        are_portraits_new: Whether only the portraits are new: all else of them came before.
        again: Whether they are the whole maps of layers that lacked some levels, of the same pass.
    """

    slot: int
    maps: Mapping[int, LayerMaps]
    are_portraits_new: bool = False
    again: bool = False


@dataclass(frozen=True)
class FillEnded:
    """What `Worker.fill` asked for has been made, or will not be.

    Attributes:
        slot: The model's place among those opened.
        nodes: The layers that were asked for.
        problem: Why they cannot be made again; '' where they can.
    """

    slot: int
    nodes: frozenset[int]
    problem: str = ""


@dataclass(frozen=True, eq=False)
class ForwardComplete:
    """A pass is complete.

    Attributes:
        slot: The model's place among those opened.
        result: The whole pass.
        request: The number of the request that it answers, see `Worker.requested`.
    """

    slot: int
    result: ForwardResult
    request: int = 0


@dataclass(frozen=True)
class WorkerFailure:
    """Something went wrong.

    Attributes:
        slot: The model's place among those opened; None if it was not a single model.
        message: A sentence for the user.
        details: The traceback.
        opening: Whether a model could not be opened; else it or something else failed later.
    """

    slot: int | None
    message: str
    details: str
    opening: bool = False


Event = (
    LoadingProgress | NetworkLoaded | GraphNotes | MapsReady | FillEnded | ForwardComplete
    | WorkerFailure | JobEvent
)  # fmt: skip
"""What happened; the events of a job carry the job."""
