"""ENVI images: raw numbers beside a text header."""

import numpy as np
import pytest

from vrnn.errors import VrnnError
from vrnn.media.cube_reader import read_cube

CUBE = np.random.default_rng(5).integers(0, 200, (5, 3, 4))  # bands, lines, samples
LAYOUTS = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}
CODES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}


def write(folder, interleave="bsq", code=4, order=0, offset=0, data="scene.img", changes=None):
    """Write a header and its numbers. changes: fields of the header; None takes one away."""
    fields = {
        "description": "{\n two lines,\n lines = 9 in braces }",
        "samples": 4, "lines": 3, "bands": 5, "header offset": offset, "file type": "ENVI Standard",
        "data type": code, "interleave": interleave, "byte order": order,
        "wavelength": "{ 400.0,\n 410.0, 420.0, 430.0, 440.0 }",
    }  # fmt: skip
    fields |= changes or {}
    lines = [f"{name} = {value}" for name, value in fields.items() if value is not None]
    (folder / "scene.hdr").write_text("ENVI\n" + "\n".join(lines) + "\n")
    numbers = CUBE.transpose(LAYOUTS[interleave]).astype("<>"[order] + CODES[code])
    (folder / data).write_bytes(b"x" * offset + numbers.tobytes())
    return folder / "scene.hdr"


@pytest.mark.parametrize("interleave", LAYOUTS)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("order", [0, 1])
def test_every_layout_and_type(tmp_path, interleave, code, order):
    cube = read_cube(write(tmp_path, interleave, code, order, offset=7))
    np.testing.assert_array_equal(cube.values, CUBE.astype(np.float32))
    assert cube.values.dtype == np.float32
    assert cube.name == "scene"


@pytest.mark.parametrize("data", ["scene", "scene.raw", "scene.DAT", "scene.bil"])
def test_the_numbers_are_beside_the_header(tmp_path, data):
    assert read_cube(write(tmp_path, data=data)).values.shape == (5, 3, 4)


def test_a_header_of_a_name_with_both_suffixes(tmp_path):
    write(tmp_path).rename(tmp_path / "scene.img.hdr")
    assert read_cube(tmp_path / "scene.img.hdr").values.shape == (5, 3, 4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data type": 6}, "data type = 6, but a cube is of real numbers"),
        ({"data type": None}, "says nothing of data type"),
        ({"bands": "many"}, "says 'many' for bands"),
        ({"lines": 0}, "is 0×4×5, which is empty"),
        ({"samples": 999999999}, "more than 268 million values"),
        ({"interleave": "zig"}, "interleave = zig; known are bsq, bil, bip"),
        ({"lines": 4}, "is cut: its header promises 320 bytes, but there are 240"),
        ({"header offset": 10**11}, "but there are 0"),
        ({"header offset": -1}, "says '-1' for header offset"),
    ],
)
def test_what_a_header_should_not_say(tmp_path, changes, words):
    with pytest.raises(VrnnError, match=words) as error:
        read_cube(write(tmp_path, changes=changes))
    assert "\n" not in str(error.value)


def test_what_is_no_header(tmp_path):
    (tmp_path / "scene.hdr").write_bytes(b"\x00\x01 raw numbers")
    with pytest.raises(VrnnError, match="first line should be ENVI"):
        read_cube(tmp_path / "scene.hdr")
    (tmp_path / "scene.hdr").write_bytes(b"ENVI\n" + b"x" * (5 << 20))
    with pytest.raises(VrnnError, match="too large for the text header"):
        read_cube(tmp_path / "scene.hdr")
    write(tmp_path)
    (tmp_path / "scene.img").unlink()
    with pytest.raises(VrnnError, match="no numbers beside"):
        read_cube(tmp_path / "scene.hdr")
