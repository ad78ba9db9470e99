"""`vrnn doctor`: what this machine can do, and how to install what is missing."""

from __future__ import annotations

import argparse

from vrnn.cli.subcommands import subcommand
from vrnn.storage.terminal import print_text


@subcommand("doctor", help="check this machine, and say how to install what is missing")
def run(arguments: argparse.Namespace) -> int:
    """Print the report; 0 when vrnn can run here, 2 when something that it needs is missing."""
    from vrnn.cli.machine_report import collect, is_complete, report

    sections = collect()
    print_text(report(sections))
    return 0 if is_complete(sections) else 2
