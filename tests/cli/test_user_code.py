"""What a model's script, transform and data set may do: vrnn ends or tells, and never hangs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from vrnn.cli import main as cli
from vrnn.compute.loading import script
from vrnn.errors import VrnnError
from vrnn.media.image_set import MAX_IMAGES, ImageSet, TimeLimitError

SCRIPT = """\
import multiprocessing, os, sys, threading
from torch import nn
class Own(BaseException): pass
{before}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.passes = nn.Conv2d(3, 4, 3), 0
    def forward(self, x):
        self.passes += 1
        {forward}
        return self.c(x).mean((2, 3))
model, input_size = Net(), (16, 16)
{after}
"""
RAISED = (
    "sys.exit(3)",
    "sys.exit(0)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise Own",
)


def write(folder, before="", forward="pass", after=""):
    path = folder / "net.py"
    path.write_text(SCRIPT.format(before=before, forward=forward, after=after))
    return str(path)


@pytest.fixture
def answer(tmp_path, capfd):
    """Exports the layers of a model, in the worker's thread; gives exit code and what was said."""

    def run(path, *words):
        out = str(tmp_path / "out")
        code = cli.main(["export", "--model", path, "--out", out, "--quiet", *words])
        said = capfd.readouterr().err
        assert "Traceback" not in said
        return code, said

    return run


@pytest.mark.parametrize("code", RAISED)
@pytest.mark.parametrize("where", ["before", "forward", "later", "after"])
def test_whatever_is_raised_is_told(tmp_path, answer, code, where):
    if where == "later":
        path = write(tmp_path, forward=f"if self.passes > 2: {code}")
    elif where == "after":
        path = write(tmp_path, after=f"def transform(image): {code}")
    else:
        path = write(tmp_path, **{where: code})
    returned, said = answer(path)
    assert returned == 2
    assert said.startswith("vrnn: ")
    assert said.count("\n") == 1
    assert "net.py" in said


@pytest.mark.parametrize("code", RAISED)
def test_a_data_set_that_raises_it(tmp_path, code):
    path = write(
        tmp_path,
        after="class D:\n    def __len__(self): return 3\n"
        f"    def __getitem__(self, i): {code}\ndataset = D()",
    )
    dataset = script.from_script(tmp_path / path).dataset
    assert dataset is not None
    with pytest.raises(VrnnError, match="image 1 of the data set"):
        dataset.image(1)
    assert dataset.label(1) == -1
    assert dataset.first() is None


def test_a_data_set_that_says_it_is_endless(tmp_path, answer):
    lies = (
        "class D:\n    def __len__(self): return 10**12\n    def __getitem__(self, i): return 0\n"
    )
    code, said = answer(write(tmp_path, after=f"{lies}dataset = D()"))
    assert code == 2
    assert "says that it has 1,000,000,000,000 images" in said


class EndlessLabels:
    def __len__(self):
        return MAX_IMAGES + 1

    def __getitem__(self, index):
        return -1


def test_how_many_images_there_may_be():
    with pytest.raises(VrnnError, match="Subset"):
        ImageSet((), EndlessLabels(), lambda index: None)


def test_an_item_that_never_comes():
    import threading

    import numpy as np

    never, pixels = threading.Event(), np.zeros((2, 2, 3), np.uint8)

    def read(index):
        if index == 0:
            never.wait()
        return pixels

    images = ImageSet((), [-1] * 5, read, seconds=0.2)
    assert images.image(1) is pixels
    for index in (0, 1):  # while it is stuck, no other is waited for
        with pytest.raises(TimeLimitError, match=r"__getitem__|still being read"):
            images.image(index)
    with pytest.raises(TimeLimitError):
        images.first()
    never.set()
    thread = images._stuck
    assert thread is not None
    thread.join(10)
    assert images.image(1) is pixels


@pytest.mark.skipif(sys.platform == "win32", reason="fork is of POSIX")
@pytest.mark.parametrize("where", ["before", "forward", "after"])
def test_a_copy_of_the_process_does_not_go_on(tmp_path, run_vrnn, where):
    """Both would write the same files, and whoever reads the output waits for both."""
    path = write(tmp_path, **{where: "os.fork()"})
    result = run_vrnn("graph", "--model", path)
    assert result.returncode == 0
    assert result.stdout.count("net: ") == 1


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_process_that_would_import_the_script_again(tmp_path, answer, method):
    if method == "forkserver" and sys.platform == "win32":
        pytest.skip("there is none")
    start = f"multiprocessing.get_context({method!r}).Process(target=print).start()"
    code, said = answer(write(tmp_path, after=start))
    assert code == 2
    assert "__main__" in said


