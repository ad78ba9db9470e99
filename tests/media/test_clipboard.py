"""The clipboard, through the tools that Pillow calls on Linux: here scripts of their names."""

import io
import sys

import numpy as np
import pytest
from PIL import Image, ImageGrab

from vrnn.errors import VrnnError
from vrnn.media.clipboard import clipboard_image

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere the clipboard needs no tool"
)


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Puts a script in the place of `xclip` or `wl-paste`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")

    def put(name, body):
        path = folder / name
        path.write_text(f"#!{sys.executable}\nimport sys, time\n{body}\n")
        path.chmod(0o755)

    return put


def hands_over(content):
    return f"sys.stdout.buffer.write({content!r})"


def png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("name", "wayland"), [("xclip", ""), ("wl-paste", "wayland-0")])
def test_an_image(tool, monkeypatch, name, wayland):
    monkeypatch.setenv("WAYLAND_DISPLAY", wayland)
    pixels = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)
    tool(name, hands_over(png(Image.fromarray(pixels))))
    assert np.array_equal(clipboard_image(20), pixels)


def test_transparent_parts_are_over_black(tool):
    tool("xclip", hands_over(png(Image.new("RGBA", (2, 2), (255, 255, 255, 0)))))
    assert clipboard_image(20).max() == 0


def test_no_image(tool):
    tool("xclip", "sys.exit('Error: target image/png not available')")
    assert clipboard_image(20) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (hands_over(b"text"), "copy it as PNG"),
        (hands_over(png(Image.effect_noise((64, 64), 90))[:900]), "truncated"),
        ("sys.exit('Error: Can\\'t open display: :0')", "cannot be read: .*open display"),
    ],
)
def test_what_cannot_be_read(tool, body, says):
    tool("xclip", body)
    with pytest.raises(VrnnError, match=says) as caught:
        clipboard_image(20)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("wayland", "package"), [("", "xclip"), ("wayland-0", "wl-clipboard")])
def test_a_missing_tool_is_told_with_the_package_that_has_it(tool, monkeypatch, wayland, package):
    monkeypatch.setenv("WAYLAND_DISPLAY", wayland)
    with pytest.raises(VrnnError, match=f"the package {package};.*apt-get install -y {package}"):
        clipboard_image(20)


def test_a_clipboard_that_does_not_answer(tool):
    tool("xclip", "time.sleep(3)")
    with pytest.raises(VrnnError, match="did not answer"):
        clipboard_image(0.1)


def test_a_copied_file(tmp_path, monkeypatch):
    # As Windows hands it over, which Pillow gives as a list; no other system's Pillow does.
    Image.new("RGB", (3, 2), (1, 2, 3)).save(tmp_path / "a.png")
    files = [str(tmp_path / "notes.txt"), str(tmp_path / "a.png")]
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: files)
    assert clipboard_image(20).shape == (2, 3, 3)
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: files[:1])
    assert clipboard_image(20) is None
