"""Bundling of edges beside datashader's `hammer_bundle`, and of a million edges.

python -m benchmarks.bundling

Datashader runs in an environment of its own in the user's cache folder, once before its time
counts, as its code is compiled then. Mean ink is the share of pixels that the edges cover in a
picture of 1000 × 1000.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

from benchmarks.timing import format_table
from vrnn.scene.edge_bundling import bundle
from vrnn.storage.paths import cache_dir

LIBRARIES = ("datashader==0.19.1", "dask[dataframe]==2026.8.0", "scikit-image==0.26.0")
COUNTS = {5_000: 1.0, 20_317: 2.0}
"""Edges, and how many times as fast as datashader they are to be bundled."""
MILLION, SECONDS, MEMORY = 1_000_000, 20.0, 2e9
CLUSTERS, SPREAD, SEED = 20, 0.03, 1
PIXELS = 1000
PEER = """
import sys, time
import numpy as np, pandas as pd
from datashader.bundling import hammer_bundle

def bundled(starts, ends):
    count = np.arange(len(starts))
    nodes = pd.DataFrame(np.concatenate([starts, ends]), columns=["x", "y"])
    edges = pd.DataFrame({"source": count, "target": count + len(count)})
    started = time.perf_counter()
    found = hammer_bundle(nodes, edges)
    return time.perf_counter() - started, found[["x", "y"]].to_numpy(np.float32)

given = np.load(sys.argv[1])
bundled(given["starts"][:200], given["ends"][:200])
seconds, points = bundled(given["starts"], given["ends"])
np.savez(sys.argv[2], seconds=seconds, points=points)
"""


def edges_between_clusters(count: int, dimensions: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return edges among a twentieth as many nodes in clusters: (count, D) float32, twice."""
    random = np.random.default_rng(SEED)
    middles = random.random((CLUSTERS, dimensions))
    nodes = middles[random.integers(0, CLUSTERS, count // 20)]
    nodes = (nodes + SPREAD * random.normal(size=nodes.shape)).astype(np.float32)
    starts, ends = random.integers(0, len(nodes), (2, count))
    return nodes[starts], nodes[ends]


def scattered_edges(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return edges between places anywhere in a square: (count, 2) float32, twice."""
    random = np.random.default_rng(SEED)
    return random.random((count, 2), np.float32), random.random((count, 2), np.float32)


def mean_ink(lines: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return the share of pixels that lines cover.

    Args:
        lines: (P, 2) points; a row of NaN ends a line.
        low: (2,) the picture's corner.
        high: (2,) the corner on the other side.
    """
    first, last = lines[:-1], lines[1:]
    is_piece = np.isfinite(first).all(1) & np.isfinite(last).all(1)
    scale = PIXELS / float((high - low).max())
    first, last = (first[is_piece] - low) * scale, (last[is_piece] - low) * scale
    counts = np.ceil(np.abs(last - first).max(1)).astype(int) + 1
    piece = np.repeat(np.arange(len(first)), counts)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    parts = (step / np.maximum(counts[piece] - 1, 1))[:, None]
    cells = (first[piece] + (last - first)[piece] * parts).astype(int).clip(0, PIXELS - 1)
    return len(np.unique(cells[:, 1] * PIXELS + cells[:, 0])) / PIXELS**2


def separated(points: np.ndarray) -> np.ndarray:
    """Return curves (N, S, 2) one behind the other, with a row of NaN after each."""
    gap = np.full((len(points), 1, 2), np.nan, np.float32)
    return np.concatenate([points, gap], 1).reshape(-1, 2)


def peer_python() -> Path:
    """Return the Python of an environment with datashader, installed where it is missing."""
    folder = cache_dir() / "benchmarks" / "bundling"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed.stamp"
    if not stamp.is_file() or stamp.read_text() != repr(LIBRARIES):
        print(f"installing datashader into {folder}", flush=True)
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)
        command = [str(python), "-P", "-m", "pip", "install", "--quiet", *LIBRARIES]
        subprocess.run(command, check=True)
        stamp.write_text(repr(LIBRARIES))
    return python


def bundle_by_peer(starts: np.ndarray, ends: np.ndarray) -> tuple[float, np.ndarray]:
    """Return datashader's seconds, and its lines with a row of NaN after each."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "edges.npz", Path(folder) / "lines.npz"
        np.savez(given, starts=starts, ends=ends)
        subprocess.run([str(peer_python()), "-c", PEER, str(given), str(found)], check=True)
        with np.load(found) as result:
            return float(result["seconds"]), result["points"]


def compare() -> bool:
    """Print both beside each other; returns whether all targets are met."""
    rows: list[tuple[str, ...]] = [(
        "edges", "datashader", "vrnn", "times as fast", "target",
        "ink: straight", "datashader", "vrnn",
    )]  # fmt: skip
    is_met = True
    for name, make in (("clusters", edges_between_clusters), ("scattered", scattered_edges)):
        for count, target in COUNTS.items():
            starts, ends = make(count)
            theirs, their_lines = bundle_by_peer(starts, ends)
            bundle(starts[:200], ends[:200])
            started = time.perf_counter()
            points = bundle(starts, ends)
            ours = time.perf_counter() - started
            low, high = np.minimum(starts, ends).min(0), np.maximum(starts, ends).max(0)
            both = separated(np.stack([starts, ends], 1)), their_lines, separated(points)
            ink = [mean_ink(lines, low, high) for lines in both]
            is_met &= theirs >= target * ours and ink[2] <= ink[1]
            rows.append((
                f"{count:,} {name}", f"{theirs:.2f} s", f"{ours:.2f} s", f"{theirs / ours:.1f}",
                f"{target}", *(f"{value:.4f}" for value in ink),
            ))  # fmt: skip
    print(format_table(rows))
    return is_met


def measure_million() -> bool:
    """Print time and memory of a million edges in the plane; returns whether targets are met."""
    starts, ends = edges_between_clusters(MILLION)
    started = time.perf_counter()
    bundle(starts, ends)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(format_table([
        (f"{MILLION:,} edges", "measured", "target"),
        ("time", f"{seconds:.1f} s", f"{SECONDS} s"),
        ("memory of the process", f"{memory / 1e9:.2f} GB", f"{MEMORY / 1e9} GB"),
    ]))  # fmt: skip
    return seconds <= SECONDS and memory <= MEMORY


def main() -> int:
    """Print all; the exit code is 1 where a target is missed."""
    return 0 if all([measure_million(), compare()]) else 1


if __name__ == "__main__":
    sys.exit(main())
