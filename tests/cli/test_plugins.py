"""Plug-ins of other packages."""

from __future__ import annotations

import os

import pytest

SUBCOMMAND = """
from vrnn.cli.subcommands import subcommand

@subcommand("{name}", help="greet by a plug-in")
def run(arguments):
    print("hello from {name}")
    return 0
"""


@pytest.fixture
def installed(tmp_path, run_vrnn):
    """Installs modules with their entry points, and runs vrnn beside them."""

    def install(points: dict[str, str], **modules: str):
        folder = tmp_path / "packages"
        info = folder / "greeter-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[vrnn.plugins]", *lines]))
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        return lambda *words: run_vrnn(*words, PYTHONPATH=path)

    return install


def test_a_module_adds_a_subcommand(installed):
    run = installed({"greeter": "greeter"}, greeter=SUBCOMMAND.format(name="greet"))
    done = run("greet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello from greet\n", "")
    assert "greet by a plug-in" in run("--help").stdout


def test_a_function_adds_a_subcommand(installed):
    lines = [f"    {line}" for line in SUBCOMMAND.format(name="greet").splitlines()]
    run = installed({"greeter": "greeter:add"}, greeter="\n".join(["def add():", *lines]))
    assert run("greet").stdout == "hello from greet\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_like_this", "ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (SUBCOMMAND.format(name="graph"), "VrnnError: there is a subcommand 'graph' already"),
    ],
)
def test_a_broken_plug_in_is_named_and_the_program_goes_on(installed, text, reason):
    points = {"broken": "broken", "greeter": "greeter"}
    run = installed(points, broken=text, greeter=SUBCOMMAND.format(name="greet"))
    done = run("greet")
    assert (done.returncode, done.stdout) == (0, "hello from greet\n")
    assert done.stderr == f"vrnn: the plug-in 'broken' could not be loaded: {reason}\n"
