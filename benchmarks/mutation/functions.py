"""Which function a line of a source file is in."""

from __future__ import annotations

import ast


def function_of_lines(source: str) -> dict[int, str]:
    """Return the qualified name of the innermost function of each line that is inside of one.

    Args:
        source: The file's source.
    """
    names: dict[int, str] = {}

    def visit(node: ast.AST, scope: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{scope}.{child.name}".lstrip(".")
                if not isinstance(child, ast.ClassDef):
                    for line in range(child.body[0].lineno, (child.end_lineno or 0) + 1):
                        names[line] = inner
            visit(child, inner)

    visit(ast.parse(source), "")
    return names


def called_at_import(source: str) -> set[str]:
    """Return the names of functions that a file calls outside of functions, as it is imported.

    What they did then is seen by whatever uses the file.

    Args:
        source: The file's source.
    """
    names: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
                names.add(child.func.id)
            visit(child)

    visit(ast.parse(source))
    return names
