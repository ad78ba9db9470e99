"""Fetches an OpenXR runtime for tests: Monado with Mesa's software drivers, from Debian's packages.

    python -m tests.xr.fetch_runtime [PROGRAM ARGUMENTS…]

They are unpacked into the user's cache folder, once; nothing of the machine is changed, and root is
not needed. They bring a C library of their own, newer than the machine's may be: a program that is
to meet the runtime is started through the loader that lies beside them, which is what `xrun` in
that folder does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
"""The oldest release of Debian that has this runtime."""
RECIPE = "2"
"""Counted on when what is unpacked, or how, changes."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
PACKAGES = (
    *("monado-service", "libopenxr1-monado", "mesa-vulkan-drivers", "libgl1-mesa-dri"),
    *("libglx-mesa0", "libegl-mesa0", "libgl1", "libegl1", "libglx0", "libc6", "libstdc++6"),
    *("libx11-6", "libxcursor1", "libxinerama1", "libxi6", "libxrandr2", "libxxf86vm1"),
)
LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./etc")
MINUTES = 10
"""A mirror that takes longer does not answer."""

APT = """\
Dir "{apt}";
Dir::State::status "{apt}/var/lib/dpkg/status";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "{user}";
Acquire::Languages "none";
Acquire::Retries "3";
"""

# The vendor of GLX is not named: the display says it, and Dear ImGui's package has a libGLX of its
# own that would load Mesa's at once, which serves one such library only.
XRUN = """\
#!/bin/sh
# xrun PROGRAM ARGUMENTS…: one program with the runtime's own loader and libraries
R="{root}"
L="$R/{libraries}"
export XDG_RUNTIME_DIR="${{MONADO_RUN:-{folder}/run}}"
export XR_RUNTIME_JSON="${{XR_RUNTIME_JSON-{folder}/openxr_monado.json}}"
export VK_DRIVER_FILES="$R/usr/share/vulkan/icd.d/lvp_icd.json"
export VK_ICD_FILENAMES="$VK_DRIVER_FILES"
export LIBGL_DRIVERS_PATH="$L/dri" GBM_BACKENDS_PATH="$L/gbm"
export __EGL_VENDOR_LIBRARY_FILENAMES="$R/usr/share/glvnd/egl_vendor.d/50_mesa.json"
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
exec "$L/ld-linux-x86-64.so.2" \\
  --library-path "$L:$R/usr/lib:$L/lapack:$L/blas:$L/pulseaudio" --argv0 "$1" "$@"
"""


class Unavailable(Exception):
    """The runtime cannot be had on this machine; says why."""


@dataclass(frozen=True)
class Unpacked:
    """Where it lies."""

    folder: Path

    @property
    def xrun(self) -> Path:
        """Starts a program with the runtime's loader."""
        return self.folder / "xrun"

    @property
    def service(self) -> Path:
        """The program that is the headset's side."""
        return self.folder / "root" / "usr/bin/monado-service"

    @property
    def manifest(self) -> Path:
        """What XR_RUNTIME_JSON names."""
        return self.folder / "openxr_monado.json"


