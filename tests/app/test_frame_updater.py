"""What the window tells of where one looks while images stream."""

from types import SimpleNamespace

import pytest

from vrnn.app.frame_updater import MAX_EYE_TURN, FrameUpdater
from vrnn.scene.camera import Camera


@pytest.fixture
def updater():
    camera = Camera(1.0, 1.7, 2.0, yaw=0.7)
    made = FrameUpdater.__new__(FrameUpdater)
    made._workspace = SimpleNamespace(input=SimpleNamespace(streaming=True))
    made._fly_camera = SimpleNamespace(camera=camera)
    made._parts = SimpleNamespace(
        exporter=SimpleNamespace(recording=False),
        window=SimpleNamespace(view=SimpleNamespace(aspect=2.0)),
    )
    return made


def test_the_view_of_the_window_and_of_both_eyes_is_told(updater):
    (cone,) = updater._views(None)
    camera = updater._fly_camera.camera
    assert cone.axis == pytest.approx(camera.axes()[2])
    assert cone.eye == pytest.approx(camera.position)
    assert cone.angle > MAX_EYE_TURN + camera.fov / 2
    worn = SimpleNamespace(view_cones=("left", "right"))
    assert updater._views(worn)[1:] == ("left", "right")


def test_nothing_is_told_where_all_around_counts(updater):
    updater._parts.exporter.recording = True  # from places of its own
    assert updater._views(None) == ()
    updater._parts.exporter.recording = False
    updater._workspace.input.streaming = False
    assert updater._views(None) == ()


def test_what_is_found_of_a_graph_later_is_told_at_once(updater, caplog):
    feed = SimpleNamespace(
        handle_events=lambda events: False, notes=["net: a note"], has_pending=False,
        displayed_sequence={},
    )  # fmt: skip
    content = SimpleNamespace(upload=lambda limit, clip: True)
    updater._workspace = SimpleNamespace(
        feed=feed, content=content, input=SimpleNamespace(streaming=False)
    )
    updater._parts.worker = SimpleNamespace(events=lambda: ["checked"])
    updater._config = SimpleNamespace(render=SimpleNamespace(upload_mb_a_frame=1.0))
    assert updater._process_worker_events()
    assert [record.getMessage() for record in caplog.records] == ["net: a note"]
    assert feed.notes == []
