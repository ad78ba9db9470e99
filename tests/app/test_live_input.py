"""What the window is told of live frames."""

import time
from types import SimpleNamespace

from PIL import Image

from vrnn.app.live_input import LiveInput


def test_an_image_that_cannot_be_read_is_told_once(tmp_path):
    Image.new("RGB", (8, 6)).save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"half a picture")
    shown, told = [], []
    workspace = SimpleNamespace(
        world=SimpleNamespace(slots=[0]), input=SimpleNamespace(streaming=True),
        worker=SimpleNamespace(takes_image=True), show_live_frame=shown.append,
    )  # fmt: skip
    live = LiveInput(str(tmp_path), workspace, told.append)
    try:
        end = time.monotonic() + 20
        while len(shown) < 4 and time.monotonic() < end:
            live.poll()
            time.sleep(0.005)
    finally:
        live.close()
    assert len(shown) == 4
    assert len(told) == 1
    assert "2.png" in told[0]
