"""Where things of the world are in a picture, and what color they should have: by plain formulas.

Nothing here uses the shaders, the color tables or the placement of maps in vrnn.
"""

from __future__ import annotations

import numpy as np

from vrnn.app.offscreen import OffscreenApp
from vrnn.scene.camera import Camera

SIZE = (960, 540)
GAP = 0.06
"""Part of a cell that is free between two maps."""
POSITIVE, NEGATIVE = np.array([1.0, 0.93, 0.82]), np.array([0.16, 0.42, 1.0])
BLACK = np.array([0.006, 0.007, 0.009])
"""Linear light of the largest value, the most negative one and of zero, in the map `signed`."""


def srgb(linear: np.ndarray) -> np.ndarray:
    """Codes 0…255 of linear light 0…1."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def signed_colors(values: np.ndarray, peak: float, gamma: float) -> np.ndarray:
    """(…, 3) 0…255: values as the color map `signed` shows them, zero in the middle."""
    part = np.clip(np.asarray(values, float) / peak, -1, 1)[..., None]
    strength = np.abs(part) ** gamma
    return srgb(BLACK * (1 - strength) + np.where(part < 0, NEGATIVE, POSITIVE) * strength)


def pixel_of(camera: Camera, point: np.ndarray, size: tuple[int, int] = SIZE) -> tuple[int, int]:
    """Row and column of the pixel at which a point (3,) of the world is."""
    clip = camera.clip_from_world(size[0] / size[1]) @ np.array([*point, 1.0])
    x, y = clip[:2] / clip[3]
    return int((1 - y) / 2 * size[1]), int((x + 1) / 2 * size[0])


def cell_texel(cell: tuple[float, float, float, float], texel, shape, gap: float = GAP):
    """(x, y) of the middle of a texel.

    Args:
        cell: Left, top, width and height of the map's cell, meters, y upward.
        texel: Row and column, from the upper left.
        shape: Height and width of the map.
        gap: Part of the cell that is free.
    """
    left, top, width, height = cell
    across = ((texel[1] + 0.5) / shape[1] - 0.5) * (1 - gap) + 0.5
    down = ((texel[0] + 0.5) / shape[0] - 0.5) * (1 - gap) + 0.5
    return left + across * width, top - down * height


def grid_cell(rect: np.ndarray, columns: int, rows: int, number: int):
    """Left, top, width and height of a cell of a panel, counted from the upper left in lines."""
    x, bottom, _, width, height = rect.tolist()
    cell = width / columns, height / rows
    return (
        x - width / 2 + number % columns * cell[0],
        bottom + height - number // columns * cell[1],
        *cell,
    )


class Shown:
    """A picture of the panel of one layer, read texel by texel."""

    def __init__(self, app: OffscreenApp, layer: str) -> None:
        self.app, self.layer = app, layer
        self.network = app.world.networks[0]
        self.node = self.network.node_ids[layer]
        camera = f"layer:{layer}"
        self.camera = app.eye(camera, SIZE[0] / SIZE[1])
        picture = app.picture(camera, SIZE, legend=False)
        self.pixels = np.asarray(picture.convert("RGB")).astype(int)
        frame = app.world.placement_frame(0)
        self.rect = frame.panel_rect(self.node)
        self.grid = frame.placement.panel_shapes[self.node].grid

    @property
    def values(self) -> np.ndarray:
        """(C, H, W) float64: the activations."""
        maps = self.network.maps[self.node]
        return maps.values.astype(float) * maps.scale

    def point(self, number: int, texel, shape, gap: float = GAP) -> np.ndarray:
        """(3,) of a texel of the map in a cell of the panel's grid."""
        cell = grid_cell(self.rect, self.grid.columns, self.grid.rows, number)
        return np.array([*cell_texel(cell, texel, shape, gap), float(self.rect[2])])

    def color(self, point: np.ndarray) -> np.ndarray:
        """(3,) of the pixel at a point of the world."""
        return self.pixels[pixel_of(self.camera, point)]

    def pick(self, point: np.ndarray):
        """What a ray from the camera to a point of the world hits."""
        ray = point - self.camera.position
        return self.app.world.pick(self.camera.position, ray / np.linalg.norm(ray))
