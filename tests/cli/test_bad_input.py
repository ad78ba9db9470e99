"""Bad input through the command line: one clear sentence, exit code 2, and no traceback."""

import os
import pickle
import re
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.signals import restore_interrupt
from vrnn.cli import main as cli
from vrnn.storage.input_file import describe_missing

SCRIPTS = {
    "syntax": ("model = (1,\n", r"broken\.py:1: model = \(1,: SyntaxError"),
    "import": ("x = 1\nimport nothing_like_this\n", r"broken\.py:2: import nothing_like_this"),
    "init": (
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = nn.Linear(3)\n",
        r"broken\.py:5: self\.fc = nn\.Linear\(3\)",
    ),
    "forward": (
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.c = nn.Conv2d(3, 4, 3)\n"
        "    def forward(self, x):\n        return self.c(x) @ 'seven'\n",
        r"broken\.py:7: return self\.c\(x\) @ 'seven'",
    ),
    "no model": ("x = 1\n", r"there is no model in 'broken\.py'"),
    "several": (
        "from torch import nn\na = nn.Linear(4, 4)\nb = nn.Linear(4, 4)\n",
        r"several models \(a, b\); choose one, as broken\.py:a",
    ),
    "ends itself": ("import sys\nsys.exit(3)\n", r"ended itself \(exit code 3\)"),
    "constant": (
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n"
        "        return torch.zeros(1)\n",
        "torch computes no tensor of the model's result from its input",
    ),
    "any size": (
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.c = torch.nn.Conv2d(3, 4, 3)\n"
        "    def forward(self, x):\n        return self.c(x).reshape(1, 12345)\n",
        r"tried 3×224×224, 3×32×32.*--input-size",
    ),
    "too much memory": (
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n"
        "        return x.mean() * torch.empty(10**15)\n",
        "out of memory",
    ),
}


def refused(capfd, words, *parts):
    """What vrnn says to these words; checks that it is one sentence."""
    assert cli.main(list(words)) == 2
    said = capfd.readouterr().err.strip()
    assert said.startswith("vrnn: ")
    assert "\n" not in said
    assert "Traceback" not in said
    for part in parts:
        assert part in said, said
    return said


@pytest.fixture
def shot(tmp_path):
    return ["--screenshot", str(tmp_path / "out.png"), "--size", "160x90"]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_scripts(kind, tmp_path, shot, capfd):
    text, pattern = SCRIPTS[kind]
    script = tmp_path / "broken.py"
    script.write_text(text)
    said = refused(capfd, ["--model", str(script), *shot])
    assert re.search(pattern, said), said
    assert not (tmp_path / "out.png").exists()


def test_the_traceback_is_shown_when_asked_for(tmp_path, shot, capfd):
    script = tmp_path / "broken.py"
    script.write_text(SCRIPTS["init"][0])
    assert cli.main(["--model", str(script), "--debug", *shot]) == 2
    said = capfd.readouterr().err
    assert "Traceback" in said
    assert "nn.Linear(3)" in said


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--model", "nowhere.py"], "there is no model script 'nowhere.py'"),
        (["--model", "no.such.module:factory"], "no module 'no.such.module'"),
        (["--model", "torchvision:resnet5000"], "similar names: resnet50"),
        (["--model", "something"], "no model 'something'"),
        (["--image", "nowhere.png"], "there is no image file 'nowhere.png'"),
        (["--weights", "nowhere.pt"], "there is no weights file 'nowhere.pt'"),
        (["--classes", "nowhere.txt"], "nowhere.txt"),
        (["--data", "nowhere"], "there is no folder of images 'nowhere'"),
        (["--device", "cuda:7"], "available: cpu"),
        (["--device", "toaster"], "no device 'toaster'"),
        (["--camera", "layer:nonsense"], "there is no layer 'nonsense'"),
        (["--camera", "sideways"], "sideways"),
        (["--size", "99999x10"], "16384"),
    ],
)
def test_options(words, part, shot, capfd):
    refused(capfd, [*shot, *words], part)


def test_a_folder_that_is_not_there(tmp_path, capfd):
    refused(capfd, ["--screenshot", str(tmp_path / "no" / "out.png")], "create it first")


