"""Work spread over several machines by Ray (https://www.ray.io)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vrnn.errors import VrnnError

CONNECT_TIMEOUT = 10.0
"""Seconds for a machine to answer."""


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
    """Machines that work together."""

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

    def run(
        self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Call a function on whatever machines are free.

        Args:
            function: What each machine does; again elsewhere where a machine fails.
            calls: Its arguments, those of each call.

        Yields:
            The number of a call and what the function returned, in whatever order they end.

        Raises:
            VrnnError: The function raised it, or a machine failed.
        """
        ray = self._ray
        task = ray.remote(max_retries=3)(function)
        numbers = {task.remote(*arguments): i for i, arguments in enumerate(calls)}
        running = list(numbers)
        while running:
            ready, running = ray.wait(running)
            try:
                yield numbers[ready[0]], ray.get(ready[0])
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, VrnnError):
                    raise VrnnError(str(error.cause)) from error
                raise VrnnError(f"a machine of the cluster failed: {error.cause}") from error

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()
