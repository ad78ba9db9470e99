"""One bar over several jobs, by how much work each part is."""

import pytest

from vrnn.cli import step_progress
from vrnn.compute.jobs import JobStep


class Bar:
    """A bar that writes down where it was."""

    def __init__(self):
        self.n, self.places, self.texts, self.bar_format = 0.0, [], [], ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def set_description(self, text, refresh):
        self.texts.append(text)

    def update(self, by):
        self.n += by
        self.places.append(round(self.n, 6))


def steps(name, *counts):
    for text, count in zip(("measured", "pruned"), counts, strict=False):
        for done in range(1, count + 1):
            yield JobStep(f"{name} {text}", done, count)
    return name


def test_a_bar_goes_on_by_the_work_of_each_part_and_never_back(monkeypatch):
    bar = Bar()
    monkeypatch.setattr(step_progress, "progress_bar", lambda *_: bar)
    # The second is in the cache: it ends without a step.
    parts = [(steps("a", 2, 4), (10.0, 20.0)), (steps("b"), (5.0, 5.0)), (steps("c", 1), (10.0,))]
    assert step_progress.run_all(parts, quiet=False) == ["a", "b", "c"]
    assert bar.places == sorted(bar.places)
    assert bar.places[:6] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert bar.places[-1] == pytest.approx(1.0)
    assert bar.texts == ["1 of 3, a measured", "1 of 3, a pruned", "3 of 3, c measured"]
    assert "{remaining} left" in bar.bar_format
