"""What lies over the picture of the window, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vrnn.app.callouts import Callout
from vrnn.network.layer_kinds import LayerKind
from vrnn.scene.camera import Camera
from vrnn.ui.hud.legend import Legend
from vrnn.ui.hud.tooltip import Tooltip


@dataclass(frozen=True)
class HudContent:
    """What lies over a picture: laid out again only when some of it has changed.

    Attributes:
        size: Width and height of the picture, pixels.
        pixel_scale: See `window_scale`.
        help_shown: Whether the help is shown.
        note: What was told last; '' for nothing.
        failure: What is shown until it is dismissed; '' for nothing.
        progress: What is being done; '' for nothing.
        tooltip: What is told of what is pointed at.
        cursor: Where the pointer is, −1…1; None without a tooltip.
        legend: The legend.
        kinds: The kinds of layers, for their legend.
        captured: Whether the window has the mouse.
        is_empty: Whether there is no network.
        callouts: What the parts of the world are.
        presenting: Whether all is as for an audience.
        lasso: The line around images.
        from_above: The camera and the picture's world, where a map shows both.
    """

    size: tuple[int, int]
    pixel_scale: float
    help_shown: bool
    note: str
    failure: str
    progress: str
    tooltip: Tooltip | None
    cursor: tuple[float, float] | None
    legend: Legend
    kinds: tuple[LayerKind, ...]
    captured: bool
    is_empty: bool
    callouts: tuple[Callout, ...]
    presenting: bool
    lasso: Sequence[tuple[float, float]]
    from_above: tuple[Camera, int] | None
