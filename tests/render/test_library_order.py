"""A library with an LLVM of its own is loaded before a driver of OpenGL, and missed quietly."""

import ctypes
import sys
from importlib.machinery import ModuleSpec

import pytest

from vrnn.render import library_order


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    """What is loaded where triton is installed in a folder."""
    found = []
    spec = ModuleSpec("triton", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / "triton")]
    monkeypatch.setattr(library_order, "find_spec", lambda name: spec)
    monkeypatch.setattr(ctypes, "CDLL", found.append)
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    library_order.load_triton_first.cache_clear()
    yield found
    library_order.load_triton_first.cache_clear()


@pytest.mark.parametrize("name", ["libtriton.so", "libtriton.cpython-313-x86_64-linux-gnu.so"])
def test_tritons_library_is_loaded_once(loaded, tmp_path, name):
    (tmp_path / "triton" / "_C").mkdir(parents=True)
    (tmp_path / "triton" / "_C" / name).touch()
    (tmp_path / "triton" / "_C" / "libproton.so").touch()
    for _ in range(2):
        library_order.load_triton_first()
    assert loaded == [str(tmp_path / "triton" / "_C" / name)]


def test_without_its_library_nothing_happens(loaded):
    library_order.load_triton_first()
    assert loaded == []


def test_a_library_that_cannot_be_loaded_is_left_to_whoever_needs_it(loaded, tmp_path, monkeypatch):
    def fail(path):
        raise OSError("no room")

    monkeypatch.setattr(ctypes, "CDLL", fail)
    (tmp_path / "triton" / "_C").mkdir(parents=True)
    (tmp_path / "triton" / "_C" / "libtriton.so").touch()
    library_order.load_triton_first()


@pytest.mark.parametrize("change", ["elsewhere", "loaded", "none"])
def test_where_there_is_nothing_to_do_nothing_is_loaded(loaded, tmp_path, monkeypatch, change):
    (tmp_path / "triton" / "_C").mkdir(parents=True)
    (tmp_path / "triton" / "_C" / "libtriton.so").touch()
    if change == "elsewhere":
        monkeypatch.setattr(sys, "platform", "darwin")
    elif change == "loaded":
        monkeypatch.setitem(sys.modules, "triton", sys)
    else:
        monkeypatch.setattr(library_order, "find_spec", lambda name: None)
    library_order.load_triton_first()
    assert loaded == []
