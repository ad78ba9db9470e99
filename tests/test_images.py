import numpy as np
import pytest
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.images import image_folder, read_image


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)


def saved(tmp_path, picture, name="a.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_colour_and_grey(tmp_path, pixels):
    assert np.array_equal(read_image(saved(tmp_path, Image.fromarray(pixels))), pixels)
    grey = read_image(saved(tmp_path, Image.fromarray(pixels[..., 0])))
    assert np.array_equal(grey, np.repeat(pixels[..., :1], 3, -1))


def test_sixteen_bits_are_scaled_not_cut_off(tmp_path):
    deep = np.linspace(0, 65535, 256 * 4).reshape(4, 256).astype(np.uint16)
    seen = read_image(saved(tmp_path, Image.fromarray(deep)))
    assert seen.shape == (4, 256, 3)
    assert seen[0, 0, 0] == 0
    assert seen[-1, -1, 0] == 255
    assert abs(int(seen[2, 0, 0]) - 128) <= 1


def test_cmyk_palette_and_a_single_pixel(tmp_path, pixels):
    whole = Image.fromarray(pixels)
    assert read_image(saved(tmp_path, whole.convert("CMYK"), "a.tif")).shape == (20, 30, 3)
    palette = read_image(saved(tmp_path, whole.convert("P", palette=Image.Palette.ADAPTIVE)))
    assert np.abs(palette.astype(int) - pixels).mean() < 30
    assert read_image(saved(tmp_path, Image.new("RGB", (1, 1), (1, 2, 3)))).tolist() == [
        [[1, 2, 3]]
    ]


def test_transparent_parts_are_over_black(tmp_path):
    clear = Image.new("RGBA", (4, 4), (255, 255, 255, 0))
    assert read_image(saved(tmp_path, clear)).max() == 0
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 255, 255] * 256)
    assert read_image(saved(tmp_path, palette, transparency=0)).max() == 0


def test_the_first_picture_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert read_image(path)[4, 4].tolist() == [255, 0, 0]


def test_a_photograph_stands_upright(tmp_path):
    picture = Image.new("RGB", (30, 10), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    assert read_image(saved(tmp_path, picture, "a.jpg", exif=exif)).shape == (30, 10, 3)


def test_a_folder_of_classes(tmp_path, pixels):
    for name in ("cat/1.png", "cat/deep/2.png", "dog/1.png", "loose.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    images = image_folder(tmp_path)
    assert images.names == ("cat", "dog")
    assert [images.label(i) for i in range(len(images))] == [-1, 0, 0, 1]
    assert np.array_equal(images.image(3), pixels)


def test_no_folder_or_nothing_in_it(tmp_path):
    with pytest.raises(VrnnError, match="no folder"):
        image_folder(tmp_path / "none")
    with pytest.raises(VrnnError, match="no images"):
        image_folder(tmp_path)
