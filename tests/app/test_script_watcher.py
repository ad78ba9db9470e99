"""A script that is saved is loaded anew, and everything else stays as it is."""

from tests.support.window import differs, saved_session

SCRIPT = """
from pathlib import Path
import torch
from blocks import WIDTH
Path(__file__).with_name(f"ran-with-{WIDTH}").touch()
conv = lambda i, o: torch.nn.Conv2d(i, o, 3)
block = lambda width: torch.nn.Sequential(conv(3, width), torch.nn.ReLU(), conv(width, 3))
model = torch.nn.Sequential(block(WIDTH), block(4))
input_size = (24, 24)
"""


def test_a_saved_script_is_loaded_anew_and_a_broken_one_changes_nothing(program, tmp_path):
    script, blocks = tmp_path / "net.py", tmp_path / "blocks.py"
    script.write_text(SCRIPT)
    blocks.write_text("WIDTH = 4\n")
    vrnn = program("--model", str(script))
    vrnn.ready()
    vrnn.xdotool("click", "4")  # a camera of the user's own
    before = vrnn.picture()
    vrnn.press("c")
    session = vrnn.session_where(lambda saved: saved["state"].get("color_mapping"))

    # What it imports counts as well as itself.
    blocks.write_text("WIDTH = 20\n")
    vrnn.wait_for((tmp_path / "ran-with-20").exists)
    wider = vrnn.picture_where(lambda seen: differs(before, seen) > 0.003)
    after = saved_session(vrnn)
    assert (after["state"], after["camera"]) == (session["state"], session["camera"])

    script.write_text(SCRIPT + "this is no Python\n")
    told = vrnn.picture_where(lambda seen: differs(wider, seen) > 0.01)
    vrnn.press("Return")  # the message is read
    vrnn.picture_where(lambda seen: differs(told, seen) > 0.01 and differs(wider, seen) < 0.01)
    assert saved_session(vrnn)["state"] == session["state"]

    blocks.write_text("WIDTH = 5\n")
    script.write_text(SCRIPT)
    vrnn.wait_for((tmp_path / "ran-with-5").exists)
