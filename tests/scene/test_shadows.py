"""Shadows lie where panels stand, and are no part of what has smooth edges or a theme."""

import numpy as np

from vrnn.scene.primitives import SHADOW
from vrnn.scene.visuals.shadows import ABOVE, STRENGTH, panel_shadows


def test_a_shadow_lies_under_its_panel():
    rects = np.array([[1.0, 2.0, -3.0, 4.0, 1.5], [0.0, 0.0, 5.0, 0.4, 0.1]])
    records = panel_shadows(rects)
    middle = records["origin"] + 0.5 * (records["right"] + records["down"])
    np.testing.assert_allclose(middle, rects[:, :3] + (0, ABOVE, 0), atol=1e-6)
    assert (records["right"][:, 0] > rects[:, 3]).all()
    assert records["down"][0, 2] > records["down"][1, 2]  # of a low panel it is shorter
    assert (records["kind"] == SHADOW).all()


def test_it_fades_with_the_steps():
    rects = np.array([[0.0, 0.0, 0.0, 1.0, 1.0]])
    np.testing.assert_allclose(panel_shadows(rects, 0.5)["top"][0], (0, 0, 0, STRENGTH / 2))
