"""Schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

MIRRORS = ("left", "both", "free")
"""What a monitor shows beside a headset: the left eye, both, or a camera of its own."""
Color = tuple[float, float, float]
"""Linear red, green, blue, 0…1."""

MODIFIERS = ("CONTROL", "SHIFT", "ALT", "SUPER")


@dataclass(frozen=True)
class Keys:
    """Names of keys as GLFW has them, without `KEY_`.

    Attributes:
        forward, back, left, right, up, down: Move while they are held.
        run: Moves faster while it is held, and lets other keys be precise.
        viewpoints: One key for each stored viewpoint.
        store: The modifier with which such a key stores the viewpoint, one of MODIFIERS.
        commands: Keys of commands that are not as the commands declare them, by the command's name
            or the one that older settings have; a chord has `CONTROL+`, `SHIFT+` and `ALT+` before
            the key, in this order.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {"places": "viewpoints"}

    forward: str
    back: str
    left: str
    right: str
    up: str
    down: str
    run: str
    viewpoints: tuple[str, ...]
    store: str
    commands: Mapping[str, str] = field(default_factory=dict)

    def movement(self) -> dict[str, str]:
        """Everything but commands: what each key is for, by a name for messages."""
        names = ("forward", "back", "left", "right", "up", "down", "run")
        return {name: getattr(self, name) for name in names} | {
            f"viewpoint {number}": key for number, key in enumerate(self.viewpoints, 1)
        }


@dataclass(frozen=True)
class ColorScheme:
    """Colors, all linear."""

    background: Color
    positive: Color
    negative: Color
    not_finite: Color


@dataclass(frozen=True)
class Motion:
    """seconds: of an eased move; walk_speed: m/s; mouse: degrees a pixel; fov: degrees."""

    enabled: bool
    seconds: float
    walk_speed: float
    run_factor: float
    mouse: float
    fov: float


@dataclass(frozen=True)
class WindowSettings:
    """width, height: in screen coordinates; multisample: samples a pixel, 0 or 1 for none."""

    width: int
    height: int
    multisample: int
    vsync: bool


@dataclass(frozen=True)
class Render:
    """upload_mb_a_frame: megabytes of feature maps that may go to the GPU in one frame."""

    upload_mb_a_frame: float


@dataclass(frozen=True)
class PanelSettings:
    """text: its size in points."""

    text: float


@dataclass(frozen=True)
class HeadsetSettings:
    """resolution: of what the headset recommends, each way; multisample: samples a pixel, 0 or 1
    for none; refresh_rate: Hz, 0 for the headset's own; depth: hand the runtime depths too; mirror:
    what the monitor shows, one of MIRRORS; mirror_rate: pictures a second there."""

    resolution: float
    multisample: int
    refresh_rate: float
    depth: bool
    mirror: str
    mirror_rate: float


@dataclass(frozen=True)
class Comfort:
    """How one moves in a headset.

    walk: whether a stick walks smoothly; walk_speed: m/s; turn: degrees of a snap turn, 0 to turn
    smoothly by turn_speed, degrees/s; vignette: how much of the edge goes dark in motion, 0…1;
    haptics: strength, 0…1; hints: whether controllers say at first what their buttons do.
    """

    walk: bool
    walk_speed: float
    turn: float
    turn_speed: float
    vignette: float
    left_handed: bool
    haptics: float
    hints: bool


@dataclass(frozen=True)
class Config:
    """All settings."""

    keys: Keys
    look: ColorScheme
    motion: Motion
    window: WindowSettings
    render: Render
    panels: PanelSettings
    headset: HeadsetSettings
    comfort: Comfort


LIMITS = {
    "motion.seconds": (0.0, 10.0),
    "motion.walk_speed": (0.01, 1000.0),
    "motion.run_factor": (1.0, 100.0),
    "motion.mouse": (0.001, 10.0),
    "motion.fov": (10.0, 150.0),
    "window.width": (160, 16384),
    "window.height": (120, 16384),
    "window.multisample": (0, 32),
    "render.upload_mb_a_frame": (0.25, 65536.0),
    "panels.text": (9.0, 40.0),
    "headset.resolution": (0.2, 3.0),
    "headset.multisample": (0, 32),
    "headset.refresh_rate": (0.0, 1000.0),
    "headset.mirror_rate": (1.0, 240.0),
    "comfort.walk_speed": (0.1, 10.0),
    "comfort.turn": (0.0, 90.0),
    "comfort.turn_speed": (5.0, 360.0),
    "comfort.vignette": (0.0, 1.0),
    "comfort.haptics": (0.0, 1.0),
}
"""Smallest and largest value of each number."""
