"""`vrnn.importance`: what was found, by the names of layers."""

import numpy as np
import pytest

import vrnn


def test_importance_from_python_is_that_of_the_layers_by_name():
    found = vrnn.importance("digits", "7", "magnitude", curve=False)
    assert found.result.curve is None
    assert len(found.layers) == len(found.result.importance.channels) > 3
    for channels in found.layers.values():
        assert channels.dtype == np.float32
        assert channels.max() == 1.0


@pytest.mark.parametrize(
    ("target", "more", "words"),
    [
        ("3", {"measure": "guess"}, "no measure 'guess': choose one of gamma"),
        ("", {}, "give its name or number as target"),
        ("3 vs 4", {}, "give its name or number as target"),
        ("3", {"measure": "gamma", "epochs": 0}, "at least 1 epoch"),
        ("44", {}, "classes 0 to 9"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(target, more, words):
    with pytest.raises(vrnn.VrnnError, match=words):
        vrnn.importance("digits", target, **more)
