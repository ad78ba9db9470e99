"""Sessions with the real runtime, each in a process of its own; see session_probe.py."""

from __future__ import annotations

import json
from math import atan, cos, sin

import numpy as np
import pytest

from tests.xr.service import EyeView

UNIT = 280
"""Pixels of a tangent of 1, with pictures of 640×480: pixels are square, edges on whole ones."""
APART = 0.064
WHOLE_LIFE = [
    *("IDLE", "READY", "SYNCHRONIZED", "VISIBLE", "FOCUSED"),
    *("VISIBLE", "SYNCHRONIZED", "STOPPING", "IDLE", "EXITING"),
]


def edges(left, right, up, down):
    return tuple(atan(pixels / UNIT) for pixels in (left, right, up, down))


OUTWARD = (
    EyeView(edges(-364, 276, 280, -200), (-APART / 2, 0.0, 0.0)),
    EyeView(edges(-276, 364, 280, -200), (APART / 2, 0.0, 0.0)),
)
"""Eyes that see further to their own side, and further up than down."""


def look(pitch, yaw):
    """A head that is turned to the left by yaw and then up by pitch, radians."""
    cy, sy, cp, sp = cos(yaw / 2), sin(yaw / 2), cos(pitch / 2), sin(pitch / 2)
    return (cy * sp, sy * cp, -sy * sp, cy * cp)


def ordered(folder, **asked):
    return ["-m", "tests.xr.session_probe", str(folder), *(f"{k}={v}" for k, v in asked.items())]


def reported_by(runtime, service, folder, **asked):
    result = runtime.python(*ordered(folder, **asked), service=service)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads((folder / "report.json").read_text())


@pytest.mark.parametrize(
    ("stereo", "samples"), [("multiview", 0), ("layer", 4), ("two", 0), ("auto", 4)]
)
def test_both_eyes_see_what_flat_pictures_show(runtime, service, tmp_path, stereo, samples):
    rig = ([-5.5, 0.3, 4.0], 0.4, 1.5)
    with service.remote() as remote:
        remote.send((0.1, 1.5, 0.2), look(-0.15, 0.2), views=OUTWARD)
        report = reported_by(
            runtime, service, tmp_path, frames=14, keep=12, resolution=2, stereo=stereo,
            samples=samples, rig=json.dumps(rig),
        )  # fmt: skip
    assert report["size"] == [640, 480]
    assert report["samples"] == samples
    assert report["gl"] == "GL_NO_ERROR"
    if stereo != "auto":
        assert report["stereo"] == stereo
    kept = report["kept"]["12"]
    assert kept["opacity"] == 0
    seen = [np.load(tmp_path / f"12-{layer}.npy").astype(int) for layer in (0, 1)]
    flat = [np.load(tmp_path / f"12-{layer}-flat.npy").astype(int) for layer in (0, 1)]
    for mine, expected in zip(seen, flat, strict=True):
        assert expected.std() > 15
        differing = np.abs(mine - expected).max(-1) > 3
        assert differing.mean() < 1e-3
        # Not the other eye's, not upside down, not mirrored.
    assert (np.abs(seen[0] - flat[1]).max(-1) > 3).mean() > 0.03
    for wrong in (flat[0][::-1], flat[0][:, ::-1]):
        assert (np.abs(seen[0] - wrong).max(-1) > 3).mean() > 0.03
    # The eyes stand where the head and the headset have them.
    (left, turned, fov), (right, _, other) = kept["eyes"]
    assert np.linalg.norm(np.subtract(left, right)) == pytest.approx(APART, abs=1e-5)
    assert np.allclose(np.add(left, right) / 2, (0.1, 1.5, 0.2), atol=1e-5)
    assert np.allclose(turned, look(-0.15, 0.2), atol=1e-5)
    assert np.allclose(fov, OUTWARD[0].fov, atol=1e-5)
    assert np.allclose(other, OUTWARD[1].fov, atol=1e-5)


