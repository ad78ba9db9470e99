#!/usr/bin/env python3
"""Set vrnn up beside this file, then run it or its tests.

    python3 start.py [vrnn's options]          set up, then open vrnn
    python3 start.py test [pytest's options]   set up, then run every check and test

On Windows type py -3 for python3. Everything is installed into the folder .venv; what Debian or
Ubuntu lack for OpenGL is installed by apt when this runs as root, else the line to type is shown.
A second run starts at once. With options of pytest only pytest runs.

VRNN_TORCH_INDEX      address of a package index to take torch from, with CUDA or without
VRNN_ALLOW_NO_OPENXR  1: tests of the headset are skipped where its runtime cannot be fetched
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SETTINGS = ("start.py", "setup.cfg", "setup.py", "pyproject.toml")
"""What set-up depends on, besides the code in vrnn/compute/native/."""
LOG = VENV / "start.log"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

MIN_PYTHON = (3, 11)
TORCH = "torch==2.13.0"
# Their own requirements name a torch of the same kind; they work, for tests, with any.
TEST_MODELS = tuple(
    "torchvision==0.28.0 timm==1.0.31 captum==0.9.0 zennit==0.5.1 onnx2pytorch==0.6.0".split()
)
# One more than cores: tests of the window often wait.
TEST_PROCESSES = min((os.cpu_count() or 1) + 1, 4)
CHECKS = (
    ("ruff", "check", "--no-cache", "."),
    ("ruff", "format", "--no-cache", "--check", "."),
    ("mypy", "vrnn", "benchmarks", "start.py"),
    ("pytest", f"--numprocesses={TEST_PROCESSES}", "--dist=loadfile", "--no-loadscope-reorder"),
)

# What the wheels load from the system, and the package of Debian and Ubuntu that has it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXcursor.so.1": "libxcursor1",
    "libXi.so.6": "libxi6",
    "libXinerama.so.1": "libxinerama1",
    "libXrandr.so.2": "libxrandr2",
    "libxkbcommon.so.0": "libxkbcommon0",
}
APT_LOCK_SECONDS = 300
"""How long apt may wait for another program that installs packages, such as automatic updates."""
DRIVER = "libgl1-mesa-dri"
DRIVER_FILES = (
    "/usr/lib/*/dri/*_dri.so",
    "/usr/lib*/dri/*_dri.so",
    "/usr/lib/*/libEGL_nvidia.so*",
    "/usr/lib*/libEGL_nvidia.so*",
)
WISHES = {"imagenet": "the trained network for photos", "embed": "t-SNE for clouds of images"}
"""Extras that are light enough to be installed too; vrnn runs without them."""
TEST_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool", "import": "imagemagick"}


class SetupError(Exception):
    """Set-up cannot continue; the message says what to do."""


def main() -> int:
    """Set up and run; returns the exit code."""
    words = sys.argv[1:]
    if words[:1] in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    testing = words[:1] == ["test"]
    try:
        set_up(testing)
    except SetupError as error:
        print(f"start.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("start.py: interrupted; the same command continues from here", file=sys.stderr)
        return 130
    return run_tests(words[1:]) if testing else run_vrnn(words)


def set_up(testing: bool) -> None:
    """Install what is missing.

    Args:
        testing: Whether to install what the tests need too.

    Raises:
        SetupError: Something cannot be installed.
    """
    if sys.version_info[:2] < MIN_PYTHON:
        raise SetupError(
            f"vrnn needs Python 3.11 or newer, and this is {sys.version.split()[0]}; "
            "start it with a newer one, such as python3.12 start.py"
        )
    present = fingerprint()
    # What the tests need includes what vrnn needs.
    stamps = [VENV / "test.stamp"] if testing else [VENV / "run.stamp", VENV / "test.stamp"]
    done = any(stamp.is_file() and stamp.read_text() == present for stamp in stamps)
    if done and PYTHON.exists():
        return
    install_system_packages(testing)
    make_environment()
    install_torch()
    say("installing vrnn" + (" and what its tests need" if testing else ""))
    install_vrnn(["test"] if testing else [])
    if testing:
        pip("the models of the tests", "--quiet", "--no-deps", *index(), *TEST_MODELS)
    stamps[0].write_text(present)


def fingerprint() -> str:
    """Return what changes with the requirements, this folder, or Python: set-up is needed again."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    digest.update(os.environ.get("VRNN_TORCH_INDEX", "").encode())
    native = sorted(ROOT.glob("vrnn/compute/native/*"))
    for path in (*(ROOT / name for name in SETTINGS), *native):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def install_system_packages(testing: bool) -> None:
    """Install libraries and programs that pip cannot, where apt can.

    Args:
        testing: Whether to install what the tests need too.

    Raises:
        SetupError: They are missing, and only root may install them, or apt fails.
    """
    if not sys.platform.startswith("linux"):
        return
    packages = [package for library, package in LIBRARIES.items() if not loads(library)]
    if not any(any(Path("/").glob(pattern[1:])) for pattern in DRIVER_FILES):
        packages.append(DRIVER)
    if testing:
        packages += [package for name, package in TEST_PROGRAMS.items() if not shutil.which(name)]
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        packages.append(f"python3.{sys.version_info.minor}-venv")
    if not packages:
        return
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        say(f"this machine seems to lack what Debian calls {' '.join(packages)}")
        return
    if os.geteuid() != 0:
        raise SetupError(f"first type: sudo {line}")
    say(f"installing {' '.join(packages)}")
    apt("update")
    problem = apt(*line.split()[1:])
    if problem:
        raise SetupError(f"{line} failed: {problem}")
    importlib.invalidate_caches()


