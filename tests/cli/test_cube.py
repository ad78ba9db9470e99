"""Cubes from the command line: opened as a network with one layer, and written by export."""

import numpy as np
import pytest

from vrnn.cli.main import main
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.media.cube_reader import read_cube
from vrnn.network.model_spec import ModelSpec

ARRAY = np.random.default_rng(5).normal(size=(6, 8, 5)).astype(np.float32)


@pytest.fixture
def cube(tmp_path):
    np.save(tmp_path / "scene.npy", ARRAY)
    return tmp_path / "scene.npy"


def test_a_cube_is_a_network_with_one_layer(cube, capsys):
    assert main(["graph", "--cube", str(cube)]) == 0
    out = capsys.readouterr().out
    assert "5×6×8" in out
    assert "2 nodes, 1 edges" in out


def test_a_cube_answers_nothing(cube):
    model = LoadedModel(open_source(ModelSpec(f"cube:{cube}")), "layers")
    result = model.run(None, lambda node, maps: None, lambda *changed: None)
    assert result.outputs == ()
    maps = next(maps for maps in result.maps.values() if maps.channels == 5)
    found = maps.values.astype(np.float32) * np.float32(maps.scale)
    np.testing.assert_allclose(found, ARRAY.transpose(2, 0, 1), rtol=1e-3, atol=1e-3)


def test_a_cube_is_exported_as_it_is(cube, tmp_path):
    out = tmp_path / "out"
    arguments = ["export", "--cube", str(cube), "--layers", "cube", "--out", str(out), "--quiet"]
    assert main([*arguments, "--ifealid", "16"]) == 0
    (written,) = out.iterdir()
    found = read_cube(written)
    scaled = (ARRAY - ARRAY.min()) / np.ptp(ARRAY)
    # Half floats first, then 16 bits.
    np.testing.assert_allclose(found.values, scaled.transpose(2, 0, 1), atol=6e-4)
    assert found.overlay is not None


def test_what_cannot_be_written_or_read_is_told(cube, tmp_path, capsys):
    out = str(tmp_path / "out")
    np.save(cube, ARRAY[:1, :1])
    assert main(["export", "--cube", str(cube), "--layers", "cube", "--out", out, "--ifealid"]) == 2
    assert "none of these layers has rows and columns" in capsys.readouterr().err
    np.save(cube, ARRAY[0])
    assert main(["graph", "--cube", str(cube)]) == 2
    assert "is 8×5, but a cube is height × width × channels" in capsys.readouterr().err
