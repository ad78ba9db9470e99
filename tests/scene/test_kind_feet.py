"""Each kind of layer has a foot of its own color."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.network.layer_kinds import LAYER_KINDS, layer_kind
from vrnn.style.theme import KIND_COLORS


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("conv2d", "convolution"), ("conv_transpose3d", "convolution"), ("layer_norm", "norm"),
        ("batch_norm", "norm"), ("attention", "attention"), ("add", "merge"), ("cat", "merge"),
        ("adaptive_avg_pool2d", "pool"), ("max_pool1d", "pool"), ("linear", "linear"),
        ("input", None), ("relu", None), ("interpolate", None),
    ],
)  # fmt: skip
def test_an_operation_tells_its_kind(operation, kind):
    assert layer_kind(operation) == kind


def test_colors_differ_for_eyes_that_see_no_red_or_no_green():
    # Viénot, Brettel and Mollon 1999, linear RGB.
    protan = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
    deutan = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    colors = np.array([KIND_COLORS[kind][:3] for kind in LAYER_KINDS])
    for matrix in (np.eye(3), protan, deutan):
        seen = np.clip(colors @ matrix.T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert apart[np.triu_indices(len(seen), 1)].min() > 0.12


def test_each_panel_of_a_kind_has_a_foot_as_wide_as_itself():
    world, network, _ = small_world()
    quads = world.draw_list().quads
    feet = quads[np.isclose(quads["top"], KIND_COLORS["convolution"]).all(1)]
    rects = world.placement_frame(0).panel_rects
    assert len(feet) == sum(node.operation == "conv2d" for node in network.nodes)
    widths = sorted(feet["right"][:, 0].tolist())
    assert widths == pytest.approx(sorted(rects[1:, 3].tolist()))
