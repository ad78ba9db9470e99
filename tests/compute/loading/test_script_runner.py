"""Scripts run in their folder or as parts of their package, and leave the program as it was."""

from __future__ import annotations

import builtins
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from vrnn.compute.loading.script_runner import run_script, source_files
from vrnn.compute.loading.user_traceback import is_of_user, user_line
from vrnn.compute.model_inputs import call_model
from vrnn.errors import VrnnError


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """The modules and the places to import from of other tests."""
    modules = dict(sys.modules)
    monkeypatch.setattr(builtins, "__import__", builtins.__import__)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    sys.modules.update(modules)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(VrnnError) as caught:
        run_script(path)
    return str(caught.value)


def test_a_script_sees_itself_as_the_only_argument_and_is_not_the_program(tmp_path):
    path = write(tmp_path / "one_script.py", "import sys\nseen = sys.argv, __name__, __file__\n")
    arguments = sys.argv
    module = run_script(path)
    assert module.seen == ([str(path)], "one_script", str(path))
    assert sys.modules["one_script"] is module
    assert sys.argv is arguments


def test_what_a_script_changes_of_the_program_is_as_before(tmp_path):
    text = (
        "import os, sys\nos.chdir('..')\nsys.argv += ['more']\nsys.path.clear()\n"
        "sys.path.append('own')\nsys.setrecursionlimit(400)\n"
    )
    folder, arguments, limit = os.getcwd(), list(sys.argv), sys.getrecursionlimit()
    places = list(sys.path)
    run_script(write(tmp_path / "changing.py", text))
    assert (os.getcwd(), sys.argv, sys.getrecursionlimit()) == (folder, arguments, limit)
    assert sys.path == ["own", str(tmp_path), *places]
    sys.path.remove("own")
    run_script(write(tmp_path / "raising.py", f"import sys\nsys.setrecursionlimit({limit + 50})\n"))
    assert sys.getrecursionlimit() == limit + 50
    sys.setrecursionlimit(limit)


def test_the_scripts_folder_is_searched_first_and_is_in_the_path_once(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second, first, first):
        run_script(write(folder / "placed.py", "x = 1\n"))
        assert sys.path[0] == str(folder)
    assert sys.path[:2] == [str(first), str(second)]
    assert [sys.path.count(str(folder)) for folder in (first, second)] == [1, 1]


def test_a_module_of_the_same_name_stays_what_it_was(tmp_path):
    path = write(tmp_path / "json.py", "mine = 1\n")
    assert run_script(path).mine == 1
    assert sys.modules["json"] is json


def test_a_module_beside_the_script_is_read_again_when_it_runs_again(tmp_path):
    path = write(tmp_path / "using.py", "import beside_it, parts_of_it.inner\nn = beside_it.n\n")
    write(tmp_path / "parts_of_it" / "__init__.py", "")
    inner = write(tmp_path / "parts_of_it" / "inner.py", "n = 5\n")
    write(tmp_path / "beside_it.py", "n = 1\n")
    write(tmp_path / "unused_beside.py", "n = 1\n")
    first = run_script(path)
    assert first.n == 1
    write(tmp_path / "beside_it.py", "n = 22\n")
    write(inner, "n = 66\n")
    again = run_script(path)
    assert again.n == 22
    assert again.parts_of_it.inner.n == 66
    package = tmp_path / "parts_of_it"
    assert source_files(path) == (
        path, tmp_path / "beside_it.py", package / "__init__.py", package / "inner.py",
    )  # fmt: skip


def test_a_script_elsewhere_gets_the_module_of_its_own_folder(tmp_path):
    for folder, number in (("a", 1), ("b", 2)):
        write(tmp_path / folder / "common_part.py", f"n = {number}\n")
        path = write(tmp_path / folder / f"script_{folder}.py", "import common_part\n")
        assert run_script(path).common_part.n == number
    other = write(tmp_path / "c" / "script_c.py", "import common_part\n")
    assert run_script(other).common_part.n == 2  # from the path, where it still is


PACKAGE = "import sys\nfrom . import sibling\nseen = __name__, __package__, sibling.n\n"


def test_a_script_of_a_package_runs_as_a_part_of_it(tmp_path):
    folder = tmp_path / "outer_pack" / "inner_pack"
    for place in (folder, folder.parent):
        write(place / "__init__.py", "")
    write(folder / "sibling.py", "n = 7\n")
    path = write(folder / "in_package.py", PACKAGE)
    before = sys.modules.get("in_package")
    module = run_script(path)
    assert module.seen == ("outer_pack.inner_pack.in_package", "outer_pack.inner_pack", 7)
    assert sys.modules["outer_pack.inner_pack.in_package"] is module
    assert sys.modules.get("in_package") is before
    assert sys.path[0] == str(tmp_path)


