"""The image of a panel that the runtime is to show by itself, sharper than within the picture."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import ImageQuad


@dataclass(frozen=True, eq=False)
class PanelImage:
    """A panel in the room and what is on it.

    Attributes:
        name: Under which its texture is registered with the renderer.
        texture: OpenGL's number of its texture, sRGB, the lowest row first.
        size: Width and height of that, pixels.
        revision: Another number whenever something else is on it.
        billboard: Where it is.
        shown: Width and height of what is shown of the texture, from its first pixel on; None for
            all of it.
    """

    name: str
    texture: int
    size: tuple[int, int]
    revision: int
    billboard: Billboard
    shown: tuple[int, int] | None = None


def panel_quad(
    board: Billboard, rig: Rig, name: str, part: tuple[float, float] = (1.0, 1.0)
) -> ImageQuad:
    """Return a panel as it is drawn in the world.

    Args:
        board: Where it is.
        rig: Where the stage is in the world.
        name: Under which its texture is registered, the lowest row first as OpenGL draws it.
        part: See `ImageQuad`.
    """
    corner, right, down = board.edges_in_world(rig)
    x, y, z = (corner + down).tolist()
    return ImageQuad((x, y, z), tuple(right.tolist()), tuple((-down).tolist()), name, part=part)
