"""The runtime's own software driver draws several views at once, which this machine's may not."""

from __future__ import annotations


def test_stereo_with_a_driver_that_has_multiview(runtime):
    result = runtime.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/render/test_stereo.py"
    )
    assert result.returncode == 0, result.stdout[-3000:]
    code = (
        "from vrnn.render.context import offscreen_context as c; "
        "from vrnn.render.stereo import stereo_modes; print(stereo_modes(c().extensions))"
    )
    ways = runtime.python("-c", code).stdout
    assert "multiview" in ways
