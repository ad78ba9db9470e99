"""Which line of whose code an error came from, and the sentence that is made of it."""

from __future__ import annotations

import runpy
import sys

import pytest
import torch

from vrnn.compute.loading import user_traceback
from vrnn.compute.loading.user_traceback import (
    MAX_LINE,
    MAX_REASON,
    broken_library,
    explain_error,
    is_of_user,
    is_out_of_memory,
    user_line,
)
from vrnn.compute.model_inputs import map_leaves


def raised(function, *args) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def script(tmp_path, text: str, name: str = "net.py"):
    path = tmp_path / name
    path.write_text(text)
    return path


def error_of(path) -> BaseException:
    return raised(runpy.run_path, str(path))


def test_the_deepest_line_of_the_users_own_code_is_told(tmp_path):
    path = script(
        tmp_path,
        "import torch\n\ndef inner(x):\n    return   torch.ones(2, 3) @ x\n\n"
        "def outer():\n    return inner(torch.ones(2))\n\nouter()\n",
    )
    error = error_of(path)
    assert user_line(error) == "net.py:4: return   torch.ones(2, 3) @ x"
    told = explain_error(error)
    assert told.startswith("net.py:4: return   torch.ones(2, 3) @ x: RuntimeError: ")
    assert is_of_user(error) is False  # the test itself called it, not vrnn


def test_a_line_and_a_reason_are_cut_where_they_are_too_long(tmp_path):
    for extra in (0, 1):
        text = "raise ValueError('" + "w" * (MAX_LINE - 20 + extra) + "')"
        assert len(text) == MAX_LINE + extra
        line = user_line(error_of(script(tmp_path, text + "\n", f"long{extra}.py")))
        assert line == f"long{extra}.py:1: {text[:MAX_LINE]}" + "…" * extra
    assert explain_error(ValueError("r" * MAX_REASON)) == "ValueError: " + "r" * MAX_REASON
    cut = explain_error(ValueError("r" * (MAX_REASON + 1)))
    assert cut == "ValueError: " + "r" * (MAX_REASON - 3) + "…"
    assert explain_error(ValueError()) == "ValueError: no reason given"


def test_a_syntax_error_is_told_at_its_own_line(tmp_path):
    path = script(tmp_path, "x = 1\ny = = 2\n")
    error = error_of(path)
    assert user_line(error) == "net.py:2: y = = 2"
    assert explain_error(error) == "net.py:2: y = = 2: SyntaxError: invalid syntax"
    error.text = None
    assert user_line(error) == "net.py:2: y = = 2"
    error.lineno = 9
    assert user_line(error) == "net.py:9"
    error.lineno = None
    assert "test_user_traceback.py" in user_line(error)


def test_code_that_is_installed_counts_only_where_its_folder_is_named(tmp_path, monkeypatch):
    error = error_of(script(tmp_path, "raise KeyError('gone')\n"))
    paths = {key: str(tmp_path) for key in ("stdlib", "purelib", "platlib")}
    for key in paths:
        monkeypatch.setattr(user_traceback.sysconfig, "get_paths", lambda key=key: {
            name: str(tmp_path) if name == key else "/nowhere" for name in paths
        })  # fmt: skip
        assert "net.py" not in user_line(error)
        assert user_line(error, tmp_path) == "net.py:1: raise KeyError('gone')"
        assert "net.py" not in user_line(error, tmp_path / "other")


def test_an_error_of_a_file_says_what_cannot_be_used():
    error = raised(open, "/nowhere/at/all")
    error.__traceback__ = None
    assert explain_error(error) == "cannot use '/nowhere/at/all': no such file or directory"
    assert explain_error(OSError("odd")) == "OSError: odd"
    assert explain_error(OSError(5, "Input/Output")) == "OSError: Input/Output"


def test_whose_fault_it_is():
    """vrnn's own code under a model's, or above it, or none of the two."""

    def failing(value):
        raise ValueError("the model's own")

    assert is_of_user(raised(map_leaves, [1], failing))  # vrnn/compute calls the user's code
    assert not is_of_user(raised(failing, 1))
    assert not is_of_user(raised(map_leaves, 1, 2))  # nothing of the user under it
    assert not is_of_user(ValueError("never raised"))


def test_a_plugins_fault_is_none_of_the_model(monkeypatch):
    def failing(value):
        raise ValueError("the plugin's own")

    monkeypatch.setattr(user_traceback, "RUN_MODELS", frozenset({"media"}))
    assert not is_of_user(raised(map_leaves, [1], failing))


def test_a_library_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "glfw.py").write_text("raise ImportError('no such symbol')\n")
    (folder / "other.py").write_text("raise ImportError('no such symbol')\n")
    (folder / "user.py").write_text("import other\n")
    monkeypatch.syspath_prepend(folder)
    for name in ("glfw", "other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(user_traceback, "_is_user_code", lambda path, folder: False)
    error = raised(__import__, "glfw")
    assert broken_library(error) == "glfw"
    assert explain_error(error) == (
        "glfw cannot be imported: no such symbol; once this works, so does vrnn: "
        'python -c "import glfw"'
    )
    monkeypatch.undo()
    monkeypatch.syspath_prepend(folder)
    error = raised(__import__, "other")
    assert broken_library(error) == ""
    assert explain_error(error).startswith("other.py:1: raise ImportError('no such symbol'): Im")


class OutOfMemoryError(Exception):
    """As a library of its own calls it."""


@pytest.mark.parametrize("error", [
    MemoryError(), OutOfMemoryError("x"), torch.cuda.OutOfMemoryError("tried to allocate"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("CUDA Out of Memory"), RuntimeError("not enough memory: you tried"),
    OSError(12, "Cannot allocate memory"), ImportError("x.so: failed to map segment from shared"),
    RuntimeError("Storage size calculation overflowed with sizes"),
    RuntimeError("could not create a primitive"), RuntimeError("could not create a memory object"),
])  # fmt: skip
def test_where_memory_ran_out_smaller_inputs_are_advised(error):
    assert is_out_of_memory(error)
    told = explain_error(error)
    assert told.startswith("out of memory (")
    assert told.endswith("); pass a smaller --input-size or --device cpu")


@pytest.mark.parametrize("text", [
    "memory", "could not create a primitive descriptor", "segment", "allocate",
])  # fmt: skip
def test_another_error_is_not_of_memory(text):
    assert not is_out_of_memory(RuntimeError(text))
    assert explain_error(RuntimeError(text)) == f"RuntimeError: {text}"
