"""Tables of functions by the operations of torch that they know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Rule = TypeVar("Rule", bound=Callable[..., object])


class RuleTable(Generic[Rule]):
    """Rules by the canonical names of operations; calling it makes a decorator that adds one."""

    def __init__(self) -> None:
        """Create an empty table."""
        self._rules: dict[str, Rule] = {}

    def __call__(self, *operations: str) -> Callable[[Rule], Rule]:
        """Register the decorated function as the rule of some operations.

        It replaces a rule that they have already.

        Args:
            *operations: Their canonical names.
        """

        def register(function: Rule) -> Rule:
            self._rules.update(dict.fromkeys(operations, function))
            return function

        return register

    def get(self, operation: str) -> Rule | None:
        """Return the rule of an operation, None if it has none."""
        return self._rules.get(operation)