def loads(library: str) -> bool:
    """Whether the system has a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def apt(*words: str) -> str:
    """Run apt-get as root; returns '' when it worked, else its last error."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(
        ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={APT_LOCK_SECONDS}", *words],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return last_error(result.stdout) if result.returncode else ""


def make_environment() -> None:
    """Create .venv unless a working one is there.

    Raises:
        SetupError: It cannot be created.
    """
    if PYTHON.exists():
        works = subprocess.run(python("-m", "pip", "--version"), capture_output=True, check=False)
        if works.returncode == 0:
            return
    say(f"creating {VENV}")
    try:
        # ensurepip runs in a process of its own, so one that apt brought just now is found.
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=not WINDOWS).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"cannot create {VENV}: {error}") from error


def python(*words: str) -> list[str]:
    """Return a command of .venv's Python, for which the user's own torch.py is not torch."""
    return [str(PYTHON), "-P", *words]


def install_torch() -> None:
    """Install torch, without CUDA where there is no GPU for it and pip knows of such a build.

    Raises:
        SetupError: It cannot be installed.
    """
    check = (
        "import torch, sys; sys.exit(tuple(map(int, torch.__version__.split('.')[:2])) < (2, 4))"
    )
    if subprocess.run(python("-c", check), capture_output=True, check=False).returncode == 0:
        return
    say("installing torch")
    if index():
        pip("torch", *index(), TORCH)
        return
    if sys.platform.startswith("linux") and not has_nvidia():
        # The exact local version names a build for CPUs, so nothing larger can be taken for it.
        if try_pip(f"{TORCH}+cpu") == "":
            return
        say(
            "pip knows of no build of torch without CUDA here, so gigabytes are downloaded; for a "
            "smaller one stop this with Ctrl-C and set VRNN_TORCH_INDEX to the address of an index "
            "of CPU builds, which the installation page of PyTorch names"
        )
    pip("torch", TORCH)


def has_nvidia() -> bool:
    """Whether a driver for an NVIDIA GPU is at work."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def index() -> list[str]:
    """Return arguments for pip that choose the user's own index of torch builds."""
    address = os.environ.get("VRNN_TORCH_INDEX")
    return ["--index-url", address] if address else []


def pip(what: str, *words: str) -> None:
    """Run pip install inside .venv.

    Args:
        what: What is installed, for the message of an error.
        *words: Arguments of pip install.

    Raises:
        SetupError: It failed.
    """
    problem = try_pip(*words)
    if problem:
        raise SetupError(f"could not install {what}: {problem} (all of it in {LOG})")


def try_pip(*words: str) -> str:
    """Run pip install inside .venv; returns '' when it worked, else its last error."""
    command = python("-m", "pip", "install", "--disable-pip-version-check", *words)
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{' '.join(command)}\n{result.stderr}")
    return last_error(result.stderr) if result.returncode else ""


def last_error(output: str) -> str:
    """Return the line of a program's output that says best what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "E:", "error:"))]
    return (errors or lines or ["no message"])[-1].split(": ", 1)[-1]


def install_vrnn(extras: list[str]) -> None:
    """Install vrnn with the trained network for photos, without which the digits open, and t-SNE.

    Args:
        extras: What is installed besides.

    Raises:
        SetupError: vrnn itself cannot be installed.
    """
    words = ("--quiet", "--editable")
    wishes = dict(WISHES)
    if has_nvidia():
        wishes["cuda"] = "the direct way of a CUDA model's maps to the screen"
    if not try_pip(*words, f"{ROOT}[{','.join([*extras, *wishes])}]"):
        return
    pip("vrnn", *words, f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT))
    for extra, what in wishes.items():
        problem = try_pip(*words, f"{ROOT}[{extra}]")
        if problem:
            line = f"{PYTHON} -m pip install -e '{ROOT}[{extra}]'"
            say(f"{what} is not installed ({problem}); to try again: {line}")


def run_vrnn(words: list[str]) -> int:
    """Run vrnn; without options and without a screen, it writes a picture.

    Args:
        words: Its options.

    Returns:
        The exit code.
    """
    if not words and sys.platform.startswith("linux") and not has_display():
        say("there is no display here, so a picture is written instead: vrnn-default.png")
        words = ["--screenshot", "vrnn-default.png"]
    command = python("-m", "vrnn", *words)
    if not WINDOWS:
        # vrnn takes this process's place, and with it the signals and the exit code.
        sys.stdout.flush()
        os.execv(command[0], command)
    return run_to_end(command)


def has_display() -> bool:
    """Whether there is a screen to open a window on."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_tests(words: list[str]) -> int:
    """Run all checks, or with options pytest alone.

    Args:
        words: Options of pytest.

    Returns:
        The exit code: 0 when all passed.
    """
    failed = []
    for check in CHECKS if not words else (("pytest", *words),):
        say(" ".join(check))
        if run_to_end(python("-m", *check), ROOT):
            failed.append(check[0])
    for check in CHECKS[:-1]:
        # Quick checks run first, so what they said is far above; say it again where one looks.
        if check[0] in failed:
            run_to_end(python("-m", *check), ROOT)
    say(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


def run_to_end(command: list[str], folder: Path | None = None) -> int:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        folder: Where it runs; None for here.

    Returns:
        Its exit code, 130 when the user stopped it.
    """
    with subprocess.Popen(command, cwd=folder) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The program got the same Ctrl-C and ends in its own way.
                continue


def say(text: str) -> None:
    """Print what happens; plain ASCII, as an old console may know no more."""
    print(f"start.py: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
