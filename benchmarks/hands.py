"""What hands take of a headset's frame, while they sweep over the layers of ResNet50.

    python -m benchmarks.hands

In the frame: input to actions, what is seen of hands, and its letters laid out. Between two frames:
the layer that is pointed at lit up, and the board's panels made anew. Beside it, the same without
hands: an empty update and nothing to be seen.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.timing import table
from vrnn.app.desktop import SWITCH
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.headset.hand_gestures import pose_along
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, TrackingFrame

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
FRAMES = 600
HEAD = Pose(np.array([0.0, 1.65, 0.0]))


def pointing(position: tuple[float, float, float], yaw: float, pitch: float) -> HandInput:
    """A controller that points somewhere. Angles in radians."""
    at = np.array(position)
    ahead = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    pose = pose_along(at, ahead)
    return HandInput(aim=pose, grip=pose, active=True)


def moment(frame: int, active: bool) -> TrackingFrame:
    """Both hands in motion, the right one sweeping over the layers."""
    t = frame / 90
    right = pointing((0.2 + 0.02 * np.sin(5 * t), 1.3, -0.4), 0.9 * np.sin(0.8 * t), 0.02)
    left = pointing((-0.2, 1.2 + 0.02 * np.sin(4 * t), -0.35), 0.1, -0.4)
    hands = (left, right) if active else (HandInput(), HandInput())
    return TrackingFrame(t, HEAD, (Eye(HEAD), Eye(HEAD)), hands)


def timed(what: Callable[[], object], found: list[float]) -> None:
    """Add what it takes, seconds."""
    began = time.perf_counter()
    what()
    found.append(time.perf_counter() - began)


def measured(studio: OffscreenApp, active: bool, board: bool) -> dict[str, list[float]]:
    """Seconds of each part, for each frame."""
    found: dict[str, list[float]] = {"update": [], "seen": [], "letters": [], "between": []}
    text = studio._renderer._text
    with studio.hand_controller(load_config(), None) as guide:
        guide.controls.hints.dismiss()
        if board:
            guide.controls.floating_panel.toggle()
        for frame in range(FRAMES):
            tracked = moment(frame, active)
            timed(lambda tracked=tracked: guide.update(tracked, 1 / 90), found["update"])  # type: ignore[misc]
            drawings = []
            timed(lambda: drawings.append(guide.draw(tracked)), found["seen"])  # noqa: B023
            near = drawings[0][0]
            assert near is not None
            timed(lambda near=near: text.layout(near.labels), found["letters"])  # type: ignore[misc]

            def between() -> None:
                guide.prepare_next_frame()
                studio.world.draw_list()

            timed(between, found["between"])
    return found


def main() -> None:
    """Print both."""
    sys.setswitchinterval(SWITCH)
    with OffscreenApp([ModelSpec(MODEL)], load_config()) as studio:
        gc.collect()
        gc.freeze()
        rows = []
        for name, active, board in (
            ("no hands", False, False), ("hands", True, False), ("hands and board", True, True),
        ):  # fmt: skip
            parts = {key: np.array(value) for key, value in measured(studio, active, board).items()}
            parts["in the frame"] = parts["update"] + parts["seen"] + parts["letters"]
            for part in ("update", "seen", "letters", "in the frame", "between"):
                middle, late = np.median(parts[part]), np.percentile(parts[part], 99)
                rows.append((name, part, f"{middle * 1e3:.2f} ms", f"{late * 1e3:.2f} ms"))
        print(table([("", "part", "median", "99th percentile"), *rows]))


if __name__ == "__main__":
    main()
