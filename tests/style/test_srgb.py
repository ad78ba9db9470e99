"""sRGB codes and linear light."""

import numpy as np

from vrnn.style.srgb import linear_to_srgb, srgb_to_linear


def test_every_code_comes_back_from_its_light():
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(linear_to_srgb(srgb_to_linear(codes)), codes)


def test_known_values():
    np.testing.assert_allclose(srgb_to_linear(np.array([0, 10, 188, 255], np.uint8)),
                               [0, 0.0030353, 0.5028865, 1], rtol=1e-5)  # fmt: skip
    np.testing.assert_array_equal(linear_to_srgb(np.array([-1.0, 0.5, 2.0])), [0, 188, 255])
