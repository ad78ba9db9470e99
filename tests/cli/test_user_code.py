"""What a model's script, transform and data set may do: vrnn ends or tells, and never hangs."""

from __future__ import annotations

import os
import sys

import pytest

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
