"""`vrnn watch`: a training as it runs, of a script or of a folder that fills."""

from __future__ import annotations

import argparse
from pathlib import Path

from vrnn.cli import launcher
from vrnn.cli.arguments import file_path, number_within
from vrnn.cli.option_parser import OptionParser
from vrnn.cli.subcommands import subcommand
from vrnn.config.choices import RecordingMegabytes, StepInterval
from vrnn.errors import VrnnError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vrnn watch`; those after the script or folder are its own."""
    parser.add_argument(
        "--out", type=file_path, metavar="FOLDER", help="where a script's training is recorded"
    )
    parser.add_argument(
        "--every", type=number_within(StepInterval), metavar="N", help="record a step in N (10)"
    )
    parser.add_argument("--names", metavar="PATTERN", help="weights that are recorded (*)")
    parser.add_argument(
        "--budget-mb", type=number_within(RecordingMegabytes), metavar="MB",
        help="about how large the recording may be (24 times the weights, from 16 to 1024)",
    )  # fmt: skip
    parser.add_argument(
        "--model", dest="source", metavar="MODEL", help="what the window opens to show the script's"
    )
    parser.add_argument(
        "--no-gradients", action="store_true", help="record no gradients of kernels"
    )
    parser.add_argument("--no-window", action="store_true", help="only record")
    parser.add_argument(
        "target", type=file_path, metavar="SCRIPT|FOLDER",
        help="a training script, run as it is; or a recording or a folder of checkpoints",
    )  # fmt: skip
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="...",
        help="the script's arguments; or, for a folder, options of vrnn such as --model",
    )  # fmt: skip


@subcommand("watch", help="watch a model learn", add_arguments=add_arguments)
def run(arguments: argparse.Namespace) -> int:
    """Run a script and record its training, or follow a folder in a window."""
    target: Path = arguments.target
    if target.is_dir():
        return _follow(target, arguments)
    if not (target.suffix == ".py" and target.is_file()) and not _is_module(str(target)):
        raise VrnnError(
            f"'{target}' is neither a Python script nor a folder; watch a training script, or a "
            "folder with a recording or checkpoints"
        )
    from vrnn.compute.training.watched_script import run_watched

    given = vars(arguments)
    return run_watched(
        target, given.get("rest", ()), every=int(given.get("every", 10)),
        names=given.get("names", "*"), folder=given.get("out"), source=given.get("source", ""),
        window="no_window" not in given, budget_mb=given.get("budget_mb"),
        gradients="no_gradients" not in given,
    )  # fmt: skip


def _is_module(name: str) -> bool:
    """Whether a module of the present folder is called so, or a package that can be run."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    places = [Path(*name.split(".")).with_suffix(".py"), Path(*name.split("."), "__main__.py")]
    return any(place.is_file() for place in places)


def _follow(folder: Path, arguments: argparse.Namespace) -> int:
    given = vars(arguments)
    for name in ("out", "every", "names", "budget_mb", "no_gradients", "no_window"):
        if name in given:
            option = "--" + name.replace("_", "-")
            raise VrnnError(f"{option} is for a training script; a folder is only followed")
    parser = OptionParser(prog="vrnn watch FOLDER")
    launcher.add_arguments(parser)
    words = [*given.get("rest", ()), "--recording", str(folder)]
    if "source" in given:
        words += ["--model", given["source"]]
    if "debug" in given:
        words.append("--debug")
    return launcher.run(parser.parse_args(words))
