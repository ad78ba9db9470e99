"""How finely values can be stored in an IFeaLiD data set; quick to import."""

from typing import Literal, get_args

Precision = Literal[8, 16, 32]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""Bits of a value."""
