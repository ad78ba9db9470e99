"""Work spread by Ray: what is asked of it, and what is told where it fails."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace

import pytest

from vrnn.compute.ray_cluster import RayCluster
from vrnn.errors import VrnnError


class TaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


class FakeRay:
    """Does each task when it is asked for its result; the last one given ends first."""

    exceptions = SimpleNamespace(RayTaskError=TaskError)

    def __init__(self) -> None:
        self.options: dict = {}
        self.retries: int | None = None
        self.is_left = False

    def init(self, **options):
        if options["address"] == "auto":
            raise ConnectionError("no cluster here")
        self.options = options

    def remote(self, max_retries):
        self.retries = max_retries
        return lambda function: SimpleNamespace(remote=lambda *args: (function, args))

    def wait(self, running):
        return running[-1:], running[:-1]

    def get(self, task):
        function, args = task
        try:
            return function(*args)
        except Exception as error:
            raise TaskError(error) from error

    def shutdown(self):
        self.is_left = True


@pytest.fixture
def ray(monkeypatch):
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    return fake


def test_every_call_is_answered_with_its_number_as_it_ends(ray):
    cluster = RayCluster("local")
    calls = [(2, 3), (4, 5), (6, 7)]
    assert list(cluster.run(pow, calls)) == [(2, 6**7), (1, 4**5), (0, 2**3)]
    assert list(cluster.run(pow, [])) == []
    assert ray.retries == 3
    assert not ray.is_left
    cluster.close()
    assert ray.is_left


def test_only_on_this_machine_alone_there_is_surely_no_dashboard(ray):
    RayCluster("local")
    assert ray.options == {
        "address": "local", "log_to_driver": False, "configure_logging": False,
        "include_dashboard": False,
    }  # fmt: skip
    RayCluster("elsewhere")
    assert ray.options["include_dashboard"] is None


def test_what_fails_on_a_machine_is_told(ray):
    def refused(number):
        raise VrnnError(f"no layer {number}")

    with pytest.raises(VrnnError, match=r"^no layer 3$"):
        list(RayCluster("local").run(refused, [(3,)]))

    def broken(number):
        raise ValueError(f"number {number}")

    with pytest.raises(VrnnError, match=r"^a machine of the cluster failed: number 4$"):
        list(RayCluster("local").run(broken, [(4,)]))


def test_a_cluster_that_is_not_there_is_told(ray, monkeypatch):
    with pytest.raises(VrnnError, match=r"^Ray at 'auto' cannot be reached: no cluster here$"):
        RayCluster("auto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(VrnnError, match=rf"^Ray at '{address}' cannot be reached: connection"):
            RayCluster(address)
        free.listen()
        RayCluster(address)
    assert ray.options["address"] == address
    RayCluster(":6379")  # no host to ask
    RayCluster("head:port")
    assert ray.options["address"] == "head:port"
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(VrnnError, match=r"^Ray is not installed: pip install 'vrnn\[ray\]'$"):
        RayCluster("local")
