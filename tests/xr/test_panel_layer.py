"""A panel that the runtime shows by itself is a hole in the alpha of the eyes' pictures."""

from __future__ import annotations

from ctypes import POINTER, cast

import numpy as np
import pytest

from tests.xr.composed import composed_picture
from tests.xr.test_projection_layer import swapchain
from tests.xr.test_session import reported_by
from vrnn.scene.headset.tracking import Eye
from vrnn.xr import runtime as openxr
from vrnn.xr.projection_layer import ProjectionLayer

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (124, 170, 255)
"""Of the panel below and above, and of the stick before it."""
RIG = "rig=[[0, 0, 0], 0, 1]"


def share(picture, color):
    """The part of a picture that has a color."""
    return float((np.abs(picture.astype(int) - color).max(-1) < 40).mean())


def test_the_panel_comes_before_the_eyes_and_goes_again():
    xr = openxr.load()
    layer, eyes = ProjectionLayer(xr, None, swapchain(), None), (Eye(), Eye())
    header = cast(POINTER(xr.CompositionLayerQuad)(xr.CompositionLayerQuad()), POINTER(
        xr.CompositionLayerBaseHeader
    ))  # fmt: skip
    flags = xr.CompositionLayerFlags
    for behind, count, wanted in (
        ((header,), 2, flags.BLEND_TEXTURE_SOURCE_ALPHA_BIT | flags.UNPREMULTIPLIED_ALPHA_BIT),
        ((), 1, flags.NONE),
    ):
        info = layer.fill(1, eyes, (0.1, 10.0), behind)
        assert info.layer_count == count
        kinds = [int(info._layers[i].contents._type) for i in range(count)]
        expected = [xr.StructureType.COMPOSITION_LAYER_QUAD.value] * (count - 1)
        assert kinds == [*expected, xr.StructureType.COMPOSITION_LAYER_PROJECTION.value]
        own = cast(info._layers[count - 1], POINTER(xr.CompositionLayerProjection)).contents
        assert int(own.layer_flags) == int(wanted)


@pytest.mark.parametrize("stereo", ["layer", "two"])
def test_a_real_runtime_takes_it(runtime, service, tmp_path, stereo):
    with service.remote() as remote:
        remote.send()
        report = reported_by(
            runtime, service, tmp_path, frames=14, keep=12, panel=1, rig=RIG[4:], stereo=stereo,
            model="digits",
        )  # fmt: skip
    assert report["frames"] == 14
    assert report["errors"] == []
    assert report["gl"] == "GL_NO_ERROR"
    for layer in (0, 1):
        picture, alpha = (np.load(tmp_path / f"12-{layer}{end}.npy") for end in ("", "-alpha"))
        is_hole = alpha == 0
        on_panel = (picture == RED).all(-1) | (picture == GREEN).all(-1)
        assert is_hole.mean() > 0.02
        assert (alpha[~on_panel] == 255).mean() > 0.99
        # The monitor shows the panel all the same, and what is before it hides it.
        assert on_panel[is_hole].mean() > 0.97
        assert share(picture, BLUE) > 0.001
        assert not is_hole[(np.abs(picture.astype(int) - BLUE).max(-1) < 40)].any()


def test_it_is_seen_behind_what_is_before_it(runtime, display, tmp_path):
    """The runtime's own compositor shows the panel upright, and the stick before it."""
    own = {
        "XRT_COMPOSITOR_NULL": "", "XRT_COMPOSITOR_FORCE_XCB": "1", "DISPLAY": display,
        "XRT_COMPOSITOR_XCB_FULLSCREEN": "",
    }  # fmt: skip
    with runtime.serve(**own) as service, service.remote() as remote:
        remote.send()
        process = runtime.start(
            "-m", "tests.xr.session_probe", str(tmp_path), "frames=100000", "keep=30",
            "resolution=0.5", "panel=1", RIG, "model=digits", service=service,
        )  # fmt: skip
        with process:
            composed = composed_picture(process, display, tmp_path, tmp_path / "30-1.npy")
            process.terminate()
    for half in np.array_split(composed, 2, 1):
        rows = [
            np.nonzero((np.abs(half.astype(int) - c).max(-1) < 60).any(1))[0] for c in (RED, GREEN)
        ]
        assert rows[0].mean() > rows[1].mean()  # red is below
        assert share(half, BLUE) > 0.0005


def composed_cards(runtime, display, folder, layers):
    """What the runtime's own compositor shows of cards of text, and what was drawn for an eye."""
    own = {
        "XRT_COMPOSITOR_NULL": "", "XRT_COMPOSITOR_FORCE_XCB": "1", "DISPLAY": display,
        "XRT_COMPOSITOR_XCB_FULLSCREEN": "",
    }  # fmt: skip
    folder.mkdir()
    with runtime.serve(**own) as service, service.remote() as remote:
        remote.send()
        process = runtime.start(
            "-m", "tests.xr.session_probe", str(folder), "frames=100000", "keep=30", "resolution=1",
            "cards=1", f"layers={layers}", RIG, "model=digits", service=service,
        )  # fmt: skip
        with process:
            composed = composed_picture(process, display, folder, folder / "30-1.npy")
            process.terminate()
    return composed, np.load(folder / "30-0.npy"), np.load(folder / "30-0-alpha.npy")


def test_cards_of_text_are_the_same_by_the_runtime_as_in_the_picture(runtime, display, tmp_path):
    """Each by a layer of its own, upright, where the eyes' picture has it as well, and no wider."""
    by_itself, drawn, alpha = composed_cards(runtime, display, tmp_path / "layers", 1)
    in_picture, drawn_alone, solid = composed_cards(runtime, display, tmp_path / "picture", 0)
    assert (solid == 255).all()
    assert 0.02 < (alpha == 0).mean() < 0.5
    assert (drawn == drawn_alone).mean() > 0.99  # for whoever shows what the eyes see
    assert by_itself.shape == in_picture.shape
    differing = np.abs(by_itself.astype(int) - in_picture).max(-1)
    assert (differing > 90).mean() < 0.02
    bright = [picture.max(-1) > 140 for picture in (by_itself, in_picture)]
    assert bright[0].sum() > 100
    for axis in (0, 1):  # text lies along the same rows and columns
        one, other = (picture.sum(axis).astype(float) for picture in bright)
        assert np.corrcoef(one, other)[0, 1] > 0.9
