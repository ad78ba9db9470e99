"""A real window beside a headset: Xvfb shows it, the runtime draws nothing (or for real)."""

from __future__ import annotations

import signal
import time
from itertools import cycle

import numpy as np
import pytest
from PIL import Image

from tests.support.window import ask_to_close, differs
from tests.xr.composed import composed_picture
from tests.xr.service import SECONDS, EyeView
from tests.xr.worn_window import Worn


@pytest.fixture
def start(runtime, display, tmp_path):
    running = []

    def start(service, *words: str, **environment: str) -> Worn:
        running.append(Worn(runtime, service, display, tmp_path, *words, **environment))
        return running[-1]

    yield start
    for one in running:
        one.close()


def config(tmp_path, text: str) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return ["--config", str(path)]


def world_of(picture):
    """The part between the panels."""
    return picture[60:340, 320:650]


def test_the_window_goes_on_when_the_runtime_dies_and_connects_again(start, service):
    with service.remote() as remote:
        remote.send()
        vrnn = start(service, "--xr")
        vrnn.worn()
        vrnn.wait_for(lambda: world_of(vrnn.shot()).std() > 10)
        worn = still(vrnn)
        remote.send(head=(0.0, 1.6, -2.0))
        # The monitor shows what the eyes see.
        vrnn.wait_for(lambda: differs(worn, world_of(vrnn.shot())) > 0.05)
        nearer = still(vrnn)
    service.kill()
    vrnn.wait_for(lambda: differs(nearer, world_of(vrnn.picture())) > 0.05)
    flat = world_of(vrnn.picture())
    service.start()
    with service.remote() as remote:
        remote.send(head=(0.0, 1.6, -2.0))
        vrnn.press("ctrl+p")
        vrnn.wait_for(lambda: differs(flat, world_of(vrnn.picture())) > 0.01)
        vrnn.xdotool("type", "--delay", "60", "enter the headset")
        vrnn.picture()
        vrnn.press("Return")
        # Where one was before.
        vrnn.wait_for(lambda: differs(nearer, world_of(vrnn.shot())) < 0.02)
        assert differs(flat, world_of(vrnn.shot())) > 0.05
    assert vrnn.close() == 130
    assert "Traceback" not in (vrnn.folder / "log.txt").read_text()


def still(vrnn, part=world_of):
    """A part of the picture, that between the panels, once three pictures of it are alike."""
    seen = [part(vrnn.shot())]

    def is_still() -> bool:
        time.sleep(0.4)  # so that a slow machine has drawn anew
        seen.append(part(vrnn.shot()))
        return len(seen) > 2 and all(differs(a, seen[-1]) < 0.005 for a in seen[-3:])

    vrnn.wait_for(is_still)
    return seen[-1]


def test_closing_the_window_ends_the_session_first(start, service, display):
    with service.remote() as remote:
        remote.send()
        vrnn = start(service, "--xr")
        vrnn.worn()
        ask_to_close(display, int(vrnn.window))
        assert vrnn.process.wait(20) == 0
    assert service.running
    assert "Traceback" not in vrnn.output()


def test_ctrl_c_while_it_is_worn(start, service):
    with service.remote() as remote:
        remote.send()
        vrnn = start(service, "--xr")
        vrnn.worn()
        vrnn.process.send_signal(signal.SIGINT)
        assert vrnn.process.wait(20) == 130
    said = vrnn.output()
    assert "interrupted" in said
    assert "Traceback" not in said


