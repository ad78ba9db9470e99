"""The window: started, walked through, resized and closed, as a user would."""

import re

from PIL import Image

from tests.support.window import SIZE, ask_to_close, differs


def test_a_visit(program):
    vrnn = program()
    vrnn.ready()
    overview = vrnn.picture()
    assert overview.std() > 10

    title = vrnn.wait_for(lambda: re.search(r"vrnn · .*digits.* fps", vrnn.title()))
    assert "untrained weights" not in title[0]

    vrnn.press("F1")
    vrnn.picture_where(lambda seen: differs(overview, seen) > 0.05)
    vrnn.press("F1")
    vrnn.picture_where(lambda seen: differs(overview, seen) < 0.02)

    # Walking forward comes nearer; Home goes back.
    vrnn.xdotool("keydown", "--window", vrnn.window, "w")
    vrnn.wait_for(lambda: differs(overview, vrnn.shot()) > 0.05)
    vrnn.xdotool("keyup", "--window", vrnn.window, "w")
    near = vrnn.picture_where(lambda seen: differs(overview, seen) > 0.05)
    vrnn.press("ctrl+5")
    vrnn.press("Home")
    home = vrnn.picture_where(lambda seen: differs(near, seen) > 0.05)
    vrnn.press("5")
    # Histograms may have come meanwhile.
    vrnn.picture_where(lambda seen: differs(near, seen) < 0.12)
    vrnn.press("Home")
    home = vrnn.picture_where(lambda seen: differs(home, seen) < 0.05)

    # The other arrangement and back; the colors' scale.
    vrnn.press("Tab")
    conveyor = vrnn.picture_where(lambda seen: differs(home, seen) > 0.1)
    vrnn.press("Tab")
    terrace = vrnn.picture_where(lambda seen: differs(conveyor, seen) > 0.1)
    vrnn.press("c")
    vrnn.picture_where(lambda seen: differs(terrace, seen) > 0.003)

    # A screenshot is written where vrnn was started.
    vrnn.press("F12")
    written = vrnn.wait_for(lambda: list(vrnn.folder.glob("vrnn-*.png")))
    assert Image.open(written[0]).size == SIZE


def test_the_mouse_looks_around_only_while_it_is_captured(program):
    vrnn = program()
    vrnn.ready()
    still = vrnn.picture()
    vrnn.xdotool("mousemove", "--window", vrnn.window, "8", "300")
    assert differs(still, vrnn.picture()) < 0.1
    vrnn.press("space")

    def turns(seen) -> bool:
        vrnn.xdotool("mousemove_relative", "--", "160", "20")
        return differs(still, seen) > 0.1

    vrnn.picture_where(turns)
    vrnn.press("Escape")
    vrnn.picture()  # at rest: the key has arrived
    vrnn.xdotool("mousemove", "--window", vrnn.window, "4", "4")
    free = vrnn.picture()
    vrnn.xdotool("mousemove_relative", "--", "60", "0")
    assert differs(free, vrnn.picture()) < 0.1


def test_a_resized_window_is_filled(program):
    vrnn = program()
    vrnn.ready()
    vrnn.xdotool("windowsize", "--sync", vrnn.window, "700", "640")
    seen = vrnn.picture_where(
        lambda seen: seen.shape[:2] == (640, 700) and seen[600:, :300].std() > 3
    )
    assert seen[-40:, -40:].std() < 80
    assert seen[600:, :300].std() > 3  # the legend is at the new lower left


def test_closing_the_window_ends_the_program_at_once(program):
    vrnn = program()
    vrnn.ready()
    ask_to_close(vrnn.env["DISPLAY"], int(vrnn.window))
    assert vrnn.process.wait(10) == 0


def test_a_model_that_cannot_be_opened_ends_with_a_sentence(program, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import torch\nmodel = torch.nn.Linear(3)\n")
    vrnn = program("--model", str(script))
    assert vrnn.process.wait(60) == 2
    output = vrnn.output()
    assert "broken.py:2" in output
    assert "Traceback" not in output
