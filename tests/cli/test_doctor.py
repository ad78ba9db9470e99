"""`vrnn doctor`: what it finds, what it says is missing, and that broken drivers do not end it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.window import display
from vrnn.cli import machine_report, probe
from vrnn.cli.machine_report import Finding

__all__ = ["display"]

GL = {
    "version": "4.5 (Core Profile) Mesa",
    "renderer": "llvmpipe",
    "vendor": "Mesa",
    "layers": 2048,
    "size": 16384,
    "map_bytes": 3 << 30,
    "no_interop": "cuda-bindings is not there",
    "upload_bytes": 5.0 * 2**30,
    "samples": 4,
    "half_floats": True,
    "stereo": ["two"],
}
BROKEN = {"error": "libEGL is not there"}


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.part: finding.state for finding in findings}


@pytest.fixture
def no_screen(monkeypatch):
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("WAYLAND_DISPLAY", "")


def test_this_machine(run_vrnn):
    result = run_vrnn("doctor", DISPLAY="", WAYLAND_DISPLAY="")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("vrnn can run here.\n")
    for part in ("OpenGL 4", "texture arrays", "torch", "cpu (", "moderngl", "typeface"):
        assert part in result.stdout
    assert "missing" not in result.stdout


def test_columns_are_aligned(run_vrnn):
    lines = run_vrnn("doctor", DISPLAY="", WAYLAND_DISPLAY="").stdout.splitlines()
    rows = [line for line in lines if line.startswith(("  ok ", "  absent "))]
    starts = {line.index(line.split(maxsplit=1)[1]) for line in rows}
    assert len(rows) > 15
    assert len(starts) == 1


ANSWERS = {
    "egl": ("version", "renderer", "size", "half_floats", "stereo"),
    "window": ("version", "renderer", "screen"),
    "torch": ("version", "devices", "built_for", "conversion", "packs_weights"),
    "openxr": ("runtime", "version", "headset", "size"),
}
"""What each probe tells of its part of the machine."""


def test_every_probe_has_an_answer_to_be_tested():
    assert ANSWERS.keys() == probe.PROBES.keys()


@pytest.mark.parametrize("name", ["egl", "torch"])
def test_a_probe_tells_what_is_there(name):
    answer = machine_report.probe(name)
    assert "error" not in answer, answer
    assert answer.keys() >= set(ANSWERS[name])
    assert all(answer[key] for key in ANSWERS[name])


def test_a_window_is_tried_on_the_screen_that_there_is(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    answer = machine_report.probe("window")
    assert "error" not in answer, answer
    assert answer["screen"].startswith("1280x800")
    assert answer["version"].startswith(("4", "5"))


@pytest.mark.usefixtures("no_screen")
def test_a_window_without_a_screen_is_an_error():
    answer = machine_report.probe("window")
    assert list(answer) == ["error"]
    assert len(answer["error"]) > 10


def test_openxr_without_a_runtime_is_an_error_that_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("XR_RUNTIME_JSON", str(tmp_path / "none.json"))
    answer = machine_report.probe("openxr")
    assert list(answer) == ["error"]
    assert "none.json" in answer["error"]


def test_a_driver_that_ends_its_process_is_told(monkeypatch):
    monkeypatch.setattr(machine_report.sys, "executable", "/bin/false")
    assert "ended the program" in machine_report.probe("egl")["error"]


def test_a_driver_that_hangs_is_told(monkeypatch, tmp_path):
    sleeper = tmp_path / "sleeper"
    sleeper.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(30)\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(machine_report.sys, "executable", str(sleeper))
    monkeypatch.setattr(machine_report, "PROBE_SECONDS", 0.5)
    assert "no answer" in machine_report.probe("egl")["error"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is of Linux")
@pytest.mark.usefixtures("no_screen")
class TestWithoutAScreen:
    def test_pictures_are_enough(self):
        found = states(machine_report.opengl(GL, BROKEN))
        assert found["without a screen"] == "ok"
        assert found["in a window"] == "absent"
        assert "missing" not in found.values()

    def test_with_no_opengl_at_all_it_names_what_to_install(self):
        findings = machine_report.opengl(BROKEN, BROKEN)
        assert findings[0].state == "missing"
        assert findings[0].value == BROKEN["error"]
        assert findings[0].advice == machine_report.install("gl")

    def test_half_floats_are_needed(self):
        findings = machine_report.opengl(GL | {"half_floats": False}, BROKEN)
        assert states(findings)["half floats"] == "missing"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is of Linux")
def test_with_a_screen_a_window_is_needed(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":7")
    assert states(machine_report.opengl(BROKEN, GL))["without a screen"] == "absent"
    assert "missing" not in states(machine_report.opengl(BROKEN, GL)).values()
    assert states(machine_report.opengl(GL, BROKEN))["in a window"] == "missing"


def test_torch_that_does_not_import():
    (finding,) = machine_report.pytorch({"error": "libcudart.so is not there"})
    assert finding.state == "missing"
    assert finding.advice.endswith("-m pip install torch")


@pytest.mark.parametrize(("way", "state"), [("wide", "ok"), ("plain", "ok"), ("torch", "absent")])
def test_what_makes_maps_and_what_would_make_them_faster(way, state):
    found = {"version": "2.13.0", "built_for": "no CUDA", "devices": ["cpu"], "conversion": way}
    found["packs_weights"] = way == "wide"
    by_name = {finding.part: finding for finding in machine_report.pytorch(found)}
    maps = by_name["maps are made"]
    assert ("live images run" in by_name) == found["packs_weights"]
    assert maps.state == state
    assert ("slower" in maps.value) == bool(maps.advice) == (way == "torch")


def test_a_headset_is_never_needed():
    assert states(machine_report.openxr({"error": "no loader"}))["runtime"] == "absent"
    found = {"runtime": "Monado", "version": "25.0.0", "headset": "Remote", "size": [320, 240]}
    extras = ["XR_KHR_visibility_mask", "XR_EXT_unheard_of"]
    (*_, runtime, headset, has) = machine_report.openxr({**found, "extras": extras})
    assert runtime == Finding("runtime", "Monado 25.0.0")
    assert headset == Finding("headset", "Remote, 320×240 for each eye")
    assert has == Finding("it has", "visibility mask")


@pytest.mark.parametrize("way", ["multiview", "layer", "two"])
def test_how_both_eyes_are_drawn(way):
    found = machine_report.opengl({**GL, "stereo": [way, "two"]}, BROKEN)
    (value,) = [finding.value for finding in found if finding.part == "both eyes"]
    assert ("one pass" in value) == (way != "two")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it in the registry")
def test_where_the_runtime_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XR_RUNTIME_JSON", "/somewhere/runtime.json")
    assert machine_report.xr_manifest() == Path("/somewhere/runtime.json")
    monkeypatch.delenv("XR_RUNTIME_JSON")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "openxr/1/active_runtime.json"
    own.parent.mkdir(parents=True)
    own.touch()
    assert machine_report.xr_manifest() == own


def test_a_package_that_is_not_there():
    finding = machine_report._package("vrnn-is-no-such-package", "missing")
    assert (finding.value, finding.state) == ("not installed", "missing")
    assert finding.advice.endswith("pip install vrnn-is-no-such-package")


@pytest.mark.parametrize("manager", [*machine_report.INSTALLERS, "none"])
@pytest.mark.parametrize("part", list(machine_report.ADVICE_WITHOUT_PACKAGES))
def test_there_is_advice_for_every_part(monkeypatch, manager, part):
    monkeypatch.setattr(machine_report.shutil, "which", lambda name: name == manager)
    advice = machine_report.install(part)
    known = manager in machine_report.INSTALLERS and part != "openxr"
    assert (f"{manager} " in advice) == known
    assert advice


def test_who_is_not_root_is_given_sudo(monkeypatch):
    monkeypatch.setattr(machine_report.shutil, "which", lambda name: name == "apt-get")
    monkeypatch.setattr(machine_report.os, "geteuid", lambda: 1000, raising=False)
    assert machine_report.install("gl").startswith("sudo apt-get install -y ")
    monkeypatch.setattr(machine_report.os, "geteuid", lambda: 0, raising=False)
    assert machine_report.install("gl").startswith("apt-get install -y ")


def test_the_report_ends_with_a_verdict():
    sections = {"A": [Finding("x", "1"), Finding("longer", "2", "missing", "do this")]}
    expected = (
        "A\n"
        "  ok       x       1\n"
        "  missing  longer  2\n"
        "                   → do this\n"
        "\n"
        "Missing: longer."
    )
    assert machine_report.report(sections) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not end probes")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_it_is_ended_a_probe_that_hangs_in_a_driver_ends_too(tmp_path, number):
    held = tmp_path / "held"
    os.mkfifo(held)
    (tmp_path / "moderngl.py").write_text(
        f"import os, time\nheld = open({str(held)!r}, 'w')\nheld.write('here')\nheld.flush()\n"
        "while True: time.sleep(9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with subprocess.Popen(
        [sys.executable, "-m", "vrnn", "doctor"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as doctor, held.open() as stream:  # fmt: skip
        assert stream.read(4) == "here"
        doctor.send_signal(number)
        assert doctor.wait(60) == -number
        while True:  # another probe may have begun meanwhile; the end comes when none is left
            assert select.select([stream], [], [], 60)[0], "a probe runs on"
            if not os.read(stream.fileno(), 100):
                break


@pytest.mark.parametrize(
    ("drawing", "devices", "told"),
    [
        (GL, ["cpu (x86_64, 2 threads)"], []),
        (GL, ["cpu", "cuda:0 (Some GPU, 8 GiB)"], ["absent"]),
        ({**GL, "no_interop": ""}, ["cpu", "cuda:0 (Some GPU, 8 GiB)"], ["ok"]),
        (BROKEN, ["cpu", "cuda:0 (Some GPU, 8 GiB)"], ["absent"]),
    ],
)
def test_which_way_the_maps_of_a_cuda_model_go_is_told(drawing, devices, told):
    findings = machine_report.maps_from_cuda(drawing, {"devices": devices})
    assert [finding.state for finding in findings] == told
    assert all(drawing.get("no_interop", "nothing") in f.value for f in findings)


def test_how_passes_leave_room_for_a_headset_is_told_where_there_is_cuda():
    assert machine_report.passes_beside_frames({"error": "libcudart.so is not there"}) == []
    assert machine_report.passes_beside_frames({"priorities": []}) == []
    (finding,) = machine_report.passes_beside_frames({"priorities": [0, -5]})
    assert finding.value.endswith("priority 0 for passes, -5 for what frames wait for")
    (finding,) = machine_report.passes_beside_frames({"priorities": [0, 0]})
    assert finding.value.endswith("the GPU has no priorities")
