"""Deliberate bugs: which small changes of a source file there are, and the file with one of them.

The changes are Cosmic Ray's operators (https://cosmic-ray.readthedocs.io). Of each kind of operator
one or two replacements are taken: a test that notices `+` made `-` notices `+` made `*` as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

OPERATORS = tuple(
    f"core/{name}"
    for name in (
        *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add"),
        *("ReplaceBinaryOperator_Mul_Div", "ReplaceBinaryOperator_Div_Mul"),
        *("ReplaceBinaryOperator_FloorDiv_Mul", "ReplaceBinaryOperator_Mod_FloorDiv"),
        *("ReplaceBinaryOperator_Pow_Mul", "ReplaceBinaryOperator_BitAnd_BitOr"),
        *("ReplaceBinaryOperator_BitOr_BitAnd", "ReplaceUnaryOperator_USub_UAdd"),
        *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert"),
        *("ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq"),
        *("ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_Lt_Gt"),
        *("ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_Gt_GtE"),
        *("ReplaceComparisonOperator_Gt_Lt", "ReplaceComparisonOperator_GtE_Gt"),
        *("ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is"),
        *("ReplaceAndWithOr", "ReplaceOrWithAnd", "AddNot", "ReplaceTrueWithFalse"),
        *("ReplaceFalseWithTrue", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
        *("NumberReplacer", "ZeroIterationForLoop", "RemoveDecorator", "ExceptionReplacer"),
    )
)


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file.

    Attributes:
        path: The file, relative to the repository.
        line: The line, from 1.
        column: The column, from 0.
        operator: Cosmic Ray's operator.
        occurrence: Which of the places in the file where it can be applied, from 0.
    """

    path: str
    line: int
    column: int
    operator: str
    occurrence: int

    def code(self, source: str) -> str:
        """Return the file's source with the change in it."""
        changed = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        if changed is None:
            raise ValueError(f"{self.path}:{self.line}: {self.operator} cannot be applied here")
        return str(changed)


class _Finder(Visitor):
    """Collects where an operator can be applied, in the order in which Cosmic Ray counts."""

    def __init__(self, operator: Any) -> None:
        self.positions: list[tuple[int, int]] = []
        self._operator = operator

    def visit(self, node: Any) -> Any:
        """Collect the places in one node."""
        self.positions += [start for start, _ in self._operator.mutation_positions(node)]
        return node


def find_mutants(root: Path, path: str) -> list[Mutant]:
    """Return all changes of a file that could matter.

    Args:
        root: The repository.
        path: The file, relative to it.
    """
    source = (root / path).read_text(encoding="utf-8")
    tree, hints = get_ast(source), list(_hint_spans(source))
    mutants = []
    for name in OPERATORS:
        finder = _Finder(get_operator(name)())
        finder.walk(tree)
        for occurrence, (line, column) in enumerate(finder.positions):
            if not any(first <= (line, column) < last for first, last in hints):
                mutants.append(Mutant(path, line, column, name, occurrence))
    return [mutant for mutant in mutants if _can_be_made(mutant, source)]


def _can_be_made(mutant: Mutant, source: str) -> bool:
    """Whether Cosmic Ray can make a change: it fails at `except module.Error`."""
    if not mutant.operator.endswith("ExceptionReplacer"):
        return True
    try:
        mutant.code(source)
    except AttributeError:
        return False
    return True


def _hint_spans(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where type hints are: they are not evaluated, but for limits that are checked."""
    for node in ast.walk(ast.parse(source)):
        hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "cast"):
            hints += node.args
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            hints += [node.test]
        for hint in hints:
            if hint is not None and "Range(" not in ast.unparse(hint):
                assert isinstance(hint, ast.expr)
                end = (hint.end_lineno or 0, hint.end_col_offset or 0)
                yield (hint.lineno, hint.col_offset), end
