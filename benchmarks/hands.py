"""What hands take of a headset's frame, while they sweep over the layers of ResNet50.

    python -m benchmarks.hands

In the frame: controls from the input, what is drawn of hands, and its text laid out. Between two
frames: the layer that is pointed at highlighted, and the floating panel drawn again. Beside it, the
same without hands: an empty update and nothing to draw.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import format_table
from vrnn.app.desktop import SWITCH_INTERVAL
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.headset.hand_gestures import pose_along
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, TrackingFrame

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
FRAMES = 600
FRAME_RATE = 90
"""Hz."""
HEAD = Pose(np.array([0.0, 1.65, 0.0]))
PARTS = ("update", "draw", "text", "between")
"""What is timed, in its order; the first three are in the frame."""


def controller_input(position: tuple[float, float, float], yaw: float, pitch: float) -> HandInput:
    """Return the input of a controller.

    Args:
        position: Meters on the stage.
        yaw: Where it points to, radians to the left of straight ahead.
        pitch: The same, radians upward.
    """
    origin = np.array(position)
    ahead = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    pose = pose_along(origin, ahead)
    return HandInput(aim=pose, grip=pose, active=True)


def tracking_frame(number: int, active: bool) -> TrackingFrame:
    """Return a frame with both hands in motion, the right one sweeping over the layers."""
    t = number / FRAME_RATE
    right = controller_input((0.2 + 0.02 * np.sin(5 * t), 1.3, -0.4), 0.9 * np.sin(0.8 * t), 0.02)
    left = controller_input((-0.2, 1.2 + 0.02 * np.sin(4 * t), -0.35), 0.1, -0.4)
    hands = (left, right) if active else (HandInput(), HandInput())
    return TrackingFrame(t, HEAD, (Eye(HEAD), Eye(HEAD)), hands)


def time_parts(app: OffscreenApp, active: bool, with_panel: bool) -> dict[str, np.ndarray]:
    """Return the seconds that each part takes in each frame.

    Args:
        app: With a network opened.
        active: Whether there are hands.
        with_panel: Whether the floating panel is open.

    Returns:
        (FRAMES,) float64 for each of `PARTS`.
    """
    times = np.zeros((FRAMES, len(PARTS) + 1))
    text = app._renderer._draw_lists._text
    with app.hand_controller(load_config(), None) as controller:
        controller.controls.hints.dismiss()
        if with_panel:
            controller.controls.floating_panel.toggle()
        for number in range(FRAMES):
            tracking = tracking_frame(number, active)
            started = time.perf_counter()
            controller.update(tracking, 1 / FRAME_RATE)
            updated = time.perf_counter()
            near, _ = controller.draw(tracking)
            drawn = time.perf_counter()
            assert near is not None
            text.layout(near.labels)
            laid_out = time.perf_counter()
            controller.prepare_next_frame()
            app.world.draw_list()
            times[number] = started, updated, drawn, laid_out, time.perf_counter()
    return dict(zip(PARTS, np.diff(times, axis=1).T, strict=True))


def main() -> None:
    """Print the table."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    with OffscreenApp([ModelSpec(MODEL)], load_config()) as app:
        gc.collect()
        gc.freeze()
        rows = []
        for name, active, with_panel in (
            ("no hands", False, False), ("hands", True, False), ("hands and panel", True, True),
        ):  # fmt: skip
            seconds = time_parts(app, active, with_panel)
            seconds["in the frame"] = seconds["update"] + seconds["draw"] + seconds["text"]
            for part in (*PARTS[:3], "in the frame", PARTS[3]):
                median, late = np.median(seconds[part]), np.percentile(seconds[part], 99)
                rows.append((name, part, f"{median * 1e3:.2f} ms", f"{late * 1e3:.2f} ms"))
        print(format_table([("", "part", "median", "99th percentile"), *rows]))


if __name__ == "__main__":
    main()