def upper_part(picture):
    """What lies above the legend and a hint."""
    return picture[: picture.shape[0] * 2 // 3]


def without_panels(vrnn):
    """Put the panels away."""
    shown = still(vrnn, lambda picture: picture)
    vrnn.press("F2")
    vrnn.wait_for(lambda: differs(shown, vrnn.shot()) > 0.2)


@pytest.mark.parametrize("mirror", ["both", "free"])
def test_what_the_monitor_shows(start, service, tmp_path, mirror):
    with service.remote() as remote:
        eyes = [EyeView(position=(d, 0.0, 0.0)) for d in (-0.25, 0.25)]
        remote.send(views=eyes)
        vrnn = start(service, "--xr", *config(tmp_path, f'[headset]\nmirror = "{mirror}"\n'))
        vrnn.worn()
        without_panels(vrnn)
        before = still(vrnn, upper_part)
        remote.send(head=(1.0, 1.6, -1.0), views=eyes)
        if mirror == "both":
            vrnn.wait_for(lambda: differs(before, upper_part(vrnn.shot())) > 0.05)
            width = before.shape[1]
            halves = before[:, : width // 2], before[:, width // 2 :]
            assert min(half.std() for half in halves) > 10
            assert differs(*halves) > 0.03  # each from its own eye
        else:
            # Panels come and go: frames have been drawn since the head was moved.
            vrnn.press("F2")
            vrnn.wait_for(lambda: differs(before, upper_part(vrnn.shot())) > 0.2)
            without_panels(vrnn)
            # It has an eye of its own.
            vrnn.wait_for(lambda: differs(before, upper_part(vrnn.shot())) < 0.01)


def test_relevance_is_seen_by_both_eyes(start, service, tmp_path):
    def saturated() -> list[float]:
        """Of what each eye sees: the part that is orange, or black, as relevance and nothing is."""
        picture = vrnn.shot()
        rows = picture[: picture.shape[0] * 2 // 3]
        parts = []
        for half in np.split(rows[:, : rows.shape[1] // 2 * 2], 2, axis=1):
            red, green, blue = half[..., 0], half[..., 1], half[..., 2]
            parts.append(float(((red > 1.3 * green) & (green > 1.3 * blue) & (red > 60)).mean()))
        return parts

    with service.remote() as remote:
        remote.send()
        vrnn = start(service, "--xr", *config(tmp_path, '[headset]\nmirror = "both"\n'))
        vrnn.worn()
        without_panels(vrnn)
        before = saturated()
        vrnn.press("r")
        vrnn.wait_for(lambda: min(saturated()) > max(before) + 0.02)
        vrnn.press("r")
        vrnn.wait_for(lambda: max(saturated()) < max(before) + 0.01)
    assert vrnn.close() == 130
    assert "Traceback" not in (vrnn.folder / "log.txt").read_text()


def test_keys_and_panels_work_while_it_is_worn(start, service):
    with service.remote() as remote:
        remote.send()
        vrnn = start(service, "--xr")
        vrnn.worn()
        terrace = still(vrnn)
        vrnn.press("Tab")  # the conveyor
        vrnn.wait_for(lambda: differs(terrace, world_of(vrnn.shot())) > 0.05)
        conveyor = still(vrnn)
        vrnn.press("ctrl+p")
        vrnn.wait_for(lambda: differs(conveyor, world_of(vrnn.shot())) > 0.01)
        palette = still(vrnn)
        vrnn.xdotool("type", "--delay", "60", "leave the headset")
        vrnn.wait_for(lambda: differs(palette, world_of(vrnn.shot())) > 0.005)
        still(vrnn)
        vrnn.press("Return")
        heads = cycle(((1.5, 1.2, -1.0), (0.0, 1.6, 0.0)))

        def nobody_wears_it() -> bool:
            before = world_of(vrnn.picture())
            remote.send(head=next(heads))
            time.sleep(1.5)
            return differs(before, world_of(vrnn.picture())) < 0.01

        vrnn.wait_for(nobody_wears_it)
        assert nobody_wears_it()
    assert vrnn.close() == 130
    assert "Traceback" not in (vrnn.folder / "log.txt").read_text()


def test_auto_is_the_window_alone_where_there_is_no_headset(start, tmp_path):
    vrnn = start(None, "--xr", "auto", XR_RUNTIME_JSON=str(tmp_path / "none.json"))
    vrnn.ready()
    assert "headset " not in vrnn.output()


def test_on_needs_a_headset(start, tmp_path):
    vrnn = start(None, "--xr", XR_RUNTIME_JSON=str(tmp_path / "none.json"))
    assert vrnn.process.wait(60) == 2
    lines = [line for line in vrnn.output().splitlines() if line.startswith("vrnn:")]
    assert len(lines) == 1
    assert "none.json" in lines[0]


def test_without_a_display_the_headset_alone(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send()
        environment = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
        words = ("-m", "vrnn", "--xr", "--timings")
        process = runtime.start(*words, service=service, **environment)
        with process:
            said = []
            for line in process.stderr:  # until it shows them, or ends
                said.append(line)
                if line.startswith("headset "):
                    break
            assert process.poll() is None, "".join(said)
            service.kill()
            assert process.wait(SECONDS) == 2
            said = "".join(said) + process.stderr.read()
    assert "vrnn: the headset's runtime is gone" in said
    assert "Traceback" not in said


def test_the_composed_picture(runtime, display, tmp_path):
    """The runtime's own compositor shows both eyes side by side, each as it was drawn."""
    own = {
        "XRT_COMPOSITOR_NULL": "", "XRT_COMPOSITOR_FORCE_XCB": "1", "DISPLAY": display,
        "XRT_COMPOSITOR_XCB_FULLSCREEN": "",
    }  # fmt: skip
    with runtime.serve(**own) as service, service.remote() as remote:
        remote.send()  # with the field of view that its compositor has
        process = runtime.start(
            "-m", "tests.xr.session_probe", str(tmp_path), "frames=100000", "keep=30",
            "resolution=0.5", service=service,
        )  # fmt: skip
        with process:
            composed = composed_picture(process, display, tmp_path, tmp_path / "30-1.npy")
            process.terminate()
    width = composed.shape[1] // 2
    halves = [composed[:, :width].astype(int), composed[:, width : 2 * width].astype(int)]
    size = (width, composed.shape[0])
    eyes = []
    for layer in (0, 1):
        picture = Image.fromarray(np.load(tmp_path / f"30-{layer}.npy"))
        eyes.append(np.asarray(picture.resize(size, Image.Resampling.BILINEAR)).astype(int))
    same = [np.abs(half - eye).mean() for half, eye in zip(halves, eyes, strict=True)]
    swapped = [np.abs(half - eye).mean() for half, eye in zip(halves, eyes[::-1], strict=True)]
    assert max(same) < 2.5, (same, swapped)
    assert max(same) < 0.5 * min(swapped), (same, swapped)
