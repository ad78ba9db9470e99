"""Lists of actions from files."""

import pytest
from PIL import Image

from vrnn.commands import base as actions
from vrnn.commands.script import COMMANDS, read_commands
from vrnn.errors import VrnnError


def test_a_list_is_played_without_a_screen(run_vrnn, tmp_path):
    (tmp_path / "tour.toml").write_text(
        """
[[action]]
do = "put_image"
number = 4
[[action]]
do = "form"
layer = "stage2.0.conv1"
form = "ring"
spread = 2
[[action]]
do = "take_picture"
file = "a.png"
size = [320, 200]
[[action]]
do = "save"
file = "place.json"
"""
    )
    done = run_vrnn("--play", "tour.toml", DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "a.png").size == (320, 200)
    again = run_vrnn(
        "--place", "place.json", "--screenshot", "b.png", "--size", "320x200", DISPLAY=""
    )
    assert again.returncode == 0, again.stderr
    assert Image.open(tmp_path / "b.png").tobytes() == Image.open(tmp_path / "a.png").tobytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[action]]\ndo = "dance"', "action 1: there is no action 'dance'; known are"),
        ("[[action]]\n", "there is no action 'None'"),
        ('[[action]]\ndo = "move"\nlayer = "x"\nby = [1, 2]', "'move'.by should be a list"),
        ('[[action]]\ndo = "move"\nby = [1, 2, 3]', "'move' needs layer"),
        ('[[action]]\ndo = "undo"\ntimes = 1.5', "should be a whole number"),
        ('[[action]]\ndo = "undo"\nsteps = 1', "has no 'steps'; known are times"),
        ('[[action]]\ndo = "undo"\n[[action]]\ndo = "x"', "action 2"),
        ("[action]\ndo = 1", "write \\[\\[action\\]\\]"),
        ("other = 1", "'other' is not understood"),
        ("[[action]\n", "cannot read the actions"),
    ],
)
def test_a_wrong_list_is_told_with_its_place(tmp_path, text, message):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(VrnnError, match=message):
        read_commands(path)


def test_an_action_that_cannot_be_done_ends_the_list_with_its_number(run_vrnn, tmp_path):
    (tmp_path / "tour.toml").write_text(
        '[[action]]\ndo = "arrange"\n[[action]]\ndo = "fold"\nname = "nothing"\n'
    )
    done = run_vrnn("--play", "tour.toml", DISPLAY="")
    assert done.returncode == 2
    assert "action 2: there is no layer 'nothing'" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_action_has_a_name():
    kinds = [
        k for k in vars(actions).values()
        if isinstance(k, type) and issubclass(k, actions.Command)
    ]  # fmt: skip
    assert len(COMMANDS) == len(kinds) - 3
    assert {"take_picture", "put_noise", "find_top"} <= set(COMMANDS)
