"""The runtime that tests meet is there, apart from others, and ends when it is told to."""

from __future__ import annotations

import json
import os

from tests.xr.fetch_runtime import fetch
from vrnn.cli import machine_report


def test_it_is_fetched_once(runtime):
    before = runtime.unpacked.service.stat().st_ino
    assert fetch(runtime.unpacked.folder).service.stat().st_ino == before


def test_nothing_names_a_place_of_packages(runtime):
    assert not (runtime.unpacked.folder / "apt").exists()


def test_two_services_run_side_by_side(runtime):
    with runtime.serve() as one, runtime.serve() as other:
        assert one.port != other.port
        with one.remote() as first, other.remote() as second:
            first.send()
            second.send()
    assert not one.running
    assert not os.path.exists(one.folder)


def test_a_program_meets_the_runtime(runtime, service):
    result = runtime.python("-m", "vrnn.cli.probe", "openxr", service=service)
    found = json.loads(result.stdout.splitlines()[-1])
    assert "Monado" in found["runtime"]
    assert "Remote" in found["headset"]
    assert "XR_KHR_composition_layer_depth" in found["extras"]
    assert machine_report.openxr(found)[-1].part == "it has"