@pytest.mark.parametrize(
    "code",
    ["sys.stdout.close()", "sys.stdout = None", "sys.stdout = sys.stderr = None",
     "os.close(1)", "os.close(1); os.close(2)", "os.close(0); os.close(1); os.close(2)"],
)  # fmt: skip
def test_a_script_that_closes_the_streams(tmp_path, run_vrnn, code):
    result = run_vrnn("graph", "--model", write(tmp_path, after=code), "--json", "graph.json")
    assert (result.returncode, result.stderr) == (0, "")
    text = (tmp_path / "graph.json").read_text()
    assert text.startswith("{")
    assert "net: " not in text  # the table is not printed into the file


def test_a_class_file_that_is_a_pipe(tmp_path, answer):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are none")
    os.mkfifo(tmp_path / "names")
    code, said = answer(write(tmp_path), "--classes", str(tmp_path / "names"))
    assert code == 2
    assert "it is a pipe" in said


@pytest.mark.parametrize("name", ["os:abort", "os:fork", "posix:abort", "torch.hub:urlopen"])
def test_nothing_of_python_itself_is_run_as_a_model(answer, name):
    code, said = answer(name)
    assert code == 2
    assert "Python's own library" in said


NO_TEXT = "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})()"


@pytest.mark.parametrize("where", ["before", "forward", "item"])
def test_an_error_that_has_no_text_is_told_by_its_line(tmp_path, answer, where):
    if where == "item":
        path = write(
            tmp_path,
            after="class D:\n    def __len__(self): return 1\n"
            f"    def __getitem__(self, index): {NO_TEXT}\ndataset = D()",
        )
        with pytest.raises(VrnnError, match=r"net\.py:16.*Mute: no reason given"):
            script.from_script(tmp_path / "net.py").dataset.image(0)
        return
    path = write(tmp_path, **{where: NO_TEXT})
    returned, said = answer(path)
    assert returned == 2
    assert "net.py:" in said
    assert "Mute: no reason given" in said


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("open('/nowhere/x')", "No such file or directory: '/nowhere/x'"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("not_defined_at_all", "name 'not_defined_at_all' is not defined"),
        ("self.forward(x)", "recursion"),
    ],
)
def test_no_other_input_is_asked_for_where_none_would_help(tmp_path, answer, code, reason):
    returned, said = answer(write(tmp_path, forward=code))
    assert returned == 2
    assert reason in said
    assert "fix that line" in said
    assert "example_input" not in said
    assert "Errno" not in said


@pytest.mark.parametrize("code", ["assert False", "os.close(99)", "sys.setrecursionlimit(5)"])
def test_an_error_of_a_script_beside_its_passes_is_no_fault_of_vrnn(tmp_path, capfd, code):
    after = f"def hook(*arguments): {code}\nmodel.register_state_dict_pre_hook(hook)"
    path = write(tmp_path, after=after)
    torch.save({"c.bias": torch.zeros(4)}, tmp_path / "w.pt")
    words = ["graph", "--model", path, "--weights", str(tmp_path / "w.pt"), "--quiet"]
    assert cli.main(words) == 2
    said = capfd.readouterr().err
    assert "net.py:" in said
    assert "unexpectedly" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "code",
    ["sys.path.clear()", "import inspect; sys.setrecursionlimit(len(inspect.stack()) + 40)"],
)
def test_what_a_script_takes_from_the_interpreter_is_put_back(tmp_path, code):
    places, depth = list(sys.path), sys.getrecursionlimit()
    write(tmp_path, before=code)
    script.from_script(tmp_path / "net.py")
    assert set(places) <= set(sys.path)
    assert sys.getrecursionlimit() == depth


def test_a_data_set_that_forks_makes_no_second_vrnn(tmp_path):
    path = write(
        tmp_path,
        after="class D:\n    def __len__(self): return 1\n    def __getitem__(self, index):\n"
        "        os.fork()\n        return __import__('torch').zeros(3, 8, 8)\ndataset = D()",
    )
    process = os.getpid()
    script.from_script(Path(path)).dataset.image(0)
    assert os.getpid() == process
    ended, status = os.waitpid(-1, 0)  # the copy ends, and well
    assert ended != process
    assert os.waitstatus_to_exitcode(status) == 0
