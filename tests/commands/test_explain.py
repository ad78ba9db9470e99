"""Commands of explanations: what each makes of the state, says and refuses."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.support.worlds import small_world
from vrnn.commands.explain import (
    ExplainTarget,
    SetExplanationMethod,
    SetRelevanceDisplay,
    ShowRelevance,
    explain_class,
    explain_target,
    explanation_methods,
    target_text,
)
from vrnn.commands.relevance_conditions import (
    RestrictRelevance,
    RestrictRelevanceToRegion,
    conditions_text,
)
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition
from vrnn.scene.picking import Hit
from vrnn.scene.relevance_state import RelevanceState
from vrnn.scene.state import State

LAYER, OTHER = "layer1.0.conv1", "layer1.0.conv2"
WORLD, NETWORK, _ = small_world()
NUMBERS = {node.name: node.id for node in NETWORK.nodes}
NOTHING = RelevanceState()
CONTEXT = SimpleNamespace(world=WORLD)
ASKED = RelevanceState(True, 0, "saliency", "dog", (Condition(LAYER, (1,)),))


def after(command, relevance=NOTHING):
    return command.apply(State(relevance=relevance), WORLD).relevance


def said(command, relevance):
    world = SimpleNamespace(networks=WORLD.networks, state=State(relevance=relevance))
    return command.message(SimpleNamespace(world=world))


def test_relevance_is_shown_and_hidden_by_turns():
    shown = after(ShowRelevance())
    assert shown == RelevanceState(shown=True)
    assert after(ShowRelevance(), shown) == RelevanceState()
    assert after(ShowRelevance(on=True), shown) == shown
    assert after(ShowRelevance(on=False)) == RelevanceState()
    assert after(ShowRelevance(on=False), ASKED) == replace(ASKED, shown=False)
    assert after(ShowRelevance(network=0), replace(ASKED, shown=False)) == ASKED


def test_another_network_is_asked_about_its_own_winner():
    elsewhere = replace(ASKED, network=1)
    assert after(ShowRelevance(network=0), elsewhere) == RelevanceState(True, 0, "saliency")
    with pytest.raises(VrnnError):
        after(ShowRelevance(network=1))


def test_what_is_shown_is_said():
    assert said(ShowRelevance(), RelevanceState()) == "relevance is off"
    told = said(ShowRelevance(), RelevanceState(shown=True))
    assert told == "relevance for the winning class: orange speaks for it, teal against it"
    assert said(ExplainTarget("dog"), ASKED) == "relevance for dog"
    assert said(SetExplanationMethod(), ASKED) == "relevance with saliency"


@pytest.mark.parametrize(
    ("target", "text"),
    [("", "the winning class"), ("dog", "dog"), ("0", "cat"), ("1", "dog"), ("2", "class 2")],
)
def test_targets_are_told_by_name(target, text):
    assert target_text(WORLD, replace(ASKED, target=target)) == text
    unknown = replace(ASKED, target="1", network=4)
    assert target_text(WORLD, unknown) == "class 1"


def test_a_target_is_explained_with_what_was_set():
    assert after(ExplainTarget("cat"), ASKED) == replace(ASKED, target="cat")
    assert after(ExplainTarget("cat", method="occlusion"), replace(ASKED, shown=False)) == replace(
        ASKED, target="cat", method="occlusion"
    )
    moved = after(ExplainTarget("cat"), replace(ASKED, network=1))
    assert moved == replace(ASKED, target="cat", conditions=())
    for wrong in (ExplainTarget("owl"), ExplainTarget("cat", 1), ExplainTarget("cat", 0, "magic")):
        with pytest.raises(VrnnError):
            after(wrong)


def test_methods_come_one_after_another():
    names = explanation_methods()
    now = RelevanceState()
    for name in [*names[1:], names[0]]:
        now = after(SetExplanationMethod(), now)
        assert (now.method, now.shown) == (name, True)
    assert after(SetExplanationMethod(), replace(now, method="of my own")).method == names[0]
    assert after(SetExplanationMethod("grad-cam"), now).method == "grad-cam"
    assert [command.method for _, command in SetExplanationMethod.variants()] == list(names)
    with pytest.raises(VrnnError):
        after(SetExplanationMethod("magic"))


def test_how_it_is_seen_changes_only_what_is_given():
    assert after(SetRelevanceDisplay(), ASKED) == ASKED
    for name, value in (
        ("placement", "over"), ("normalize_by", "network"), ("opacity", 0.25), ("smooth", True),
        ("min_share", 0.5),
    ):  # fmt: skip
        assert after(SetRelevanceDisplay(**{name: value}), ASKED) == replace(ASKED, **{name: value})
    assert after(SetRelevanceDisplay(smooth=False, opacity=0.0), ASKED).opacity == 0
    for wrong in ({"placement": "under"}, {"normalize_by": "map"}):
        with pytest.raises(VrnnError):
            after(SetRelevanceDisplay(**wrong))


def test_only_the_scale_is_said():
    one, each = (
        SetRelevanceDisplay(normalize_by="network"),
        SetRelevanceDisplay(normalize_by="layer"),
    )
    assert said(one, ASKED).startswith("relevance: one scale for all layers")
    assert said(each, ASKED) == "relevance: each layer on its own scale"
    assert said(SetRelevanceDisplay(normalize_by="layer", smooth=True), ASKED) == ""
    assert said(SetRelevanceDisplay(smooth=True), ASKED) == ""


def test_channels_are_let_through_and_taken_away_again():
    now = after(RestrictRelevance(LAYER, (3, 1)))
    assert now.conditions == (Condition(LAYER, (1, 3)),)
    assert now.shown
    now = after(RestrictRelevance(LAYER, (1, 5)), now)
    assert now.conditions == (Condition(LAYER, (3, 5)),)
    now = after(RestrictRelevance(OTHER, (0,)), now)
    assert now.conditions == (Condition(LAYER, (3, 5)), Condition(OTHER, (0,)))
    now = after(RestrictRelevance(LAYER, (3, 5)), now)
    assert now.conditions == (Condition(OTHER, (0,)),)
    assert after(RestrictRelevance(), now).conditions == ()
    assert after(RestrictRelevance(LAYER, (1,)), ASKED).target == "dog"
    elsewhere = after(RestrictRelevance(LAYER, (2,)), replace(ASKED, network=1))
    assert (elsewhere.network, elsewhere.target) == (0, "")
    assert elsewhere.conditions == (Condition(LAYER, (2,)),)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ((64,), "has channels 0 to 63, no channel 64"),
        ((-1,), "has channels 0 to 63, no channel -1"),
        ((), "needs channels: give some of 0 to 63"),
    ],
)
def test_channels_that_are_not_there_are_refused(channels, message):
    with pytest.raises(VrnnError, match=message):
        after(RestrictRelevance(LAYER, channels))
    assert after(RestrictRelevance(LAYER, (0, 63))).conditions[0].channels == (0, 63)


def test_conditions_in_words():
    assert conditions_text(()) == ""
    assert conditions_text((Condition("a", (4,)),)) == "a channel 4"
    six, seven = tuple(range(6)), tuple(range(7))
    both = (Condition("a", six), Condition("b", seven))
    assert conditions_text(both) == "a channels 0, 1, 2, 3, 4, 5 and b channels 0, 1, 2, 3, 4, 5…"
    restricted = replace(ASKED, conditions=both[:1])
    assert said(RestrictRelevance(), restricted).startswith("relevance through a channels 0, 1")
    assert said(RestrictRelevance(), RelevanceState()) == "relevance through everything"


def test_a_click_on_what_is_explained_hides_it():
    assert explain_target(ASKED, 0, "dog") == ShowRelevance(on=False)
    for now in (
        replace(ASKED, shown=False), replace(ASKED, target="cat"), replace(ASKED, network=1),
    ):  # fmt: skip
        assert explain_target(now, 0, "dog") == ExplainTarget("dog", 0)
    assert explain_class(ASKED, 2, 17) == ExplainTarget("17", 2)


def test_what_is_pointed_at_is_explained():
    at_map, at_layer = Hit("layer", 1.0, 0, NUMBERS[LAYER], 0), Hit("layer", 1.0, 0, NUMBERS[LAYER])
    assert ExplainTarget.for_hit(CONTEXT, at_map) == ExplainTarget(f"layer {LAYER} #0")
    assert ExplainTarget.for_hit(CONTEXT, replace(at_layer, channel=-1)) == ExplainTarget(
        f"layer {LAYER}"
    )
    assert RestrictRelevance.for_hit(CONTEXT, at_map) == RestrictRelevance(LAYER, (0,))
    for command in (ExplainTarget, RestrictRelevance):
        with pytest.raises(VrnnError):
            command.for_hit(CONTEXT, None)


def test_of_several_networks_the_one_that_is_pointed_at_is_explained():
    def offered(hit, *slots):
        networks = dict.fromkeys(slots, WORLD.networks[0])
        context = SimpleNamespace(world=SimpleNamespace(networks=networks))
        return ShowRelevance.for_hit(context, hit)

    assert offered(None, 0, 1) == ShowRelevance()
    assert offered(Hit("layer", 1.0, 1, 2), 0, 1) == ShowRelevance(network=1)
    assert offered(Hit("layer", 1.0, 5, 2), 0, 1) == ShowRelevance()
    assert offered(Hit("layer", 1.0, 0, 2), 0) == ShowRelevance()
    with pytest.raises(VrnnError, match="no network is open yet"):
        offered(None)


def test_a_region_is_taken_and_given_up_again():
    box = (1, 2, 4, 8)
    now = after(RestrictRelevanceToRegion(LAYER, box))
    assert now.conditions == (Condition(LAYER, (), box),)
    both = after(RestrictRelevance(LAYER, (3,)), now)
    assert both.conditions == (Condition(LAYER, (3,), box),)
    assert after(RestrictRelevanceToRegion(LAYER, box), both).conditions == (
        Condition(LAYER, (3,)),
    )
    assert after(RestrictRelevanceToRegion(LAYER, box), now).conditions == ()
    assert after(RestrictRelevanceToRegion(LAYER, (0, 0, 32, 32))).shown
    for wrong in ((0, 0, 33, 32), (0, 0, 32, 33), (-1, 0, 3, 3), (3, 3, 3, 4), (1, 2, 3)):
        with pytest.raises(VrnnError):
            after(RestrictRelevanceToRegion(LAYER, wrong))


@pytest.mark.parametrize(
    ("before", "at", "box"),
    [
        ((), (5, 7), (5, 7, 6, 8)),
        ((5, 7, 6, 8), (2, 9), (2, 7, 6, 10)),
        ((5, 7, 6, 8), (9, 1), (5, 1, 10, 8)),
        ((2, 3, 6, 9), (2, 3), ()),
        ((2, 3, 6, 9), (5, 8), ()),
        ((2, 3, 6, 9), (6, 8), (2, 3, 7, 9)),
        ((2, 3, 6, 9), (5, 9), (2, 3, 6, 10)),
        ((2, 3, 6, 9), (1, 3), (1, 3, 6, 9)),
        ((2, 3, 6, 9), (2, 2), (2, 2, 6, 9)),
    ],
)
def test_a_region_grows_to_what_is_pointed_at(before, at, box):
    conditions = (Condition(LAYER, (), before),) if before else ()
    state = State(relevance=replace(ASKED, conditions=conditions))
    world = SimpleNamespace(networks=WORLD.networks, state=state, visible_node=WORLD.visible_node)
    hit = Hit("layer", 1.0, 0, NUMBERS[LAYER], -1, *at)
    offered = RestrictRelevanceToRegion.for_hit(SimpleNamespace(world=world), hit)
    assert offered == RestrictRelevanceToRegion(LAYER, box)
