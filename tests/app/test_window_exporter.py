"""A video that is recorded in the window goes on frame by frame, and can be stopped."""

from types import SimpleNamespace

import numpy as np
import pytest

from vrnn.app.window_exporter import WindowExporter
from vrnn.errors import VrnnError
from vrnn.export.video import VideoWriter


class Frames:
    """Writes ten frames, in place of drawn ones."""

    def record_video(self, file, eyes, seconds, rate, size):
        with VideoWriter(file, rate) as video:
            for number in range(10):
                video.add(np.full((32, 32, 3), 20 * number, np.uint8))
                yield (number + 1) / 10


@pytest.fixture
def notes():
    return []


@pytest.fixture
def exporter(notes):
    return WindowExporter(None, Frames(), SimpleNamespace(viewpoints={}), notes.append)


def begin(exporter, file):
    exporter.record_video(file, (), 1.0, 10.0, (32, 32))


def test_a_stopped_video_is_not_saved_and_another_can_begin(exporter, notes, tmp_path):
    assert not exporter.stop_video()
    begin(exporter, tmp_path / "a.mp4")
    assert exporter.advance() == "video 10% · Esc stops it"
    with pytest.raises(VrnnError, match="stop it by Esc"):
        begin(exporter, tmp_path / "b.mp4")
    assert exporter.stop_video()
    assert notes == ["video stopped; nothing is saved"]
    assert list(tmp_path.iterdir()) == []
    assert exporter.advance() == ""
    begin(exporter, tmp_path / "b.mp4")
    while exporter.advance():
        pass
    assert notes[1:] == ["video saved"]
    assert [file.name for file in tmp_path.iterdir()] == ["b.mp4"]


def test_images_of_a_stopped_video_stay_in_their_folder(exporter, notes, tmp_path):
    folder = tmp_path / "frames"
    begin(exporter, folder)
    exporter.advance()
    exporter.advance()
    assert exporter.stop_video()
    assert notes == [f"video stopped; its images so far are in {folder}"]
    assert len(list(folder.glob("*.png"))) == 2
