"""The command `vrnn`: answers Ctrl-C from the first moment, before anything else is imported."""

from __future__ import annotations

import sys
from typing import NoReturn

INTERRUPTED = 130


def entry() -> NoReturn:
    """Run the command line and leave the process."""
    try:
        from vrnn.cli.main import entry as run

        run()
    except KeyboardInterrupt:  # else answered by what runs
        print("vrnn: interrupted", file=sys.stderr)
    sys.exit(INTERRUPTED)
