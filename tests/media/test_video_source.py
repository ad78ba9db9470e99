import importlib.util
import shutil
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.video_source import VideoSource

NEEDS_OPENCV = pytest.mark.skipif(
    importlib.util.find_spec("cv2") is None, reason="needs opencv-python-headless"
)


def frames(live, count, seconds=10.0):
    """So many frames, as they come."""
    found = []
    end = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < end, f"only {len(found)} frames came; {live.problem}"
        frame = live.frame()
        if frame is None:
            time.sleep(0.001)
        else:
            found.append(frame)
    return found


def problem(live, seconds=10.0):
    end = time.monotonic() + seconds
    while not live.problem:
        assert time.monotonic() < end, "no problem was told"
        time.sleep(0.005)
    return live.problem


@pytest.fixture
def folder(tmp_path):
    """Frames 1, 2, 3 and 10, each as gray as its number times 20, and what is no frame."""
    path = tmp_path / "frames"
    path.mkdir()
    for number in (1, 2, 3, 10):
        Image.new("RGB", (8, 6), (number * 20,) * 3).save(path / f"frame{number}.png")
    (path / "notes.txt").write_text("no frame")
    return path


def grays(found):
    return [int(frame[0, 0, 0]) // 20 for frame in found]


def test_a_folder_in_natural_order_again_and_again(folder):
    with VideoSource(str(folder), fps=50) as live:
        found = frames(live, 6)
        assert live.problem == ""
        assert live.skipped == 0
    assert all(f.shape == (6, 8, 3) and f.dtype == np.uint8 for f in found)
    # A busy machine may miss one, but never shows them out of order.
    assert grays(found)[0] == 1
    order = (1, 2, 3, 10)
    steps = [(order.index(b) - order.index(a)) % 4 for a, b in pairwise(grays(found))]
    assert steps.count(1) >= 3


def test_frames_come_at_the_pace_asked_for(folder):
    with VideoSource(str(folder), fps=40) as live:
        frames(live, 1)
        started = time.monotonic()
        frames(live, 20)
        seconds = time.monotonic() - started
        assert seconds > 0.4  # no faster than asked for
        assert 5 < live.rate < 48


def test_the_newest_frame_wins(folder):
    with VideoSource(str(folder), fps=200) as live:
        frames(live, 1)
        time.sleep(0.2)
    assert live.frame() is not None
    assert live.frame() is None  # some forty have come, one was kept


def test_no_frames_no_rate(folder):
    with VideoSource(str(folder)) as live:
        assert live.rate == 0
        frames(live, 1)
        assert live.rate == 0.5


def test_frames_that_cannot_be_read_are_counted(folder):
    (folder / "frame2.png").write_bytes(b"half a fra")
    with VideoSource(str(folder), fps=100) as live:
        assert 2 not in grays(frames(live, 6))
        assert live.skipped >= 1
        assert live.problem == ""
        assert "frame2.png" in live.fault
        assert live.fault.endswith("what cannot be read is left out")


def test_frames_may_be_added(folder):
    with VideoSource(str(folder), fps=100) as live:
        frames(live, 2)
        Image.new("RGB", (8, 6), (240, 240, 240)).save(folder / "frame12.png")
        assert 12 in grays(frames(live, 30))


def test_a_folder_that_goes_away_or_holds_nothing(folder, tmp_path):
    with VideoSource(str(folder), fps=100) as live:
        frames(live, 2)
        shutil.rmtree(folder)
        assert "frames" in problem(live)
        live._thread.join(5)
        assert not live._thread.is_alive()
        live.frame()
        assert live.frame() is None
    (tmp_path / "empty").mkdir()
    with VideoSource(str(tmp_path / "empty")) as live:
        assert "no image in" in problem(live)


@pytest.mark.parametrize("source", ["", "nothing.mp4", "-1", "²"])
def test_no_such_source(source):
    with pytest.raises(VrnnError, match="a camera is given by its number"):
        VideoSource(source)


@pytest.mark.parametrize("pace", [0, -1, float("nan"), float("inf")])
def test_no_such_pace(folder, pace):
    with pytest.raises(VrnnError, match="frames per second"):
        VideoSource(str(folder), pace)


def test_the_thread_ends_when_it_is_closed(folder):
    live = VideoSource(str(folder), fps=0.01)
    frames(live, 1)
    live.close()
    assert not live._thread.is_alive()
    assert live.frame() is None  # the next one is due in 100 s


def test_cameras_and_videos_say_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cv2", None)  # as where it is not installed
    (tmp_path / "a.mp4").write_bytes(b"")
    for source in ("0", str(tmp_path / "a.mp4")):
        with pytest.raises(VrnnError, match="pip install opencv-python-headless"):
            VideoSource(source)


@NEEDS_OPENCV
def test_a_video_runs_again_and_again(tmp_path):
    import cv2

    path = str(tmp_path / "a.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 100, (64, 48))
    for number in range(5):
        writer.write(np.full((48, 64, 3), (0, 0, 40 + number * 40), np.uint8))  # red, in BGR
    writer.release()
    seen = {}
    with VideoSource(path) as live:
        # The newest frame wins: what a loaded machine misses in one round comes in another.
        while len(seen) < 5:
            (frame,) = frames(live, 1)
            assert (frame.shape, frame.dtype) == ((48, 64, 3), np.uint8)
            assert frame[20, 20, 1:].max() < 20
            seen[round(int(frame[20, 20, 0]) / 40)] = frame[20, 20, 0]
        last = max(seen)
        while (again := round(int(frames(live, 1)[0][20, 20, 0]) / 40)) >= last:
            continue
        assert live.problem == ""
    assert {number: int(red) for number, red in seen.items()} == {
        number: pytest.approx(40 * number, abs=8) for number in range(1, 6)
    }
    assert again < last  # it began again


@NEEDS_OPENCV
def test_what_is_no_video_and_a_camera_that_is_not_there(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with VideoSource(str(tmp_path / "a.mp4")) as live:
        assert "not a video" in problem(live)
    with VideoSource("87") as live:
        assert "camera 87 cannot be opened" in problem(live)
        live._thread.join(5)
        assert not live._thread.is_alive()
