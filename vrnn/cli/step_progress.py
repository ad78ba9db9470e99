"""One progress bar over steps of one or of several jobs, by how much work each part is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol, TypeVar

from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.progress import progress_bar
from vrnn.storage.log import logger
from vrnn.storage.terminal import printable

T = TypeVar("T")


class Step(Protocol):
    """How far something has come."""

    @property
    def text(self) -> str:
        """What is done now."""

    @property
    def done(self) -> float:
        """How much of `total` is done."""

    @property
    def total(self) -> int:
        """How much there is to do; 0 while unknown."""


def run_steps(steps: Generator[Step, None, T], quiet: bool) -> T:
    """Run steps to their end, with a bar, and return what they return.

    Args:
        steps: The steps.
        quiet: Whether no bar is shown.
    """
    (result,) = run_all([(steps, (1.0,))], quiet)
    return result


def run_all(
    parts: Sequence[tuple[Generator[Step, None, T], Sequence[float]]], quiet: bool
) -> list[T]:
    """Run several steps to their ends, with one bar and the time that is left.

    Args:
        parts: The steps, with how much work each of their phases is; another text begins the next
            phase.
        quiet: Whether no bar is shown.

    Returns:
        What each returns.
    """
    found: list[T] = []
    whole = sum(sum(work) for _, work in parts) or 1.0
    with progress_bar(1, "", quiet) as bar, logging_redirect_tqdm([logger]):
        bar.bar_format = "{desc}{percentage:3.0f}% {bar} {elapsed}"
        if len(parts) > 1:
            bar.bar_format += ", {remaining} left"
        done = 0.0
        for number, (steps, work) in enumerate(parts):
            place = f"{number + 1} of {len(parts)}, " if len(parts) > 1 else ""
            text, phase = "", -1
            while True:
                try:
                    step = next(steps)
                except StopIteration as end:
                    found.append(end.value)
                    break
                if step.text != text:
                    text, phase = step.text, min(phase + 1, len(work) - 1)
                    bar.set_description(place + printable(text), refresh=False)
                reached = sum(work[:phase]) + work[phase] * step.done / max(step.total, 1)
                bar.update((done + reached) / whole - bar.n)
            done += sum(work)
            bar.update(done / whole - bar.n)
    return found
