"""The environment of `benchmarks.libraries`: other people's libraries beside vrnn's own needs.

It lies in the user's cache folder and is made again when the requirements change. torch is the one
that `start.py` pins, without CUDA, from wherever pip is set to look.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from configparser import ConfigParser
from pathlib import Path

from start import TEST_MODELS, TORCH, index
from vrnn.storage.paths import cache_dir

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = (
    "segmentation-models-pytorch==0.6.0",
    "transformers==5.23.0",
    "diffusers==0.42.1",
    "monai==1.6.1",
    "ultralytics==8.4.190",
    "torch-geometric==2.8.1",
    "lightning==2.6.6",
)
"""What is tried, in the versions that the table was last made with."""


def library_environment() -> Path:
    """Return the environment's Python, after installing what is missing.

    Raises:
        RuntimeError: pip cannot install something; its last lines are told.
    """
    folder = cache_dir() / "benchmarks" / "libraries"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    own = _own_requirements()
    digest = hashlib.sha256(repr((sys.version, TORCH, TEST_MODELS, LIBRARIES, own)).encode())
    stamp = folder / "installed.stamp"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return python
    print(f"installing {len(LIBRARIES)} libraries into {folder}", flush=True)
    venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)
    torch = [*index(), TORCH] if index() else [f"{TORCH}+cpu"]
    _pip_install(python, *torch)
    # A wheel of torchvision names another build of torch, which would bring gigabytes.
    _pip_install(python, "--no-deps", *index(), *TEST_MODELS)
    _pip_install(python, *own, *LIBRARIES, torch[-1])
    stamp.write_text(digest.hexdigest())
    return python


def _own_requirements() -> tuple[str, ...]:
    """What vrnn itself needs; it runs from this checkout."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return tuple(config["options"]["install_requires"].split())


def _pip_install(python: Path, *words: str) -> None:
    command = [str(python), "-P", "-m", "pip", "install", "--quiet", *words]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{' '.join(words)} cannot be installed:\n{result.stderr[-2000:]}")
