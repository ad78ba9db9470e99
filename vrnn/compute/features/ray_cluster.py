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

PATIENCE = 10.0
"""Seconds for a machine to answer."""


@lru_cache(maxsize=1)
def _opened(spec: ModelSpec, detail: str) -> LoadedModel:
    return LoadedModel(open_source(spec), detail)


def _part(
    spec: ModelSpec, detail: str, node: int, channels: Sequence[int], settings: FeatureVisSettings,
    image: np.ndarray | None,
) -> list[FeatureImage]:  # fmt: skip
    """Some channels, wherever this runs."""
    steps = optimize(_opened(spec, detail), node, channels, settings, image)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


def _check_reachable(address: str) -> None:
    """Raise VrnnError when nobody listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"Ray at '{address}' is not reached: {reason}") from error


class RayCluster:
    """Machines that make pictures."""

    def __init__(self, address: str) -> None:
        """address: as `ray.init` takes it, such as `auto` or `ray://head:10001`; `local`: this
        machine only. Raises VrnnError when there is no Ray or it is not reached."""
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
            raise VrnnError(f"Ray at '{address}' is not reached: {error}") from error

    def features(
        self, spec: ModelSpec, detail: str, node: int, blocks: Sequence[Sequence[int]],
        settings: FeatureVisSettings, image: np.ndarray | None,
    ) -> Iterator[tuple[FeatureImage, ...]]:  # fmt: skip
        """Pictures as they are made, in whatever order. blocks: of channels, each for one machine.

        Raises VrnnError.
        """
        ray = self._ray
        work = ray.remote(max_retries=3)(_part)
        running = [work.remote(spec, detail, node, block, settings, image) for block in blocks]
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
