"""Cubes from NumPy files and TIFF pages, and what is refused."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.cube_reader import read_cube

ARRAY = np.random.default_rng(3).normal(size=(4, 6, 9)).astype(np.float32)


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "u1", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_all_numbers(tmp_path, kind, order):
    array = np.asarray(ARRAY * 10 + 50, kind, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", cube=array)
    for name in ("a.npy", "a.npz"):
        cube = read_cube(tmp_path / name)
        np.testing.assert_array_equal(cube.values, array.transpose(2, 0, 1).astype(np.float32))
        assert cube.name == "a"
        assert cube.picture().shape == (4, 6, 3)


@pytest.mark.parametrize("mode", ["L", "F", "I;16", "RGB"])
def test_pages_are_channels(tmp_path, mode):
    kind = {"F": np.float32, "I;16": np.uint16}.get(mode, np.uint8)
    shape = (5, 4, 6, 3) if mode == "RGB" else (5, 4, 6)
    pages = np.random.default_rng(4).integers(0, 200, shape).astype(kind)
    pictures = [Image.fromarray(page) for page in pages]
    pictures[0].save(tmp_path / "a.tif", save_all=True, append_images=pictures[1:])
    expected = pages.transpose(0, 3, 1, 2).reshape(15, 4, 6) if mode == "RGB" else pages
    np.testing.assert_array_equal(read_cube(tmp_path / "a.tif").values, expected)


def test_what_is_no_cube_is_told(tmp_path):
    def refuse(name, sentence):
        with pytest.raises(VrnnError, match=sentence):
            read_cube(tmp_path / name)

    np.save(tmp_path / "flat.npy", ARRAY[0])
    refuse("flat.npy", "is 6×9, but a cube is height × width × channels")
    np.save(tmp_path / "words.npy", np.array([[["a"]]]))
    refuse("words.npy", "a cube is of real numbers")
    np.save(tmp_path / "objects.npy", np.array([[[{}]]], object), allow_pickle=True)
    refuse("objects.npy", "a cube is of real numbers")
    np.save(tmp_path / "empty.npy", ARRAY[:, :0])
    refuse("empty.npy", "is 4×0×9, which is empty")
    np.savez(tmp_path / "two.npz", a=ARRAY, b=ARRAY)
    refuse("two.npz", "should hold one array, but holds a.npy, b.npy")
    np.save(tmp_path / "cut.npy", ARRAY)
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-8])
    refuse("cut.npy", "is cut: 864 bytes should follow its header, but there are 856")
    (tmp_path / "head.npy").write_bytes(whole[:20])
    refuse("head.npy", "cannot be read")
    (tmp_path / "no.tif").write_bytes(b"II*\0 no picture")
    refuse("no.tif", "is no TIFF that can be read")
    pictures = [Image.new("L", (3, 3)), Image.new("L", (4, 3))]
    pictures[0].save(tmp_path / "odd.tif", save_all=True, append_images=pictures[1:])
    refuse("odd.tif", "page 1 .* has another size")
    refuse("missing.npy", "there is no cube")
    (tmp_path / "a.png").write_bytes(b"")
    refuse("a.png", r"is no cube: pass a file that ends in \.zip")


def test_a_header_that_claims_too_much_takes_no_memory(tmp_path):
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (16000, 16000, 16000)}
    np.lib.format.write_array_header_1_0(file, header)
    (tmp_path / "huge.npy").write_bytes(file.getvalue())
    with pytest.raises(VrnnError, match="more than 268 million values"):
        read_cube(tmp_path / "huge.npy")
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("a.npy", file.getvalue())
    with pytest.raises(VrnnError, match="more than 268 million values"):
        read_cube(tmp_path / "huge.npz")