def png_header(width, height):
    """A PNG file that claims this size and holds next to nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


def test_broken_and_huge_images(tmp_path, shot, capfd):
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)).save(whole)
    cases = {
        "cut.png": (whole.read_bytes()[:6000], "cannot be read"),
        "text.png": (b"not an image at all", "not an image that can be read"),
        "bomb.png": (png_header(60000, 60000), "million pixels"),
        "empty.png": (b"", "not an image that can be read"),
    }
    for name, (data, part) in cases.items():
        (tmp_path / name).write_bytes(data)
        refused(capfd, [*shot, "--image", str(tmp_path / name)], part, name)


class Harmful:
    """Would make a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_code_in_a_weights_file_is_never_run(tmp_path, shot, capfd):
    trap = tmp_path / "trap"
    torch.save({"weight": Harmful(str(trap))}, tmp_path / "evil.pt")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Harmful(str(trap))))
    for name in ("evil.pt", "evil.pkl"):
        refused(capfd, [*shot, "--weights", str(tmp_path / name)], name)
        assert not trap.exists()


def test_weights_that_do_not_fit(tmp_path, shot, capfd):
    torch.save({"other.weight": torch.zeros(3)}, tmp_path / "other.pt")
    refused(capfd, [*shot, "--weights", str(tmp_path / "other.pt")], "no weight in", "other.weight")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "other.pt").read_bytes()[:700])
    refused(capfd, [*shot, "--weights", str(tmp_path / "cut.pt")], "damaged")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    refused(capfd, [*shot, "--weights", str(tmp_path / "cut.safetensors")], "cannot be read")


def test_no_opengl_or_an_old_one(run_vrnn):
    words = ("--screenshot", "out.png")
    old = run_vrnn(*words, MESA_GL_VERSION_OVERRIDE="3.3")
    assert old.returncode == 2
    assert "too old" in old.stderr
    none = run_vrnn(*words, __EGL_VENDOR_LIBRARY_FILENAMES="/nonexistent.json")
    assert none.returncode == 2
    assert "apt-get install" in none.stderr
    for done in (old, none):
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_no_display(run_vrnn):
    done = run_vrnn(DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 2
    assert "no display" in done.stderr
    dead = run_vrnn(DISPLAY=":987", WAYLAND_DISPLAY="")
    assert dead.returncode == 2
    assert "no window can be opened here" in dead.stderr
    assert "Traceback" not in dead.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_endless_script_ends_with_ctrl_c(tmp_path):
    script = tmp_path / "endless.py"
    script.write_text("print('running', flush=True)\nwhile True:\n    pass\n")
    command = [sys.executable, "-m", "vrnn", "--model", str(script), "--screenshot", "x.png"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restore_interrupt,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        before = time.monotonic()
        assert process.wait(10) == 130
        assert time.monotonic() - before < 4
        assert process.stderr is not None
        assert process.stderr.read() == "vrnn: interrupted\n"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("net.pt", "there is: nets.pt"),
        ("gone.pt", "it is a link to 'nowhere', which leads nowhere"),
        ("~/nets.pt", "write $HOME"),
        ("no/such/w.pt", "nor a folder 'no/such'"),
        ("entirely-different", "check the path"),
    ],
)
def test_a_path_to_nothing_is_told_with_what_is_there(tmp_path, monkeypatch, given, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.pt").touch()
    (tmp_path / "gone.pt").symlink_to("nowhere")
    sentence = describe_missing(Path(given), "weights file")
    assert sentence.startswith(f"there is no weights file '{given}'")
    assert says in sentence


def test_a_pipe_as_a_script_is_called_one(tmp_path):
    os.mkfifo(tmp_path / "net.py")
    says = describe_missing(tmp_path / "net.py", "model script")
    assert says.endswith("is a pipe, not a model script; name a model script")


def test_a_library_that_cannot_be_imported_is_named(run_vrnn):
    result = run_vrnn("graph", "--model", "digits", TORCH_LOGS="nonsense")
    assert result.returncode == 2
    assert result.stderr.startswith("vrnn: torch cannot be imported: ")
    assert result.stderr.endswith('python -c "import torch"\n')
    assert "unexpectedly" not in result.stderr
