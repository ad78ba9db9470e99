"""The cloud of images in a real window: shown by its key, selected with a lasso, slid along."""

import itertools

import numpy as np
from PIL import Image

from tests.support.window import SIZE, differs, move_mouse


def test_a_key_shows_the_cloud_and_a_lasso_selects_in_it(program):
    vrnn = program("--model", "digits")
    vrnn.ready()
    first = vrnn.picture()
    move_mouse(vrnn, 3, SIZE[1] - 3)
    vrnn.press("ctrl+e")
    vrnn.picture_where(lambda seen: differs(first, seen) > 0.3)  # the eye has flown there
    cloud = vrnn.session_where(lambda saved: "cloud" in saved["state"])["state"]["cloud"]
    assert cloud["shown"]
    assert cloud["layer"] == cloud["anchor"] == "pool"
    before = vrnn.picture()
    corners = [(300, 60), (700, 60), (700, 460), (300, 460), (300, 100)]
    vrnn.xdotool("keydown", "ctrl")
    move_mouse(vrnn, *corners[0])
    vrnn.xdotool("mousedown", "1")
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        for part in np.linspace(0.2, 1, 5):
            x, y = round(x0 + (x1 - x0) * part), round(y0 + (y1 - y0) * part)
            move_mouse(vrnn, x, y)
    drawn = vrnn.picture_where(lambda seen: differs(before, seen) > 0.002)
    line = drawn[60, 320:680]
    assert ((line[:, 0] > 200) & (line[:, 2] < 130)).mean() > 0.5  # the line itself
    vrnn.xdotool("mouseup", "1")
    vrnn.xdotool("keyup", "ctrl")
    cloud = vrnn.session_where(lambda saved: saved["state"]["cloud"].get("selected"))["state"]
    assert 10 < len(cloud["cloud"]["selected"]) <= 359
    vrnn.press("ctrl+comma")
    slid = vrnn.session_where(lambda saved: saved["state"]["cloud"]["layer"] != "pool")
    assert slid["state"]["cloud"]["layer"] == "stage3.1.add"
    assert slid["state"]["cloud"]["anchor"] == "pool"
    vrnn.press("ctrl+e")
    vrnn.session_where(lambda saved: not saved["state"]["cloud"].get("shown", False))


def type_command(vrnn, words):
    """Choose a command in the palette."""
    vrnn.press("ctrl+p")
    vrnn.picture()
    vrnn.xdotool("type", "--delay", "60", words)
    vrnn.picture()
    vrnn.press("Return")


def test_a_selection_becomes_a_class_and_a_film_is_recorded_from_the_palette(program):
    vrnn = program("--model", "digits")
    vrnn.ready()
    first = vrnn.picture()
    move_mouse(vrnn, 3, SIZE[1] - 3)
    vrnn.press("ctrl+e")
    seen = vrnn.picture_where(lambda seen: differs(first, seen) > 0.3)
    move_mouse(vrnn, *find_image(vrnn, seen))
    vrnn.press("ctrl+a")
    selected = vrnn.session_where(lambda saved: saved["state"]["cloud"].get("selected"))
    numbers = selected["state"]["cloud"]["selected"]
    type_command(vrnn, "use the selected images")
    cloud = vrnn.session_where(lambda saved: saved["state"]["cloud"].get("own_classes"))
    cloud = cloud["state"]["cloud"]
    assert cloud["own_classes"] == [{"name": "own class 1", "numbers": numbers}]
    assert cloud["color"] == "own"
    type_command(vrnn, "record the image cloud")
    folder = vrnn.wait_for(lambda: next(iter(vrnn.folder.glob("vrnn-*-cloud")), None), 60)
    vrnn.wait_for(lambda: len(list(folder.glob("[!.]*.png"))) >= 20, 300)
    one, other = (np.asarray(Image.open(file)) for file in sorted(folder.glob("[!.]*.png"))[:20:18])
    assert one.shape == (720, 1280, 3)
    assert differs(one.astype(int), other.astype(int)) > 0.01


def find_image(vrnn, seen):
    """Where in the window an image of the cloud is."""
    for y in range(SIZE[1] // 2, SIZE[1], 23):
        for x in range(SIZE[0] // 3, SIZE[0], 31):
            if seen[y, x].min() > 200:
                return x, y
    raise AssertionError("no image is bright")
