"""What a step of a training is where several optimizers train parts of a model in turn."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from torch.optim import Optimizer


class OptimizerRounds:
    """Tells which steps of optimizers end a step of the training.

    With one optimizer each does. Several that take turns count as one, once the last of them is
    done; the first round counts with its first step, as the others are not known yet. An optimizer
    that takes two steps while the one that counts takes none counts in its place: that one was
    replaced, or steps more rarely.

    Attributes:
        is_begun: Whether an optimizer has stepped after the last step that counted.
    """

    def __init__(self) -> None:
        self.is_begun = False
        self._counted: Callable[[], Optimizer | None] = lambda: None
        self._last_other: Callable[[], Optimizer | None] = lambda: None
        self._others: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._is_order_known = False

    def ends_with(self, optimizer: Optimizer) -> bool:
        """Whether a step of an optimizer, which it has just taken, ends one of the training."""
        counted, last_other = self._counted(), self._last_other()
        if counted is optimizer and last_other is not None and not self._is_order_known:
            self._is_order_known = True
            self._counted, self._others = self._last_other, weakref.WeakSet([optimizer])
            self.is_begun = True
            return False
        if counted is None or counted is optimizer or optimizer in self._others:
            self._counted, self._last_other = weakref.ref(optimizer), lambda: None
            self._others.clear()
            self.is_begun = False
            return True
        self._others.add(optimizer)
        self._last_other = weakref.ref(optimizer)
        self.is_begun = True
        return False