def cache_folder() -> Path:
    """Of the user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vrnn"


def fetch(folder: Path | None = None) -> Unpacked:
    """The runtime; fetched if it is not there yet. Raises Unavailable."""
    place = folder or cache_folder() / f"test-runtime-{SUITE}-{RECIPE}"
    if (place / "complete").is_file():
        return Unpacked(place)
    _check_machine()
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_name(place.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the tests fetch it once
        if not (place / "complete").is_file():
            _fetch_into(place)
    return Unpacked(place)


def _check_machine() -> None:
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise Unavailable("the packages are for Linux on x86-64")
    missing = [name for name in ("apt-get", "dpkg-deb", "tar") if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"{' and '.join(missing)} not found; this needs Debian or Ubuntu")
    if not KEYRING.is_file():
        raise Unavailable(f"{KEYRING} is missing; install debian-archive-keyring")


def _fetch_into(place: Path) -> None:
    part = Path(tempfile.mkdtemp(prefix=place.name + ".", dir=place.parent))
    try:
        _unpack(_download(part), part / "root")
        shutil.rmtree(part / "apt")
        _describe(part, place)
        shutil.rmtree(place, ignore_errors=True)  # left by a run that was cut off
        part.rename(place)
        _try(Unpacked(place))
        (place / "complete").touch()
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _download(part: Path) -> list[Path]:
    """Packages with all that they need, their signatures checked by apt."""
    apt = part / "apt"
    for name in (
        *("etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d"),
        *("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg"),
    ):
        (apt / name).mkdir(parents=True)
    (apt / "var/lib/dpkg/status").touch()
    source = f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main\n"
    (apt / "etc/apt/sources.list").write_text(source)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    (apt / "apt.conf").write_text(APT.format(apt=apt, user=user))
    environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    _run(["apt-get", "update", "-qq"], environment)
    words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "--download-only"]
    _run([*words, *PACKAGES], environment)
    packages = sorted((apt / "var/cache/apt/archives").glob("*.deb"))
    if len(packages) < len(PACKAGES):
        raise Unavailable(f"{len(packages)} packages came instead of {len(PACKAGES)} at least")
    return packages


def _mirror() -> str:
    """Where this machine gets Debian's packages from; VRNN_DEBIAN_MIRROR says otherwise."""
    given = os.environ.get("VRNN_DEBIAN_MIRROR")
    if given:
        return given
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    rows = [line.split("|") for line in result.stdout.splitlines()]
    for origin, label, address in rows:
        if origin == "Debian" and label == "Debian":
            return address
    raise Unavailable(
        "this machine's apt has no list of Debian's; run `apt-get update`, or set "
        "VRNN_DEBIAN_MIRROR to the address of a mirror"
    )


def _unpack(packages: Sequence[Path], root: Path) -> None:
    for name in ("lib", "lib64", "bin", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    words = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", "--no-same-owner"]
    words += [f"--exclude={name}" for name in LEFT_OUT]
    for package in packages:
        taken = subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
        )
        unpacked = subprocess.run(words, stdin=taken.stdout, check=False)
        if taken.wait() or unpacked.returncode:
            raise Unavailable(f"{package.name} cannot be unpacked")


def _describe(part: Path, place: Path) -> None:
    """Write what names the final place."""
    library = place / "root" / LIBRARIES / "libopenxr_monado.so"
    manifest = {
        "file_format_version": "1.0.0",
        "runtime": {"name": "Monado", "library_path": str(library)},
    }
    (part / "openxr_monado.json").write_text(json.dumps(manifest))
    script = XRUN.format(root=place / "root", libraries=LIBRARIES, folder=place)
    (part / "xrun").write_text(script)
    (part / "xrun").chmod(0o755)


def _try(unpacked: Unpacked) -> None:
    """This Python, with those libraries, must load the runtime."""
    library = unpacked.folder / "root" / LIBRARIES / "libopenxr_monado.so"
    code = f"import ctypes; ctypes.CDLL({str(library)!r}).xrNegotiateLoaderRuntimeInterface"
    words = [str(unpacked.xrun), sys.executable, "-c", code]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Unavailable(f"the runtime does not load here: {result.stderr.strip()[-300:]}")


def _run(words: Sequence[str], environment: dict[str, str]) -> None:
    try:
        result = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60 * MINUTES,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`{words[0]} {words[1]}` took more than {MINUTES} minutes") from None
    if result.returncode:
        reason = " ".join(result.stderr.split())[-300:]
        raise Unavailable(f"`{words[0]} {words[1]}` failed: {reason}")


def main(words: Sequence[str]) -> int:
    """Fetch it, then run a program with it, or say where it lies."""
    try:
        unpacked = fetch()
    except Unavailable as reason:
        print(f"no OpenXR runtime for tests: {reason}", file=sys.stderr)
        return 2
    if words:
        os.execv(unpacked.xrun, [str(unpacked.xrun), *words])
    print(unpacked.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
