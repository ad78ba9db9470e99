"""Which rule which operation has, as composites say it."""

import pytest

from tests.support import golden_text
from vrnn.errors import VrnnError
from vrnn.explanations.composites import Composite, LayerRule, load_composites

OPERATIONS = ("conv2d", "conv_transpose1d", "linear", "matmul", "batch_norm", "einsum")


def test_rules_of_the_composites_that_come_with_it(regenerate):
    lines = []
    for name, composite in load_composites().items():
        lines.append(
            f"{name}: attention {composite.attention}, others {composite.others}, stabilizer "
            f"{composite.stabilizer}, conserves {composite.conserves}"
        )
        for operation in OPERATIONS:
            for depth in (0, 1, 2):
                rule = composite.rule_of("any.layer", operation, depth)
                lines.append(
                    f"  {operation} {depth}: {rule.rule} epsilon {rule.epsilon} gamma {rule.gamma} "
                    f"alpha {rule.alpha} beta {rule.beta} bias {rule.bias}"
                )
    golden_text.check("explanations/composites", lines, regenerate)


@pytest.mark.parametrize(
    ("depth", "fitting"),
    [((), [0, 1, 2, 3, 4]), ((0, 0), [0]), ((1, 3), [1, 2, 3]), ((2, 2), [2]), ((3, 1), [])],
)
def test_a_rule_is_for_depths_from_the_least_to_the_greatest(depth, fitting):
    rule = LayerRule("epsilon", depth=depth)
    assert [n for n in range(5) if rule.fits("layer", "linear", n)] == fitting


def test_a_rule_is_for_layers_and_operations_that_fit_its_patterns():
    rule = LayerRule("gamma", layer="features.*", operation="conv*", depth=(0, 9))
    assert rule.fits("features.3", "conv2d", 1)
    assert not rule.fits("Features.3", "conv2d", 1)
    assert not rule.fits("features", "conv2d", 1)
    assert not rule.fits("features.3", "linear", 1)
    assert not rule.fits("features.3", "conv2d", 10)


def test_the_first_rule_that_fits_counts_and_the_gradient_where_none_does():
    composite = Composite((LayerRule("flat", depth=(0, 0)), LayerRule("gamma", operation="conv*")))
    assert composite.rule_of("a", "conv2d", 0).rule == "flat"
    assert composite.rule_of("a", "conv2d", 1).rule == "gamma"
    assert composite.rule_of("a", "linear", 1).rule == "gradient"


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 1.0), (1.0, 0.0), (1.5, 0.5), (1.0, 1e-10)])
def test_alpha_is_beta_and_one(alpha, beta):
    assert LayerRule("alpha-beta", alpha=alpha, beta=beta).alpha == alpha


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, 1e-8)])
def test_other_alphas_and_betas_are_refused(alpha, beta):
    with pytest.raises(VrnnError, match="alpha − beta should be 1"):
        LayerRule("alpha-beta", alpha=alpha, beta=beta)
    assert LayerRule("epsilon", alpha=alpha, beta=beta).beta == beta


@pytest.mark.parametrize(
    ("values", "is_allowed"),
    [
        ({"epsilon": 0.0}, True),
        ({"epsilon": 1e9}, True),
        ({"epsilon": -1e-9}, False),
        ({"epsilon": 1.1e9}, False),
        ({"gamma": 0.0}, True),
        ({"gamma": 1e6}, True),
        ({"gamma": -0.1}, False),
        ({"gamma": 1.1e6}, False),
        ({"alpha": 1e6}, True),
        ({"alpha": -1.0}, False),
        ({"beta": 1e6 + 1}, False),
        ({"depth": (0, 1_000_000)}, True),
        ({"depth": (-1, 3)}, False),
        ({"depth": (0, 1_000_001)}, False),
        ({"depth": (1,)}, False),
        ({"depth": (1, 2, 3)}, False),
    ],
)
def test_values_of_rules_have_ranges(values, is_allowed):
    if is_allowed:
        assert LayerRule("epsilon", **values).rule == "epsilon"
        return
    with pytest.raises(VrnnError):
        LayerRule("epsilon", **values)


def test_a_stabilizer_is_not_negative():
    assert Composite(stabilizer=0.0).stabilizer == 0
    with pytest.raises(VrnnError):
        Composite(stabilizer=-1.0)
    with pytest.raises(VrnnError, match="is for batch norms"):
        LayerRule("pass", operation="conv*")
    assert LayerRule("pass", operation="batch_norm").rule == "pass"
