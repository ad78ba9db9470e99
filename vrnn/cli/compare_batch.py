"""The work of `vrnn compare`: compares two networks, and writes it as tables and a picture."""

from __future__ import annotations

from pathlib import Path

from vrnn.cli.batch_model import open_model
from vrnn.cli.step_progress import run_steps
from vrnn.compute.comparison.comparison import comparison_steps
from vrnn.config.options import CompareOptions
from vrnn.errors import VrnnError
from vrnn.export.comparison_files import write_comparison_files
from vrnn.network.comparison import Comparison, distinct_titles
from vrnn.storage.atomic import make_folder
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text

MOST_CHANGED = 5
"""Layers that are printed."""


def write_comparison(options: CompareOptions) -> None:
    """Compare two networks and write what is found.

    Raises:
        VrnnError: There are not two models, one is wrong, or a file cannot be written.
    """
    specs = options.specs()
    if len(specs) != 2:
        raise VrnnError(
            f"two networks are compared, and --model is given {len(specs)} "
            f"time{'s' if len(specs) != 1 else ''}; give it twice: --model A --model B"
        )
    make_folder(options.out)
    first, second = (open_model(spec, options.detail, named=True) for spec in specs)
    found = run_steps(comparison_steps(first, second, options.most_images), options.quiet)
    for note in found.notes:
        logger.warning(note)
    titles = distinct_titles(first.source.title, second.source.title)
    write_comparison_files(options.out, found, titles)
    if not options.quiet:
        _print(found, titles, options.out)


def _print(found: Comparison, titles: tuple[str, str], out: Path) -> None:
    """A summary in some lines."""
    matching = found.matching
    print_text(
        f"{len(matching.pairs)} layers match, {len(matching.first_only)} are only in {titles[0]}, "
        f"{len(matching.second_only)} only in {titles[1]}"
    )
    for one in found.most_changed[:MOST_CHANGED]:
        print_text(f"  {found.networks[0].by_id[one.first].name}: |Δw|/|w| = {one.relative:.4g}")
    if found.answers is not None:
        accuracy = (f"{part:.3f}" for part in found.answers.accuracy)
        print_text(f"accuracy {', '.join(accuracy)} on {len(found.answers.numbers)} images")
    print_text(str(out))