@pytest.mark.parametrize(("levels", "name"), [(1, "low"), (2, "middle.low"), (3, "top.middle.low")])
def test_so_many_folders_are_packages_as_the_imports_go_up(tmp_path, levels, name):
    folder = tmp_path / "top" / "middle" / "low"
    for place in (folder, folder.parent, folder.parent.parent):
        write(place / "beside_all.py", f"n = '{place.name}'\n")
    text = f"from {'.' * levels}beside_all import n\nseen = __name__\n"
    module = run_script(write(folder / "up.py", text))
    assert module.seen == f"{name}.up"
    assert module.n == name.split(".")[0]


def test_a_package_with_init_files_counts_as_a_whole(tmp_path):
    folder = tmp_path / "whole" / "marked"
    for place in (folder, folder.parent):
        write(place / "__init__.py", "")
    write(folder / "near.py", "n = 1\n")
    module = run_script(write(folder / "relative.py", "from .near import n\nseen = __name__\n"))
    assert module.seen == "whole.marked.relative"
    plain = run_script(write(folder / "absolute.py", "import near\nseen = __name__\n"))
    assert plain.seen == "absolute"


def test_a_package_that_cannot_be_is_told(tmp_path):
    dotted = write(tmp_path / "v1.2" / "dotted.py", "from . import other\n")
    assert refusal(dotted) == (
        "'dotted.py' imports relatively, but its folder 'v1.2' cannot be imported as a package; "
        "name folders without dots, or import absolutely"
    )
    taken = write(tmp_path / "json" / "taken.py", "from . import other\n")
    assert refusal(taken) == (
        "'taken.py' imports relatively from 'json', but another package of that name is installed; "
        "rename the folder, or import absolutely"
    )
    write(tmp_path / "needing" / "__init__.py", "import no_such_module_at_all\n")
    needing = write(tmp_path / "needing" / "script.py", "from . import other\n")
    assert "No module named 'no_such_module_at_all'" in refusal(needing)
    assert "cannot run 'script.py'" in refusal(needing)


def test_a_script_that_fails_or_ends_itself_is_told(tmp_path):
    assert refusal(write(tmp_path / "ends.py", "raise SystemExit(3)\n")) == (
        "the script 'ends.py' ended itself (exit code 3); put what runs the program under "
        '`if __name__ == "__main__":`'
    )
    assert refusal(write(tmp_path / "fails.py", "x = 1\nx / 0\n")) == (
        "cannot run 'fails.py': fails.py:2: x / 0: ZeroDivisionError: division by zero"
    )
    assert refusal(write(tmp_path / "odd.py", "x = (\n")).startswith(
        "cannot run 'odd.py': odd.py:1"
    )
    assert "cannot run 'own.py'" in refusal(
        write(tmp_path / "own.py", "class Own(BaseException): pass\nraise Own\n")
    )
    text = "from vrnn.errors import VrnnError\nraise VrnnError('as it is')\n"
    assert refusal(write(tmp_path / "told.py", text)) == "as it is"
    with pytest.raises(KeyboardInterrupt):
        run_script(write(tmp_path / "stopped.py", "raise KeyboardInterrupt\n"))


LAZY = """
def n():
    import helper_of_two, parts_of_two.inner
    from helper_of_two import n
    return n, parts_of_two.inner.n
"""


def two_scripts(tmp_path: Path) -> list[ModuleType]:
    scripts = []
    for folder, number in (("a", 1), ("b", 2)):
        write(tmp_path / folder / "helper_of_two.py", f"n = {number}\n")
        write(tmp_path / folder / "parts_of_two" / "__init__.py", "")
        write(tmp_path / folder / "parts_of_two" / "inner.py", f"n = {10 * number}\n")
        scripts.append(run_script(write(tmp_path / folder / f"lazy_{folder}.py", LAZY)))
    return scripts


def test_what_two_scripts_import_later_is_each_their_own(tmp_path):
    first, second = two_scripts(tmp_path)
    for _ in range(2):
        assert first.n() == (1, 10)
        assert second.n() == (2, 20)


def test_what_one_has_imported_before_the_other_came_stays_the_same_module(tmp_path):
    text = "import shared_of_two\nshared_of_two.count += 1\n"
    text += "def count():\n    import shared_of_two as again\n"
    text += "    return again.count, again is shared_of_two\n"
    made = []
    for folder in ("a", "b"):
        write(tmp_path / folder / "shared_of_two.py", f"count = {ord(folder)}\n")
        made.append(run_script(write(tmp_path / folder / f"counts_{folder}.py", text)))
    assert made[0].count() == (98, True)
    assert made[1].count() == (99, True)
    write(tmp_path / "a" / "shared_of_two.py", "count = 500\n")
    assert run_script(tmp_path / "a" / "counts_a.py").count() == (501, True)
    assert made[1].count() == (99, True)


def test_what_neither_has_is_missed_as_ever_and_told_with_the_line(tmp_path):
    two_scripts(tmp_path)
    text = "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n"
    text += "        import parts_of_two.missing\nmodel = Net()\n"
    script = run_script(write(tmp_path / "a" / "misses.py", text))
    with pytest.raises(ModuleNotFoundError) as caught:
        call_model(script.model, (torch.ones(1),))
    assert is_of_user(caught.value)
    assert user_line(caught.value) == "misses.py:4: import parts_of_two.missing"
