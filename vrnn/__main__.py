"""`python -m vrnn`."""

from vrnn.cli import entry

entry()
