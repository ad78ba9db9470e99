"""The wheel carries everything: installed elsewhere, vrnn runs from any folder."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "vrnn", "shaders", "configs", "setup.cfg", "setup.py", "pyproject.toml", "README.md",
    "LICENSE",
)  # fmt: skip
COMPILED = (".pyc", ".bin")
NO_SOURCE = shutil.ignore_patterns("__pycache__", *(f"*{ending}" for ending in COMPILED))


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from a copy of the tree, as building leaves folders behind."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=NO_SOURCE)
        else:
            shutil.copy(ROOT / name, tree / name)
    words = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(tree / "dist"), str(tree))
    result = run(sys.executable, *words, folder=tree)
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = (tree / "dist").glob("vrnn-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The scripts' folder of a fresh environment with the wheel; torch is borrowed."""
    folder = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(folder, with_pip=False)
    scheme = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=scheme))
    scripts = Path(sysconfig.get_path("scripts", "venv", vars=scheme))
    python = scripts / Path(sys.executable).name
    words = ("--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    result = run(sys.executable, "-m", "pip", *words, folder=folder)
    assert result.returncode == 0, result.stderr
    # A plain path in a .pth file: what is installed here comes first, and editable installs there
    # stay unseen.
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()))
    return scripts


def test_it_holds_every_module_and_every_file_they_read(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "vrnn").rglob("*.py")}
    wanted |= {f"vrnn/{p.relative_to(ROOT).as_posix()}" for p in ROOT.glob("shaders/**/*.glsl")}
    wanted |= {f"vrnn/{p.relative_to(ROOT).as_posix()}" for p in ROOT.glob("configs/*.toml")}
    endings = (".py", ".c", ".h", *COMPILED)  # what is compiled from C is there, not the source
    data = [p for p in (ROOT / "vrnn").rglob("*") if p.is_file() and p.suffix not in endings]
    wanted |= {path.relative_to(ROOT).as_posix() for path in data}
    assert len(wanted) > 20
    assert wanted - inside == set()


def test_it_holds_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    strange = [n for n in names if not n.startswith("vrnn/") and ".dist-info/" not in n]
    assert strange == []
    assert not any("test" in name or name.endswith(".pyc") for name in names)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_it_holds_native_code_and_is_for_any_version_of_python(wheel):
    inside = [Path(name).name for name in zipfile.ZipFile(wheel).namelist()]
    assert inside.count("native.bin") == 1
    assert "-cp311-abi3-" in wheel.name


def test_without_a_compiler_it_can_still_be_built(tmp_path, monkeypatch):
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        if name != "vrnn":
            copy(ROOT / name, tmp_path / name)
    monkeypatch.setenv("CC", str(tmp_path / "no-such-compiler"))
    words = ("setup.py", "build_ext", "--inplace")
    result = run(sys.executable, *words, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "no-such-compiler" in result.stdout + result.stderr
    assert not list(tmp_path.rglob("native.bin"))


def test_the_command_runs_from_another_folder(installed, tmp_path):
    command = next(installed.glob("vrnn*"))
    result = run(command, "--version", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("vrnn ")


def test_what_runs_is_what_was_installed(installed, tmp_path):
    python = installed / Path(sys.executable).name
    code = "import vrnn, vrnn.shaders, vrnn.configs; print(vrnn.__file__, *vrnn.shaders.__path__)"
    result = run(python, "-c", code, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert str(ROOT) not in result.stdout
    assert result.stdout.count(str(installed.parent)) == 2


def test_it_finds_its_settings(installed, tmp_path):
    python = installed / Path(sys.executable).name
    code = "from vrnn.config.loader import load_config; print(load_config().window.width)"
    result = run(python, "-c", code, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 0


def test_it_opens_the_default_model(installed, tmp_path):
    command = next(installed.glob("vrnn*"))
    result = run(command, "--screenshot", "out.png", "--size", "320x180", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (320, 180)
        assert len(picture.getcolors(maxcolors=320 * 180) or ()) > 100
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_it_makes_maps_by_native_code_where_it_could_be_compiled(installed, tmp_path):
    python = installed / Path(sys.executable).name
    code = "from vrnn.compute.passes import native_filler as n; print(bool(n.load_native_filler()))"
    result = run(python, "-c", code, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(bool(shutil.which("cc")))]


def test_it_is_in_good_health(installed, tmp_path):
    result = run(next(installed.glob("vrnn*")), "doctor", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert str(installed) in result.stdout
