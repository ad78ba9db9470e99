"""The cloud of images in a real window: shown by its key, selected with a lasso, slid along."""

import itertools

import numpy as np

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
