"""The settings as data classes: what each section of a settings file may hold.

The defaults are those of configs/default.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from vrnn.storage.limits import Range
from vrnn.style.theme_names import Theme

Mirror = Literal["left", "both", "free"]
"""What a monitor shows beside a headset: the left eye, both, or a camera of its own."""
ColorChannel = Annotated[float, Range(0.0, 1.0)]
Color = tuple[ColorChannel, ColorChannel, ColorChannel]
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
    """The colors of the world, all linear.

    Attributes:
        background: Behind everything.
        positive: Of the largest positive value of a feature map.
        negative: Of the largest negative value.
        not_finite: Of NaN and infinite values.
    """

    background: Color
    positive: Color
    negative: Color
    not_finite: Color


@dataclass(frozen=True)
class Motion:
    """How the camera and the layers move.

    Attributes:
        enabled: Whether moves are eased.
        seconds: Duration of an eased move.
        walk_speed: Meters per second.
        run_factor: Times the walking speed.
        mouse: Degrees per pixel.
        fov: Vertical field of view, degrees.
        opening_flight: Whether the camera flies past the input and the first layers at the start.
    """

    enabled: bool
    seconds: Annotated[float, Range(0.0, 10.0)]
    walk_speed: Annotated[float, Range(0.01, 1000.0)]
    run_factor: Annotated[float, Range(1.0, 100.0)]
    mouse: Annotated[float, Range(0.001, 10.0)]
    fov: Annotated[float, Range(10.0, 150.0)]
    opening_flight: bool


@dataclass(frozen=True)
class WindowSettings:
    """The window as it opens.

    Attributes:
        width: Screen coordinates.
        height: Screen coordinates.
        multisample: Samples per pixel, 0 or 1 for none.
        vsync: Whether frames wait for the monitor.
        callouts: Whether the world says at first what its parts are.
        text_scale: Pixels per point of text and panels; 0 for the system's scale factor or, where
            that is 1, what suits the monitor's size and resolution.
    """

    width: Annotated[int, Range(160, 16384)]
    height: Annotated[int, Range(120, 16384)]
    multisample: Annotated[int, Range(0, 32)]
    vsync: bool
    callouts: bool
    text_scale: Annotated[float, Range(0.0, 8.0)]


@dataclass(frozen=True)
class Render:
    """How much is drawn at once.

    Attributes:
        upload_mb_a_frame: Megabytes of feature maps that may go to the GPU in one frame.
        map_memory_mb: Megabytes of feature maps that may be on the GPU; 0: half of the memory that
            it says it has, or a quarter of the machine's. What does not fit is shown coarse until
            one comes near.
        host_memory_mb: Megabytes of feature maps that may be in main memory; 0: a quarter of the
            machine's. Whole maps that do not fit are made again where they are needed.
        layer_pictures: What layers show from afar at first: a kind of layer picture, or `maps`.
        theme: Of all colors at first.
    """

    upload_mb_a_frame: Annotated[float, Range(0.25, 65536.0)]
    map_memory_mb: Annotated[float, Range(0.0, 1048576.0)]
    host_memory_mb: Annotated[float, Range(0.0, 1048576.0)]
    layer_pictures: str
    theme: Theme


@dataclass(frozen=True)
class PanelSettings:
    """The panels of the window.

    Attributes:
        text: Text size, points.
    """

    text: Annotated[float, Range(9.0, 40.0)]


@dataclass(frozen=True)
class HeadsetSettings:
    """What is sent to a headset, and what the monitor shows meanwhile.

    Attributes:
        resolution: Factor of what the headset recommends, each way.
        multisample: Samples per pixel, 0 or 1 for none.
        refresh_rate: Hz, 0 for the headset's own.
        depth: Whether the runtime is given depths too.
        room: Whether the room is seen behind the network, where the headset can show it.
        panel_layers: Whether the runtime shows the panel and cards by itself, for sharper text.
        mirror: What the monitor shows.
        mirror_rate: Frames per second on the monitor.
    """

    resolution: Annotated[float, Range(0.2, 3.0)]
    multisample: Annotated[int, Range(0, 32)]
    refresh_rate: Annotated[float, Range(0.0, 1000.0)]
    depth: bool
    room: bool
    panel_layers: bool
    mirror: Mirror
    mirror_rate: Annotated[float, Range(1.0, 240.0)]


@dataclass(frozen=True)
class Comfort:
    """How one moves in a headset.

    Attributes:
        walk: Whether a stick walks smoothly.
        walk_speed: Meters per second.
        turn: Degrees of a snap turn, 0 to turn smoothly.
        turn_speed: Degrees per second of a smooth turn.
        vignette: How much of the edge goes dark in motion, 0…1.
        left_handed: Whether the left hand points and the right one walks.
        haptics: Strength of vibrations, 0…1.
        hints: Whether controllers say at first what their buttons do.
    """

    walk: bool
    walk_speed: Annotated[float, Range(0.1, 10.0)]
    turn: Annotated[float, Range(0.0, 90.0)]
    turn_speed: Annotated[float, Range(5.0, 360.0)]
    vignette: Annotated[float, Range(0.0, 1.0)]
    left_handed: bool
    haptics: Annotated[float, Range(0.0, 1.0)]
    hints: bool


@dataclass(frozen=True)
class Config:
    """All settings, section by section."""

    keys: Keys
    look: ColorScheme
    motion: Motion
    window: WindowSettings
    render: Render
    panels: PanelSettings
    headset: HeadsetSettings
    comfort: Comfort
