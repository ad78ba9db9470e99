"""Feature visualizations spread over several machines by Ray (https://www.ray.io)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from vrnn.compute.features.optimizer import optimize
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

CONNECT_TIMEOUT = 10.0
"""Seconds for a machine to answer."""


@lru_cache(maxsize=1)
def _open_model(spec: ModelSpec, detail: str) -> LoadedModel:
    return LoadedModel(open_source(spec), detail)


def _optimize_channels(
    spec: ModelSpec, detail: str, node: int, channels: Sequence[int], settings: FeatureVisSettings,
    image: np.ndarray | None,
) -> list[FeatureImage]:  # fmt: skip
    """Make the images of some channels, on whatever machine this runs."""
    steps = optimize(_open_model(spec, detail), node, channels, settings, image)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


def _check_reachable(address: str) -> None:
    """Raise VrnnError if nobody listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"Ray at '{address}' cannot be reached: {reason}") from error


class RayCluster:
    """Machines that make feature visualizations."""

    def __init__(self, address: str) -> None:
        """Join the cluster.

        Args:
            address: As `ray.init` takes it, such as `auto` or `ray://head:10001`; `local` for this
                machine only.

        Raises:
            VrnnError: Ray is not installed or cannot be reached.
        """
        try:
            import ray
        except ImportError as error:
            raise VrnnError("Ray is not installed: pip install 'vrnn[ray]'") from error
        self._ray = ray
        _check_reachable(address)
        try:
            ray.init(
                address=address, log_to_driver=False, configure_logging=False,
                include_dashboard=False if address == "local" else None,
            )  # fmt: skip
        except Exception as error:  # Ray's own, its RPC's and the system's, of no common kind
            raise VrnnError(f"Ray at '{address}' cannot be reached: {error}") from error

    def optimize(
        self, spec: ModelSpec, detail: str, node: int, blocks: Sequence[Sequence[int]],
        settings: FeatureVisSettings, image: np.ndarray | None,
    ) -> Iterator[tuple[FeatureImage, ...]]:  # fmt: skip
        """Yield images as they are made, in whatever order.

        Args:
            spec: The model.
            detail: Level of detail of its graph.
            node: Id of the node.
            blocks: Channels, those of each block for one machine.
            settings: How the images are made.
            image: (H, W, 3) uint8 to start from; None for the model's own sample.

        Raises:
            VrnnError: The images cannot be made, or a machine failed.
        """
        ray = self._ray
        task = ray.remote(max_retries=3)(_optimize_channels)
        running = [task.remote(spec, detail, node, block, settings, image) for block in blocks]
        while running:
            ready, running = ray.wait(running)
            try:
                yield tuple(ray.get(ready[0]))
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, VrnnError):
                    raise VrnnError(str(error.cause)) from error
                raise VrnnError(f"a machine of the cluster failed: {error.cause}") from error

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()
