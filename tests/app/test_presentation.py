"""An audience sees larger text, no frame rate and no hints; a light theme is there at once."""

import re

import numpy as np

from tests.support.window import differs


def brightness(picture: np.ndarray) -> float:
    return float(np.median(picture))


def test_presentation_mode_has_no_frame_rate_and_larger_text(program):
    vrnn = program("--model", "digits")
    vrnn.ready()
    vrnn.wait_for(lambda: re.search(r"vrnn · .*digits.* fps", vrnn.title()), 20)
    before = vrnn.picture()
    vrnn.press("F5")
    vrnn.wait_for(lambda: re.fullmatch(r"vrnn · .*digits\w*", vrnn.title()), 20)
    lower_right = np.s_[-160:, -600:]
    shown = vrnn.picture_where(lambda p: differs(before[lower_right], p[lower_right]) > 0.2)
    vrnn.press("F5")
    vrnn.picture_where(lambda p: differs(shown[lower_right], p[lower_right]) > 0.2)


def test_the_window_opens_in_the_theme_that_is_asked_for(program):
    vrnn = program("--model", "digits", "--theme", "light", "--presentation")
    vrnn.ready()
    vrnn.picture_where(lambda p: brightness(p) > 200)
