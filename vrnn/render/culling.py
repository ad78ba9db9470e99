"""What is worth drawing from here, found for all things at once and kept while the eye stays near.

Panels are left out by their vertex shader when they are outside the view; here they are brought
into the order in which the nearer ones hide the others, and small things are left out.
"""

from __future__ import annotations

import numpy as np

from vrnn.render.uniforms import View

STEP, TURN = 0.5, 0.1
"""Metres and radians that the eye may move before all this is found anew."""
SHORTEST = 0.6
"""Pixels: pieces of edges that are shorter on screen are left out."""


def standpoint(view: View) -> tuple[object, ...]:
    """Equal for views from nearly the same place in nearly the same direction."""
    camera = view.camera
    place = tuple(np.floor(camera.position / STEP).tolist())
    turned = (round(camera.yaw / TURN), round(camera.pitch / TURN), camera.fov)
    return place, turned, view.size, view.tile


def near_first(records: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Rectangles in the order of their middle's distance: what hides others is drawn first."""
    middle = records["origin"] + 0.5 * (records["right"] + records["down"])
    return records[np.argsort(((middle - eye) ** 2).sum(1), kind="stable")]


def long_enough(strokes: np.ndarray, view: View) -> np.ndarray:
    """Pieces of edges that can be seen; arrow heads always."""
    along = strokes["end"] - strokes["start"]
    away = strokes["start"] - view.camera.position.astype(np.float32)
    length = np.einsum("ij,ij->i", along, along) * view.pixels_a_unit**2
    far = np.maximum(np.einsum("ij,ij->i", away, away), 1e-6)
    return strokes[(strokes["kind"] > 0) | (length > SHORTEST**2 * far)]
