"""Lists of commands from files."""

import json

import pytest
from PIL import Image

from vrnn.commands.registry import registered
from vrnn.commands.script import read_commands
from vrnn.errors import VrnnError


def test_a_list_is_played_without_a_screen(run_vrnn, tmp_path):
    (tmp_path / "tour.toml").write_text(
        """
[[command]]
do = "input.set_image"
number = 4
[[command]]
do = "layer.arrange_maps"
layer = "stage2.0.conv1"
form = "ring"
spread = 2
[[command]]
do = "export.image"
file = "a.png"
size = [320, 200]
[[command]]
do = "session.save"
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
        ('[[command]]\ndo = "dance"', "command 1: there is no command 'dance'; known are"),
        ("[[command]]\n", "the line with `do`"),
        (
            '[[command]]\ndo = "layer.move"\nlayer = "x"\nby = [1, 2]',
            "'layer.move'.by should be a list",
        ),
        ('[[command]]\ndo = "layer.move"\nby = [1, 2, 3]', "'layer.move' needs layer"),
        ('[[command]]\ndo = "edit.undo"\ntimes = 1.5', "should be a whole number"),
        ('[[command]]\ndo = "edit.undo"\nsteps = 1', "has no 'steps'; known are times"),
        ('[[command]]\ndo = "edit.undo"\n[[command]]\ndo = "x"', "command 2"),
        ("[command]\ndo = 1", "write \\[\\[command\\]\\]"),
        ("other = 1", "'other' is not understood"),
        ("[[command]\n", "cannot read the commands"),
        ("[[command]]\ndo = {a = 1}", "do should be the name of a command, not {'a': 1}"),
        ("[[command]]\ndo = [1]", r"do should be the name of a command, not \[1\]"),
        ("action = [1, 2]", "command 1: a command should be a table, not 1"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "{a = " * 50_000, "nested too deeply"),
        *[
            (f'[[command]]\ndo = "{do}"\nfile = "f"{more}\nsize = [{size}]', "from 1 to 16,384")
            for do, more in (("export.image", ""), ("export.video", "\ncameras = []"))
            for size in ("0, 0", "-5, 5", "1000000000, 9", "16385, 1", f"{10**30}, 1")
        ],
        *[
            (
                f'[[command]]\ndo = "export.video"\nfile = "f"\ncameras = []\nseconds = {seconds}',
                "seconds should be a number from 0.01 to 3,600",
            )
            for seconds in ("inf", "nan", "1e6", "0", "-1")
        ],
        ('[[command]]\ndo = "script.wait"\nseconds = inf', "seconds should be a number from 0 to"),
        ('[[command]]\ndo = "session.save"\nfile = "' + "x" * 300 + '"', "too long"),
        ('[[command]]\ndo = "session.save"\nfile = "a\\u0000b"', "no path can have"),
    ],
)
def test_a_wrong_list_is_told_with_its_place(tmp_path, text, message):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(VrnnError, match=message):
        read_commands(path)


def test_an_action_that_cannot_be_done_ends_the_list_with_its_number(run_vrnn, tmp_path):
    (tmp_path / "tour.toml").write_text(
        '[[command]]\ndo = "display.arrangement"\n'
        '[[command]]\ndo = "layer.fold"\nname = "nothing"\n'
    )
    done = run_vrnn("--play", "tour.toml", DISPLAY="")
    assert done.returncode == 2
    assert "command 2: there is no layer 'nothing'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_list_of_an_older_build_is_played(run_vrnn, tmp_path, root):
    """Every action of version 0.1, by its name and with the fields that it had then."""
    text = (root / "tests/data/play-0.1.toml").read_text()
    (tmp_path / "old.toml").write_text(text)
    commands = read_commands(tmp_path / "old.toml")
    formers = {info.former_name for info in registered() if info.former_name}
    assert {line.split('"')[1] for line in text.splitlines() if line.startswith("do =")} == (
        formers - {"use_headset"}
    )
    assert len(commands) == text.count("[[action]]")
    done = run_vrnn("--play", "old.toml", DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "picture.png").size == (160, 90)
    assert list((tmp_path / "film").iterdir())
    assert list((tmp_path / "layers").iterdir())
    content = json.loads((tmp_path / "session.json").read_text())
    assert content["state"]["color_mapping"]["colormap"] == "gray"
    assert content["state"]["fold_display"] == "maximum"


def test_an_action_of_one_build_and_a_command_of_another_cannot_be_mixed(tmp_path):
    path = tmp_path / "mixed.toml"
    path.write_text('[[action]]\ndo = "undo"\n[[command]]\ndo = "edit.undo"\n')
    with pytest.raises(VrnnError, match="'command' is not understood"):
        read_commands(path)


def test_a_job_that_fails_ends_the_list_with_its_number(run_vrnn, tmp_path):
    (tmp_path / "model.py").write_text(
        "from torch import nn\nimport torch\nmodel = nn.Sequential(nn.Linear(6, 4), nn.ReLU())\n"
        "example_input = torch.randn(1, 6)\n"
    )
    (tmp_path / "pictures.toml").write_text(
        """
[[command]]
do = "layer.visualize_features"
layer = "0"
settings = { steps = 2 }
[[command]]
do = "export.image"
file = "a.png"
size = [320, 200]
"""
    )
    done = run_vrnn("--model", "model.py", "--play", "pictures.toml", DISPLAY="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "pictures.toml, command 1: " in done.stderr
    assert "takes no image" in done.stderr
    assert not (tmp_path / "a.png").exists()
