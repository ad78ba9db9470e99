"""The image of a panel that the runtime is to show by itself, sharper than within the picture."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.scene.headset.billboard import Billboard


@dataclass(frozen=True, eq=False)
class PanelImage:
    """A panel in the room and what is on it.

    Attributes:
        texture: OpenGL's number of its texture, sRGB, the lowest row first.
        size: Width and height of that, pixels.
        revision: Another number whenever something else is on it.
        billboard: Where it is.
    """

    texture: int
    size: tuple[int, int]
    revision: int
    billboard: Billboard
