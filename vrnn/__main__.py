"""`python -m vrnn`."""

from __future__ import annotations

from vrnn.cli.entry import entry

# A process that a model's script starts imports this module again, under another name.
if __name__ == "__main__":
    entry()
