import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize, read_image
from vrnn.media.image_set import ImageSet, image_folder, natural_sort


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)


def saved(tmp_path, picture, name="a.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_color_and_gray(tmp_path, pixels):
    assert np.array_equal(read_image(saved(tmp_path, Image.fromarray(pixels))), pixels)
    gray = read_image(saved(tmp_path, Image.fromarray(pixels[..., 0])))
    assert np.array_equal(gray, np.repeat(pixels[..., :1], 3, -1))


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
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
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


def test_a_jpeg_may_come_smaller_but_not_too_small(tmp_path):
    picture = Image.linear_gradient("L").resize((800, 600))
    path = saved(tmp_path, picture, "a.jpg")
    height, width, _ = read_image(path, min_side=90).shape
    assert 90 <= height < 600
    assert 90 <= width < 800
    assert read_image(path).shape == (600, 800, 3)
    assert image_folder(tmp_path).small(0, 90).shape == (height, width, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(VrnnError, match="not a file"):
        read_image(tmp_path / "a.png")


def test_the_middle_of_an_image_is_taken(pixels):
    pixels[:, :5] = pixels[:, 25:] = 0
    assert np.array_equal(center_crop_resize(pixels, 20, 20), pixels[:, 5:25])


# Sets of images.


def broken(index):
    """Reads an image, now and then not."""
    if index % 3 == 1:
        raise OSError(f"sector {index} is bad")
    if index % 3 == 2:
        raise SystemExit
    return np.full((2, 2, 3), index, np.uint8)


def test_an_item_that_cannot_be_read_is_named():
    images = ImageSet((), [0] * 6, broken)
    assert images.image(3)[0, 0, 0] == 3
    with pytest.raises(VrnnError, match=r"image 4 of the data set .* OSError: sector 4 is bad"):
        images.image(4)
    with pytest.raises(VrnnError, match=r"image 5 of the data set .* SystemExit"):
        images.small(5, 1)
    for index in (-1, 6):
        with pytest.raises(VrnnError, match=f"no image {index}: the data set has 6"):
            images.image(index)


@pytest.mark.parametrize(
    "wrong",
    [None, "text", np.zeros((2, 2), np.uint8), np.zeros((0, 2, 3), np.uint8), np.zeros((2, 2, 3))],
)
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(VrnnError, match="image 0 of the data set is"):
        ImageSet((), [0], lambda index: wrong).image(0)


def test_a_broken_file_is_told_with_its_number_and_its_name(tmp_path, pixels):
    saved(tmp_path, Image.fromarray(pixels))
    (tmp_path / "b.png").write_bytes(b"no image")
    images = image_folder(tmp_path)
    assert images.image(0).shape == pixels.shape
    with pytest.raises(VrnnError, match=r"image 1 of the data set: .*b\.png"):
        images.image(1)


def test_the_first_image_that_can_be_read():
    assert ImageSet((), [0] * 4, lambda index: broken(index + 2)).first()[0, 0, 0] == 3
    assert ImageSet((), [0] * 4, lambda index: broken(1)).first() is None
    assert ImageSet((), [], broken).first() is None


def test_labels_that_are_no_class_are_counted_once():
    labels = [0, 1, 2, -1, -5, None, "1", 1.0, float("nan")]
    images = ImageSet(("cat", "dog"), labels, broken)
    assert images.invalid_labels == 0
    for _ in range(2):
        found = [images.label(i) for i in range(len(images))]
        assert found == [0, 1, -1, -1, -1, -1, 1, 1, -1]
    assert images.invalid_labels == 4
    assert ImageSet((), [900], broken).label(0) == 900  # without names any number may be a class
    with pytest.raises(VrnnError, match="no image 9"):
        images.label(9)


def test_files_in_natural_order_and_classes_in_plain_order(tmp_path):
    for name in ("10/a.png", "9/a10.png", "9/a9.png", "9/B.png", "9/2/x.png", "9/10/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (1, len(name))).save(tmp_path / name)
    images = image_folder(tmp_path)
    assert images.names == ("10", "9")
    sizes = [images.image(i).shape[0] for i in range(len(images))]
    names = ["10/a.png", "9/B.png", "9/a9.png", "9/a10.png", "9/2/x.png", "9/10/x.png"]
    assert sizes == [len(name) for name in names]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    for name in ("cat/a.png", "cat/._a.png", ".cache/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (1, 1)).save(tmp_path / name)
    images = image_folder(tmp_path)
    assert (images.names, len(images)) == (("cat",), 1)


def test_links_are_followed_but_not_in_circles(tmp_path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "data"
    for place in (elsewhere, folder / "cat" / "more"):
        place.mkdir(parents=True)
        Image.new("RGB", (1, 1)).save(place / "a.png")
    try:
        (folder / "dog").symlink_to(elsewhere)
        (folder / "cat" / "b.png").symlink_to(elsewhere / "a.png")
        (folder / "cat" / "more" / "up").symlink_to(folder / "cat")
        (folder / "cat" / "top").symlink_to(folder)
        (elsewhere / "itself").symlink_to(elsewhere)
    except OSError:
        pytest.skip("links cannot be made here")
    images = image_folder(folder)
    assert images.names == ("cat", "dog")
    assert [images.label(i) for i in range(len(images))] == [0, 0, 1]


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 10**9)), unique=True))
def test_natural_order_is_by_text_then_by_value(parts):
    texts = [f"{text}{number}" for text, number in parts]
    in_order = [f"{text}{number}" for text, number in sorted(parts)]
    assert natural_sort(texts) == in_order
