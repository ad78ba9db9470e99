"""`python -m vrnn`."""

from __future__ import annotations

from vrnn.cli.main import entry

entry()
