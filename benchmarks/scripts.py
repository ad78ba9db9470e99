"""Open every model script of a folder as a user would, and say what each became.

    python -m benchmarks.scripts FOLDER                  # all scripts in it
    python -m benchmarks.scripts FOLDER a06 d2           # those whose names begin so
    python -m benchmarks.scripts FOLDER --pictures OUT   # also a picture of each
    python -m benchmarks.scripts FOLDER --image FILE     # put this image into each

Each script is opened in a process of its own, without a screen. The table says of each whether it
opened, was refused with a sentence, or failed; how many nodes it has; the parameters of all nodes
beside the model's; how its layers are presented, the input first; what its outputs were taken for;
and every note. Ends with code 1 when a script fails in another way than by a sentence.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.timing import format_table

MAX_SECONDS = 240
"""Seconds that a script may take to open."""
HEADINGS = ("script", "outcome", "nodes", "parameters", "presentations", "outputs")


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("prefixes", nargs="*", help="names of scripts begin with one of these")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--image", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(describe(arguments.child, arguments.image, arguments.pictures)))
        return 0
    rows: list[tuple[str, ...]] = [HEADINGS]
    sentences: list[str] = []
    failures = 0
    for script in sorted(arguments.folder.glob("*.py")):
        if arguments.prefixes and not script.name.startswith(tuple(arguments.prefixes)):
            continue
        found = _run_child(script, arguments)
        failures += found["outcome"] not in ("opens", "refused")
        rows.append((script.stem, *(str(found.get(name, "")) for name in HEADINGS[1:])))
        sentences += [f"{script.stem}: {text}" for text in found["sentences"]]
        print(f"{script.stem}: {found['outcome']}", file=sys.stderr)
    print(format_table(rows))
    print()
    print("\n".join(sentences))
    return int(failures > 0)


def _run_child(script: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Describe a script in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scripts", str(arguments.folder)]
    command += ["--child", str(script)]
    for option in ("image", "pictures"):
        if getattr(arguments, option) is not None:
            command += [f"--{option}", str(getattr(arguments, option))]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"outcome": "hangs", "sentences": []}
    try:
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        words = ended.stderr.strip().splitlines()[-1:]
        return {"outcome": f"fails ({ended.returncode})", "sentences": words}
    found["sentences"] += [line for line in ended.stderr.splitlines() if line.strip()]
    return found


def describe(script: Path, image: Path | None, pictures: Path | None) -> dict[str, Any]:
    """Open a script and describe what is shown.

    Args:
        script: A model script.
        image: An image to put in; None for the script's own.
        pictures: Folder for a picture of it; None for no picture.

    Returns:
        A value for each of `HEADINGS` after the first, and `sentences`.
    """
    from vrnn.app.offscreen import OffscreenApp
    from vrnn.config.loader import load_config
    from vrnn.errors import VrnnError
    from vrnn.network.model_spec import ModelSpec

    try:
        with OffscreenApp([ModelSpec(script)], load_config(), image=image) as app:
            if pictures is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                app.picture(size=(1600, 900)).save(pictures / f"{script.stem}.png")
            shown = app.world.networks[0]
    except VrnnError as error:
        return {"outcome": "refused", "sentences": [str(error)]}
    nodes, info = shown.network.nodes, shown.info
    outputs = shown.result.outputs if shown.result is not None else ()
    is_input = [node.id in shown.network.inputs for node in nodes]
    kinds = Counter(
        node.presentation for node, first in zip(nodes, is_input, strict=True) if not first
    )
    inputs = [
        f"{node.presentation} {'×'.join(map(str, node.shape))}"
        for node, first in zip(nodes, is_input, strict=True)
        if first
    ]
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return {
        "outcome": "opens",
        "nodes": len(nodes),
        "parameters": f"{sum(node.parameters for node in nodes):,} of {info.parameters:,}"
        + (" untrained" if info.random_weights else ""),
        "presentations": f"{', '.join(inputs)} | {counts}",
        "outputs": ", ".join(type(output).__name__ for output in outputs) or "maps",
        "sentences": list(info.notes),
    }


if __name__ == "__main__":
    sys.exit(main())
