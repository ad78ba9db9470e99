"""IFeaLiD data sets: written as published, read back, and refused where something is wrong."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.cube_reader import read_cube
from vrnn.media.ifealid import ifealid_bytes

VALUES = np.random.default_rng(1).normal(size=(7, 3, 5)).astype(np.float32)
PHOTO = np.random.default_rng(2).integers(0, 255, (12, 20, 3), np.uint8)


def published_pixels(values, precision):
    """The bytes of each PNG as the format says, value by value."""
    low, high = values.min(), values.max()
    channels, height, width = values.shape
    in_pixel = 32 // precision
    codes = np.rint(
        (values.astype(np.float64) - low) / (float(high) - float(low)) * (2**precision - 1)
    )
    letter = {8: "B", 16: "<H", 32: "<I"}[precision]
    found = []
    for first in range(0, channels, in_pixel):
        pixels = bytearray()
        for y in range(height):
            for x in range(width):
                for c in range(first, first + in_pixel):
                    pixels += struct.pack(letter, int(codes[c, y, x]) if c < channels else 0)
        found.append(bytes(pixels))
    return found


@pytest.mark.parametrize("precision", [8, 16, 32])
@pytest.mark.parametrize("overlay", [None, PHOTO])
def test_a_data_set_is_as_published(precision, overlay):
    content = ifealid_bytes(VALUES, "layer", precision, overlay)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        expected = published_pixels(VALUES, precision)
        names = ["metadata.json", *(f"{n}.png" for n in range(len(expected)))]
        assert archive.namelist() == names + ["overlay.jpg"] * (overlay is not None)
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        assert json.loads(archive.read("metadata.json")) == {
            "name": "layer", "width": 5, "height": 3, "features": 7, "precision": precision,
            "overlay": overlay is not None,
        }  # fmt: skip
        for number, pixels in enumerate(expected):
            with Image.open(io.BytesIO(archive.read(f"{number}.png"))) as picture:
                assert picture.mode == "RGBA"
                assert picture.tobytes() == pixels
    assert content == ifealid_bytes(VALUES, "layer", precision, overlay)


@pytest.mark.parametrize("precision", [8, 16, 32])
def test_values_come_back_within_half_a_step(tmp_path, precision):
    file = tmp_path / "layer.zip"
    file.write_bytes(ifealid_bytes(VALUES, "layer", precision, PHOTO))
    cube = read_cube(file)
    scaled = (VALUES - VALUES.min()) / np.ptp(VALUES)
    np.testing.assert_allclose(cube.values, scaled, atol=0.5 / (2**precision - 1) + 1e-7)
    assert cube.overlay is not None
    assert cube.overlay.shape == PHOTO.shape
    assert cube.picture() is cube.overlay
    assert cube.name == "layer"


def test_equal_values_and_what_is_not_finite():
    assert b"metadata.json" in ifealid_bytes(np.full((1, 2, 2), 3.0, np.float32), "flat")
    values = VALUES.copy()
    values[0, 0, 0] = np.nan
    with pytest.raises(VrnnError, match="1 values of 'layer' are NaN or infinite"):
        ifealid_bytes(values, "layer")


def changed(tmp_path, change, compression=zipfile.ZIP_STORED):
    """A data set in which some files are others: new content, or None to leave one out."""
    file = tmp_path / "changed.zip"
    with zipfile.ZipFile(io.BytesIO(ifealid_bytes(VALUES, "layer"))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files |= change
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return file


def metadata(**change):
    usual = {"name": "layer", "width": 5, "height": 3, "features": 7, "precision": 8}
    return {"metadata.json": json.dumps({**usual, "overlay": False, **change}).encode()}


def png(size=(5, 3), mode="RGBA"):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"metadata.json": None}, "has no metadata.json"),
        ({"metadata.json": b"{"}, "metadata.json .* is no JSON"),
        ({"metadata.json": b"[1]"}, "should be an object"),
        ({"metadata.json": b" " * 70_000}, "larger than 64 kB"),
        (metadata(width="5"), "'width' .* should be a whole number"),
        (metadata(precision=12), "should be 8, 16 or 32, not 12"),
        (metadata(overlay=1), "'overlay' .* should be true or false"),
        (metadata(height=0), "which is empty"),
        (metadata(width=10**7), "cut it first"),
        (metadata(features=9), "has no 2.png"),
        (metadata(overlay=True), "has no overlay.jpg"),
        (metadata(features=4), "holds '1.png', which is no part"),
        ({"1.png": None}, "has no 1.png"),
        ({"1.png": png((4, 3))}, "1.png .* is 4×3 RGBA, but metadata.json says 5×3 RGBA"),
        ({"1.png": png(mode="RGB")}, "is 5×3 RGB, but"),
        ({"0.png": b"no picture"}, "0.png .* is no PNG that can be read"),
        ({"0.png": png()[:40]}, "0.png .* is no PNG that can be read"),
        ({"../evil.png": b""}, "holds '../evil.png' in a folder"),
        ({"nested.zip": b"PK"}, "holds 'nested.zip', which is no part"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, change, sentence):
    with pytest.raises(VrnnError, match=sentence):
        read_cube(changed(tmp_path, change))


def test_a_bomb_is_not_unpacked(tmp_path):
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("metadata.json", metadata()["metadata.json"])
        archive.writestr("0.png", bytes(100 << 20))
    with pytest.raises(VrnnError, match=r"claims to be 104,857,600 bytes .* it is not read"):
        read_cube(file)


def test_cut_and_mislabelled_zips(tmp_path):
    whole = ifealid_bytes(VALUES, "layer")
    for name, content in (("cut.zip", whole[:-60]), ("other.zip", b"no zip"), ("none.zip", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VrnnError, match="is no zip that can be read"):
            read_cube(tmp_path / name)
