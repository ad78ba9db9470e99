"""Generalization and memorisation: two networks, each trained in three ways, side by side.

    python examples/memorisation/study.py                  # on digits: some minutes on two cores
    python examples/memorisation/study.py --data FOLDER    # on images, by folders of classes

docs/memorisation.md tells what is to be seen.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from networks import RATES, TITLES, WIDTHS
from strategies import STRATEGIES
from strategies import TITLES as STRATEGY_TITLES
from training import Training, run_training

PUBLISHED_SIZE = (150, 175)
"""(height, width) in which the photographs of Caltech101 were trained on, pixels."""
EPOCHS = {"digits": {"augmented": 160, "shuffled": 80, "noisy": 60}, "folder": {
    "augmented": 100, "shuffled": 100, "noisy": 40}}  # fmt: skip
TRAINED_DIGITS = 200
COLUMNS = (
    ("network", 14), ("strategy", 18), ("images", 7), ("training error", 15), ("test accuracy", 14),
    ("fine: convolution", 18), ("activations", 12), ("pictures", 9), ("minutes", 8),
)  # fmt: skip


def main(words: Sequence[str] | None = None) -> list[dict]:
    """Run the study; returns what was measured, a row for each training."""
    options = parser().parse_args(words)
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    trainings = plan(options)
    cores = os.cpu_count() or 1
    workers = min(options.workers or min(cores, 3 if cores > 2 else 2), len(trainings))
    if options.data is not None:
        workers = options.workers or 1
    # More than one would only wait for each other on layers as small as those for digits.
    threads = 1 if options.data is None else max(1, cores // workers)
    started = time.perf_counter()
    longest_first = sorted(trainings, key=lambda one: STRATEGIES.index(one.strategy), reverse=True)
    if workers == 1:
        found = {one: run_training(one, out, threads) for one in longest_first}
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            running = {one: pool.submit(run_training, one, out, threads) for one in longest_first}
            found = {one: running[one].result() for one in trainings}
    rows = [{"training": one, **found[one]} for one in trainings]
    table = table_text(rows)
    print(table)
    for sentence in unexpected(rows):
        print(f"not as published: {sentence}")
    print(f"{(time.perf_counter() - started) / 60:.1f} minutes; written to {out}")
    (out / "table.txt").write_text(table + "\n", encoding="utf-8")
    command = opening_command(trainings[: len(options.strategies)], out)
    print("\nto see them side by side:\n" + " ".join(command[2:]))
    if options.window:
        subprocess.run(command, check=False)
    return rows


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = made.add_argument
    add("--data", type=Path, help="folder of images, a folder for each class; digits without it")
    add("--size", type=int, nargs=2, default=PUBLISHED_SIZE, metavar=("H", "W"),
        help="height and width of the images of --data (150 175)")  # fmt: skip
    add("--out", type=Path, default=Path("memorisation"), help="where everything is written")
    add("--networks", nargs="+", choices=list(TITLES), default=list(TITLES))
    add("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    add("--trained", type=int, default=TRAINED_DIGITS, help="digits to train on (200)")
    add("--width", type=int, help="channels of the stem, or growth")
    add("--epochs", type=int, nargs="+", help="of each strategy")
    add("--batch", type=int, default=64)
    add("--rate", type=float, help="first learning rate (0.02, DenseNet 0.01)")
    add("--noise", type=float, default=0.2, help="deviation of the noise of copies (0.2)")
    add("--pictures", type=int, default=200, help="steps of feature visualizations; 0 for none")
    add("--workers", type=int, help="trainings at a time")
    add("--no-window", dest="window", action="store_false", help="open no window at the end")
    return made


def plan(options: argparse.Namespace) -> list[Training]:
    """Return the trainings that the options ask for."""
    on_digits = options.data is None
    usual = EPOCHS["digits" if on_digits else "folder"]
    epochs = [usual[strategy] for strategy in options.strategies]
    if options.epochs is not None:
        if len(options.epochs) not in (1, len(epochs)):
            raise SystemExit("--epochs takes one number, or one for each strategy")
        epochs = (options.epochs * len(epochs))[: len(epochs)]
    return [
        Training(
            network, strategy, "" if on_digits else str(options.data.resolve()),
            None if on_digits else tuple(options.size), options.trained if on_digits else None,
            options.width or WIDTHS[network][not on_digits], count, options.batch,
            options.rate or RATES[network],
            options.noise, options.pictures,
        )
        for network in options.networks
        for strategy, count in zip(options.strategies, epochs, strict=True)
    ]  # fmt: skip


def table_text(rows: Sequence[dict]) -> str:
    """Return the table of what was measured, as text."""
    lines = [_line([name for name, _ in COLUMNS])]
    for row in rows:
        one = row["training"]
        pictures = f"{row['fine_pictures']:.3f}" if "fine_pictures" in row else "-"
        lines.append(_line([
            TITLES[one.network], STRATEGY_TITLES[one.strategy], f"{row['training_images']}",
            f"{row['training_error']:.1%}", f"{row['test_accuracy']:.1%}",
            f"{row['fine_convolution']:.3f}", f"{row['fine_activations']:.3f}", pictures,
            f"{row['seconds'] / 60:.1f}",
        ]))  # fmt: skip
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    widths = [width for _, width in COLUMNS]
    left = [f"{cell:<{width}}" for cell, width in zip(cells[:2], widths, strict=False)]
    return "".join([*left, *(f"{c:>{w}}" for c, w in zip(cells[2:], widths[2:], strict=True))])


def unexpected(rows: Sequence[dict]) -> list[str]:
    """Return what of the published findings the measures do not show, a sentence each."""
    told = []
    for network in dict.fromkeys(row["training"].network for row in rows):
        by = {row["training"].strategy: row for row in rows if row["training"].network == network}
        for strategy, row in by.items():
            if row["training_error"]:
                error = f"{row['training_error']:.1%}"
                told.append(f"{TITLES[network]}, {strategy}: the training error is {error}, not 0")
        if by.keys() != set(STRATEGIES):
            continue
        right = [by[one]["test_accuracy"] for one in ("augmented", "noisy", "shuffled")]
        if not right[0] > right[1] > right[2]:
            told.append(f"{TITLES[network]}: test accuracies are not in the order 1 > 3 > 2")
        for measure in ("fine_convolution", "fine_activations", "fine_pictures"):
            for other in ("shuffled", "noisy"):
                if by[other].get(measure, 1.0) <= by["augmented"].get(measure, 0.0):
                    what = measure.replace("_", " ")
                    told.append(f"{TITLES[network]}: {what}: {other} not above augmented")
    return told


def opening_command(trainings: Sequence[Training], out: Path) -> list[str]:
    """Return what opens trained networks side by side."""
    command = [sys.executable, "-m", "vrnn"]
    for one in trainings:
        command += ["--model", str(out / f"{one.name}.py")]
    return command


if __name__ == "__main__":
    main()
