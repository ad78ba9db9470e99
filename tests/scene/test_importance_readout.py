"""The legend of importance names what fades, for which class, in either theme."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.network.importance import ChannelImportance, ImportanceResult
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.importance_readout import importance_legend
from vrnn.scene.importance_state import ImportanceState


@pytest.mark.parametrize(("theme", "faded"), [("dark", "dark"), ("light", "pale")])
def test_the_legend_names_what_fades_and_why(theme, faded):
    world, _, _ = small_world(class_names=("cat", "dog"))
    shown = ImportanceState(True, class_index=1)
    assert importance_legend(world) is None
    world.set_state(replace(world.state, importance=shown, theme=theme))
    assert importance_legend(world) is None  # nothing is found yet
    found = ChannelImportance("gradient", 1, {0: np.ones(3, np.float32)})
    world.set_importance(0, NetworkImportance(ImportanceResult(found, None, 2, 1)))
    title, span, *_ = importance_legend(world)
    assert title == "importance for dog, by mean |gradient × activation|"
    assert span == f"{faded} maps, thin {faded} edges: hardly used for it"
    both = replace(shown, beside=0, pruned=0.25)
    world.set_state(replace(world.state, importance=both))
    title, span, *_ = importance_legend(world)
    assert title.startswith("importance for dog or cat")
    assert span.endswith("pruned, 25% of the channels")