def test_the_depth_that_is_handed_over_is_that_of_the_picture(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send(views=OUTWARD)
        reported_by(runtime, service, tmp_path, frames=10, keep=8, resolution=2)
    for layer in (0, 1):
        depth = np.load(tmp_path / f"8-{layer}-depth.npy")
        picture = np.load(tmp_path / f"8-{layer}.npy").astype(int)
        near, far = 0.05, 4000.0
        meters = 2 * near * far / (far + near - (2 * depth - 1) * (far - near))
        something = meters < far / 2
        assert 0.05 < something.mean() < 0.95
        assert 2 < meters[something].min() < 12  # the input, before which one stands
        behind = picture[~something]  # the sky, and lines of the floor and of text
        assert np.median(np.abs(behind - np.median(behind, 0)).max(-1)) <= 4


def test_a_whole_life_and_another(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send()
        report = reported_by(runtime, service, tmp_path, frames=4, sessions=2)
    assert report["states"] == [WHOLE_LIFE, WHOLE_LIFE]
    assert report["frames"] >= 8
    assert report["open_frames"] == 0
    assert report["errors"] == []
    assert report["gl"] == "GL_NO_ERROR"


def test_a_runtime_that_forgets_the_context(runtime, service, tmp_path):
    """Some leave none behind after their calls; drawing goes on all the same."""
    with service.remote() as remote:
        remote.send(views=OUTWARD)
        report = reported_by(
            runtime, service, tmp_path, frames=12, keep=10, resolution=2, forgetful=1, sessions=2
        )
    assert report["gl"] == "GL_NO_ERROR"
    for layer in (0, 1):
        mine, flat = (np.load(tmp_path / f"10-{layer}{what}.npy") for what in ("", "-flat"))
        assert flat.std() > 15
        assert (np.abs(mine.astype(int) - flat).max(-1) > 3).mean() < 1e-3


def test_what_is_drawn_first_comes_gently(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send(views=OUTWARD)
        report = reported_by(runtime, service, tmp_path, frames=14, keep="0,1,2,12", resolution=2)
    first = min(report["kept"], key=int)  # none before the headset is worn
    assert report["kept"][first]["opacity"] > 0.5
    veiled, clear = (np.load(tmp_path / f"{n}-0.npy") for n in (first, 12))
    assert veiled.std() < 0.5 * clear.std()


def test_the_runtime_is_killed_in_mid_frame(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send()
        process = runtime.start(*ordered(tmp_path, frames=2000), service=service)
        with process:
            for line in process.stdout:
                if line.strip() == "DRAWN":
                    break
            service.kill()
            process.wait(30)
            errors = process.stderr.read()
    assert process.returncode == 0, errors
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["frames"] >= 3
    assert_lost(report)


def assert_lost(report):
    assert report["open_frames"] == 0
    assert len(report["errors"]) == 1
    assert "runtime is gone" in report["errors"][0]
    assert report["gl"] == "GL_NO_ERROR"


def test_the_runtime_is_gone_when_images_are_handed_back(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send()
        report = reported_by(runtime, service, tmp_path, frames=2000, lost_release=4)
    assert report["frames"] == 4
    assert_lost(report)


def refused(runtime, tmp_path, service=None, **environment):
    result = runtime.python(*ordered(tmp_path), service=service, **environment)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


def test_a_manifest_that_is_not_there(runtime, tmp_path):
    sentence = refused(runtime, tmp_path, XR_RUNTIME_JSON=str(tmp_path / "none.json"))
    assert "XR_RUNTIME_JSON names" in sentence
    assert "none.json" in sentence


@pytest.mark.parametrize("text", ["", "{}", '{"runtime": {"library_path": "/nowhere.so"}}'])
def test_a_manifest_that_names_nothing(runtime, tmp_path, text):
    manifest = tmp_path / "runtime.json"
    manifest.write_text(text)
    assert "cannot be loaded" in refused(runtime, tmp_path, XR_RUNTIME_JSON=str(manifest))


def test_a_runtime_that_does_not_answer(runtime, tmp_path):
    sentence = refused(runtime, tmp_path, MONADO_RUN=str(tmp_path))
    assert "does not answer" in sentence


ASK = """
import sys
from vrnn.render.context import offscreen_context
from vrnn.xr import runtime
from vrnn.xr.runtime import HeadsetError, Runtime
ctx = offscreen_context()
try:
    {}
except HeadsetError as error:
    print(error)
"""


def asked(runtime, service, code):
    result = runtime.python("-c", ASK.format(code), service=service)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_runtime_without_what_drawing_needs(runtime, service):
    sentence = asked(runtime, service, 'Runtime(("XR_KHR_opengl_enable_not",))')
    assert "offers no XR_KHR_opengl_enable_not" in sentence


def test_a_runtime_without_such_a_headset(runtime, service):
    code = 'runtime.FORM_FACTOR = "HANDHELD_DISPLAY"; Runtime()'
    assert "has no headset; connect one" in asked(runtime, service, code)


WHERE = """
import xr
from vrnn.config.loader import load_config
from vrnn.scene.headset.tracking_loss import head_of
from vrnn.xr.refresh_rate import read_refresh_rate
from vrnn.xr.session import HeadsetSession
offered = xr.enumerate_reference_spaces
xr.enumerate_reference_spaces = lambda session: [
    kind for kind in offered(session) if xr.ReferenceSpaceType(kind).name in {names}
]
with HeadsetSession(ctx, load_config().headset) as headset:
    head = None
    while head is None:
        headset.poll()
        if not headset.running:
            time.sleep(0.01)
            continue
        with headset.frame() as frame:
            eyes, tracked = frame.eyes()
            head = head_of(eyes) if tracked else None
    rate = read_refresh_rate(headset.runtime, headset.session)
    print(headset.stage_kind, head.position[1], rate, sep="|")
"""


@pytest.mark.parametrize(
    ("names", "kind"), [(["STAGE", "LOCAL", "VIEW"], "stage"), (["LOCAL", "VIEW"], "local")]
)
def test_the_floor_is_below(runtime, service, names, kind):
    """By the stage, or where the runtime has none, by where heads are as a rule."""
    with service.remote() as remote:
        remote.send((0.0, 1.6, 0.0))
        code = ASK.format("pass") + WHERE.format(names=names)
        result = runtime.python("-c", code, service=service)
    assert result.returncode == 0, result.stderr
    found, height, rate = result.stdout.strip().split("|")
    assert found == kind
    assert float(height) == pytest.approx(1.6, abs=0.05)
    assert float(rate) > 10


def test_a_runtime_that_takes_no_more_programs(runtime, service):
    code = (
        "from vrnn.config.loader import load_config; from vrnn.xr.session import HeadsetSession; "
        "first = HeadsetSession(ctx, load_config().headset); "
        "HeadsetSession(ctx, load_config().headset)"
    )
    assert "accepts no more programs" in asked(runtime, service, code)


def test_a_runtime_that_refuses_the_session(runtime, service):
    """Monado makes none before it was asked what OpenGL it wants."""
    code = (
        "from vrnn.config.loader import load_config; "
        "from vrnn.xr import graphics_binding as graphics; "
        "from vrnn.xr.session import HeadsetSession; graphics.check_version = lambda *_: None; "
        "HeadsetSession(ctx, load_config().headset)"
    )
    assert "the headset's runtime refuses" in asked(runtime, service, code)
