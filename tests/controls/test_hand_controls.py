"""Hands in a real place: the default model, its worker and its renderer, without a screen."""

import numpy as np
import pytest

from tests.support.headset import LEFT, RIGHT, Person, center_of, looking, on_layer, pick_regions
from tests.support.offscreen import reset, wait_until_shown
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import Fold, FoldAllStages, SetArrangement
from vrnn.commands.inputs import DropImage, GrabImage, SetInputImage
from vrnn.commands.jobs import CancelJob
from vrnn.commands.layers import MoveLayer, ScaleLayer
from vrnn.commands.registry import Ring
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.commands.view import GoToView
from vrnn.config.loader import load_config
from vrnn.controls.hands.hand_visuals import draw_hands, layout_labels
from vrnn.controls.hands.label_cache import LabelCache
from vrnn.controls.hands.radial_menu import ring_choices
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.readout import hover_text
from vrnn.scene.state import State
from vrnn.scene.visibility import panel_corners


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def person(app):
    """Before the input, in a world as it was at first."""
    reset(app)
    return Person(app.workspace)


def scores(app):
    return app.world.networks[0].result.outputs[0].probabilities.copy()


def test_one_begins_before_the_input_looking_at_it(person):
    eye = person.controls.rig.apply(person.head.position)
    canvas = center_of(pick_regions(person.workspace.world, "input")[0])
    away = canvas - eye
    assert eye[1] == pytest.approx(1.65)
    assert 2 < -away[2] < 12
    assert abs(away[0]) < 4


def test_an_image_is_picked_up_carried_and_put_in_and_the_scores_change(app, person):
    before, passes = scores(app), app.workspace.passes_requested
    images = app.workspace.images
    thumbnail = next(
        region
        for region in pick_regions(app.world, "thumbnail")
        if images.label(region.value.number) not in (-1, before.argmax())
    )
    person.point(RIGHT, center_of(thumbnail))
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image is not None
    assert app.workspace.hand.image.command == SetInputImage(number=thumbnail.value.number)
    assert any(b.hand == RIGHT and b.strength > 0.4 for b in person.pulses)
    person.reach(RIGHT, (0.35, 1.4, -0.2))  # carried about, it stays in the hand
    person.wait(0.5)
    assert app.workspace.hand.image is not None
    person.point(RIGHT, center_of(pick_regions(app.world, "input")[0]))
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image is None
    assert [type(a) for a in person.done] == [GrabImage, DropImage]
    wait_until_shown(app, passes)
    assert scores(app).argmax() == images.label(thumbnail.value.number)
    passes = app.workspace.passes_requested
    person.tap(RIGHT, "secondary")  # undo
    wait_until_shown(app, passes)
    np.testing.assert_allclose(scores(app), before, atol=1e-5)


def test_an_image_can_be_dragged_with_the_trigger_held(app, person):
    thumbnail = pick_regions(app.world, "thumbnail")[3]
    person.point(RIGHT, center_of(thumbnail))
    person.set(RIGHT, trigger=1.0)
    assert app.workspace.hand.image is not None
    person.point(RIGHT, center_of(pick_regions(app.world, "input")[0]))
    assert app.workspace.hand.image is not None
    person.set(RIGHT, trigger=0.0)
    assert app.workspace.hand.image is None
    assert app.world.state.input_image.number == thumbnail.value.number


def test_a_map_is_picked_up_and_let_go_of_again(app, person):
    person.point(RIGHT, on_layer(app.world, "stage1.0.conv1", 0.05, 0.05))
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image.layer[2] == 0
    person.tap(RIGHT, "secondary")
    assert app.workspace.hand.image is None
    assert app.world.state == State()


def test_a_tap_on_nothing_lets_go_of_what_is_held(app, person):
    person.point(RIGHT, center_of(pick_regions(app.world, "thumbnail")[0]))
    person.tap(RIGHT, "trigger")
    person.point(RIGHT, person.controls.rig.apply(np.array([0.0, 3.0, 5.0])))
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image is None
    assert app.world.state == State()


def test_pointing_says_the_value_and_what_it_depends_on(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name, 0.31, 0.62))
    hit = app.world.hovered
    assert app.world.networks[0].network.by_id[hit.node].name == name
    said = hover_text(app.world)
    assert name in said
    assert f"channel {hit.channel}" in said
    assert app.world.receptive_field_box(hit) is not None


def test_a_layer_is_moved_with_the_grip_pushed_away_and_it_is_one_step_to_undo(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name))
    before = on_layer(app.world, name)
    person.set(RIGHT, squeeze=1.0)
    aim = person.input[RIGHT].aim
    for step in np.linspace(0, 0.3, 10):
        person.reach(RIGHT, aim.position + np.array([step, step / 2, 0]))
    np.testing.assert_allclose(
        on_layer(app.world, name) - before, (0.3 , 0.15, 0), atol=1e-3
    )  # fmt: skip
    person.set(RIGHT, stick=(0.0, 1.0))
    person.wait(0.2)
    person.set(RIGHT, stick=(0.0, 0.0))
    assert on_layer(app.world, name)[2] < before[2] - 0.5
    moved = on_layer(app.world, name)
    person.set(RIGHT, squeeze=0.0)
    assert [type(a) for a in person.done] == [MoveLayer]
    np.testing.assert_allclose(on_layer(app.world, name), moved, atol=1e-4)
    person.tap(RIGHT, "secondary")
    while app.world.advance(1.0):
        continue
    np.testing.assert_allclose(on_layer(app.world, name), before, atol=1e-4)


def test_between_frames_a_frame_shows_where_a_layer_would_be(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name))
    before = on_layer(app.world, name)
    person.controls.deferred_highlight = True
    person.set(RIGHT, squeeze=1.0)
    aim = person.input[RIGHT].aim
    person.reach(RIGHT, aim.position + np.array([0.3, 0, 0]))
    assert app.world.state == State()  # not in this frame
    outline = person.controls.grab_preview.outline()["origin"].mean(0)
    person.reach(RIGHT, aim.position + np.array([0.4, 0, 0]))
    np.testing.assert_allclose(
        person.controls.grab_preview.outline()["origin"].mean(0) - outline, (0.1, 0, 0), atol=1e-3
    )
    person.controls.update_highlight()
    np.testing.assert_allclose(on_layer(app.world, name) - before, (0.4, 0, 0), atol=1e-3)
    person.reach(RIGHT, aim.position + np.array([0.5, 0, 0]))
    person.controls.update_highlight()  # so soon it is not shown again
    np.testing.assert_allclose(on_layer(app.world, name) - before, (0.4, 0, 0), atol=1e-3)
    person.set(RIGHT, squeeze=0.0)
    np.testing.assert_allclose(on_layer(app.world, name) - before, (0.5, 0, 0), atol=1e-3)
    assert not len(person.controls.grab_preview.outline())
    person.controls.deferred_highlight = False
    person.tap(RIGHT, "secondary")
    assert app.world.state == State()


def test_two_hands_on_a_layer_scale_it(app, person):
    name = "stage1.0.conv1"
    at = on_layer(app.world, name)
    for hand in (LEFT, RIGHT):
        person.point(hand, at)
        person.set(hand, squeeze=1.0)
    assert person.controls.layer_holders == {LEFT, RIGHT}
    left, right = (person.input[h].aim.position for h in (LEFT, RIGHT))
    person.reach(LEFT, left - np.array([0.2, 0, 0]))
    person.reach(RIGHT, right + np.array([0.2, 0, 0]))
    person.set(LEFT, squeeze=0.0)
    person.set(RIGHT, squeeze=0.0)
    assert [type(a) for a in person.done] == [ScaleLayer]
    size = next(iter(app.world.state.layers.values())).size
    assert size == pytest.approx(0.8 / 0.4, rel=1e-3)
    assert person.controls.rig.scale == 1


def test_a_handle_is_dragged_with_the_trigger_as_with_the_mouse(app, person):
    node = app.world.networks[0].node_ids["stage1.0.conv1"]
    handle = next(s for s in pick_regions(app.world, "handle") if s.node == node)
    person.point(RIGHT, center_of(handle))
    person.set(RIGHT, trigger=1.0)
    assert person.controls.dragging
    person.point(RIGHT, center_of(handle) + np.array([0.5, 0.25, 0]))
    person.set(RIGHT, trigger=0.0)
    offset = app.world.state.layers[0, "stage1.0.conv1"].offset
    assert offset == pytest.approx((0.5, 0.25, 0), abs=0.02)


def test_a_bracket_folds_and_opens(app, person):
    bracket = pick_regions(app.world, "bracket")[0]
    person.point(RIGHT, center_of(bracket))
    person.tap(RIGHT, "trigger")
    assert person.done == [Fold(str(bracket.value), 0)]
    assert app.world.state.folds == {(0, bracket.value)}
    person.tap(RIGHT, "secondary")
    assert not app.world.state.folds


def test_two_presses_on_a_layer_fold_it(app, person):
    person.point(RIGHT, on_layer(app.world, "stage3.1.conv2"))
    person.tap(RIGHT, "trigger")
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image is None
    assert app.world.state.layers[0, "stage3.1.conv2"].folded


def test_both_grips_hold_the_world(app, person):
    for hand in (LEFT, RIGHT):
        person.point(hand, person.controls.rig.apply(np.array([0.0, 3.0, 5.0])))  # at nothing
        person.set(hand, squeeze=1.0)
    rig = person.controls.rig
    hands = np.stack([person.input[h].grip.position for h in (LEFT, RIGHT)])
    world = rig.apply(hands)
    assert person.controls.locomotion.holding
    person.reach(LEFT, hands[0] + np.array([0.1, 0.1, 0]))
    person.reach(RIGHT, hands[1] - np.array([0.1, 0.0, 0.1]))
    now = np.stack([person.input[h].grip.position for h in (LEFT, RIGHT)])
    after = person.controls.rig
    np.testing.assert_allclose(after.apply(now.mean(0)), world.mean(0), atol=1e-9)
    assert after.scale > 1.5
    person.set(LEFT, squeeze=0.0)
    assert not person.controls.locomotion.holding
    assert app.world.state == State()


def test_one_layer_in_each_hand_is_the_world_in_both(app, person):
    person.point(LEFT, on_layer(app.world, "stage1.0.conv1"))
    person.set(LEFT, squeeze=1.0)
    assert person.controls.layer_holders == {LEFT}
    person.point(RIGHT, on_layer(app.world, "stage1.1.conv1"))
    person.set(RIGHT, squeeze=1.0)
    assert person.controls.layer_holders == frozenset()
    assert person.controls.locomotion.holding
    person.set(RIGHT, squeeze=0.0)
    person.set(LEFT, squeeze=0.0)
    assert app.world.state == State()
    assert person.done == []


def test_a_teleport_by_the_stick_and_by_the_trigger(app, person):
    start = person.controls.rig
    floor = start.apply(np.array([1.5, 0.0, 0.5]))
    person.reach(RIGHT, (0.2, 1.3, -0.3), floor + np.array([0, 1.2, 0]))
    person.set(RIGHT, stick=(0.0, 1.0))
    assert person.controls.locomotion.arc.target is not None
    target = person.controls.locomotion.arc.target
    person.set(RIGHT, stick=(0.0, 0.0))
    feet = person.controls.rig.apply(np.array([0.0, 0, 0]))
    np.testing.assert_allclose(feet, target, atol=1e-6)
    # By a trigger held on empty space.
    person.set(RIGHT, trigger=1.0)
    assert person.controls.locomotion.arc is None
    person.wait(0.5)
    target = person.controls.locomotion.arc.target
    person.set(RIGHT, trigger=0.0)
    np.testing.assert_allclose(person.controls.rig.apply(np.zeros(3)), target, atol=1e-6)
    # A short one goes nowhere.
    rig = person.controls.rig
    person.tap(RIGHT, "trigger")
    assert person.controls.rig is rig
    assert person.done == []


def test_walking_snap_turning_flying_and_back(app, person):
    rig = person.controls.rig
    person.set(LEFT, stick=(0.0, 1.0))
    person.wait(1.0)
    person.set(LEFT, stick=(0.0, 0.0))
    person.wait(1.0)
    assert person.controls.rig.position[2] < rig.position[2] - 1.5
    person.set(RIGHT, stick=(1.0, 0.0))
    person.wait(0.5)
    assert person.controls.rig.yaw == pytest.approx(rig.yaw - np.radians(45))
    person.set(RIGHT, stick=(0.0, 0.0))
    person.tap(LEFT, "stick_click")
    person.set(RIGHT, stick=(0.0, 1.0))
    person.wait(0.5)
    assert person.controls.rig.position[1] > 0.5
    person.set(RIGHT, stick=(0.0, 0.0))
    person.tap(LEFT, "secondary")
    np.testing.assert_allclose(person.controls.rig.position, rig.position, atol=1e-9)


def test_left_handed_everything_is_the_other_way_round(app):
    reset(app)
    person = Person(app.workspace, left_handed=True)
    rig = person.controls.rig
    person.set(LEFT, stick=(1.0, 0.0))
    person.wait(0.2)
    assert person.controls.rig.yaw == pytest.approx(rig.yaw - np.radians(45))
    person.set(LEFT, stick=(0.0, 0.0))
    person.point(LEFT, center_of(pick_regions(app.world, "thumbnail")[0]))
    person.tap(LEFT, "trigger")
    assert app.workspace.hand.image is not None
    person.tap(LEFT, "secondary")
    assert app.workspace.hand.image is None


def test_a_controller_that_falls_asleep_changes_nothing(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name))
    person.set(RIGHT, squeeze=1.0)
    aim = person.input[RIGHT].aim
    person.reach(RIGHT, aim.position + np.array([0.3, 0, 0]))
    assert app.world.state != State()
    person.set(RIGHT, active=False)
    assert app.world.state == State()
    assert person.done == []
    person.set(RIGHT, active=True, squeeze=0.0)
    person.tap(RIGHT, "trigger")
    assert len(person.done) <= 1


def test_tracking_that_is_lost_for_a_moment_freezes_what_is_held(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name))
    person.set(RIGHT, squeeze=1.0)
    aim = person.input[RIGHT].aim
    person.reach(RIGHT, aim.position + np.array([0.3, 0, 0]))
    moved = on_layer(app.world, name)
    person.set(RIGHT, aim=None, grip=None)
    person.wait(0.5)
    np.testing.assert_allclose(on_layer(app.world, name), moved)
    person.set(RIGHT, aim=Pose(aim.position + np.array([0.3, 0, 0]), aim.orientation))
    person.set(RIGHT, squeeze=0.0)
    np.testing.assert_allclose(on_layer(app.world, name), moved, atol=1e-4)
    head, rig = person.head, person.controls.rig
    person.head = None
    person.set(LEFT, stick=(0.0, 1.0))
    person.wait(0.5)
    assert person.controls.rig is rig
    person.head = head


def test_input_that_is_for_somebody_else_does_nothing(app, person):
    person.point(RIGHT, center_of(pick_regions(app.world, "thumbnail")[0]))
    person.focused = False
    person.tap(RIGHT, "trigger")
    assert app.workspace.hand.image is None


def test_the_menu_by_stick_and_by_ray(app, person):
    person.point(RIGHT, person.controls.rig.apply(np.array([0.3, 20.0, -3.0])))  # at nothing
    person.set(RIGHT, primary=True)
    assert person.controls.menu is not None
    choices = tuple(ring_choices(Ring.GENERAL))
    angle = 2 * np.pi * choices.index("fold stages") / len(choices)
    person.set(RIGHT, stick=(float(np.sin(angle)), float(np.cos(angle))))
    person.set(RIGHT, primary=False)
    assert person.controls.menu is None
    assert len(app.world.state.folds) >= 3
    person.set(RIGHT, stick=(0.0, 0.0))
    person.tap(RIGHT, "primary")  # tapped, it stays
    leaf = person.controls.menu.billboard
    angle = 2 * np.pi * choices.index("undo") / len(choices)
    at = leaf.point(np.sin(angle) * leaf.width / 2, np.cos(angle) * leaf.height / 2)
    person.point(RIGHT, person.controls.rig.apply(at))
    assert person.controls.menu.chosen == choices.index("undo")
    person.tap(RIGHT, "trigger")
    assert not app.world.state.folds
    assert app.workspace.hand.image is None


def choose(person, word, ring=Ring.LAYER):
    """Take a word of the menu by holding the button and pushing the stick."""
    person.set(RIGHT, primary=True)
    choices = tuple(ring_choices(ring))
    angle = 2 * np.pi * choices.index(word) / len(choices)
    person.set(RIGHT, stick=(float(np.sin(angle)), float(np.cos(angle))))
    assert person.controls.menu.chosen_label == word
    rig = person.controls.rig
    person.set(RIGHT, primary=False)
    person.frame(3)
    assert person.controls.rig.yaw == rig.yaw or "there" in word  # the stick turns nobody
    person.set(RIGHT, stick=(0.0, 0.0))


def test_over_a_layer_the_menu_is_for_this_layer(app, person):
    name = "stage1.0.conv2"
    person.point(RIGHT, on_layer(app.world, name, 0.3, 0.3))
    channel = app.world.hovered.channel
    choose(person, "ablate")
    assert app.world.state.ablations[0].channels == (channel,)
    choose(person, "ablate")
    assert not app.world.state.ablations
    choose(person, "features")
    assert app.world.state.layers[0, name].features is not None
    choose(person, "features")
    assert not app.world.state.layers
    choose(person, "pin a copy")
    assert app.world.state.pins[0].layer == name
    choose(person, "fold")
    assert app.world.state.layers[0, name].folded
    choose(person, "reset")
    assert not app.world.state.layers
    choose(person, "go there")
    eye = person.controls.rig.apply(person.head.position)
    assert np.linalg.norm(eye - on_layer(app.world, name)) < 4
    person.point(RIGHT, on_layer(app.world, name, 0.3, 0.3))
    choose(person, "more")
    assert person.controls.menu.labels == tuple(ring_choices(Ring.GENERAL))
    person.tap(RIGHT, "secondary")
    assert person.controls.menu is None
    choose(person, "top images")
    assert any(isinstance(action, ShowTopActivations) for action in person.done)
    app.workspace.jobs.cancel(CancelJob().number)


def test_the_menu_sets_the_network_on_a_table(app, person):
    person.point(RIGHT, person.controls.rig.apply(np.array([0.3, 20.0, -3.0])))  # at nothing
    person.set(RIGHT, primary=True)
    choices = tuple(ring_choices(Ring.GENERAL))
    angle = 2 * np.pi * choices.index("on a table") / len(choices)
    person.set(RIGHT, stick=(float(np.sin(angle)), float(np.cos(angle))))
    person.set(RIGHT, primary=False)
    assert person.controls.rig.scale > 3
    low, high = app.world.corners().min(0), app.world.corners().max(0)
    for corner in (low, high):
        assert np.linalg.norm(person.stage(corner) - person.head.position) < 3


def test_one_stays_beside_the_layer_when_all_is_arranged_anew(app, person):
    name = "stage3.0.conv1"
    person.controls.do(GoToView(f"layer:{name}"))
    person.wait(0.3)
    away = person.controls.rig.apply(person.head.position) - on_layer(app.world, name)
    before = on_layer(app.world, name)
    for change in (SetArrangement("conveyor"), SetArrangement("terrace"), FoldAllStages()):
        person.controls.do(change)
        person.wait(0.3)
        node = app.world.networks[0].node_ids[name]
        now = panel_corners(app.world, 0, node)
        eye = person.controls.rig.apply(person.head.position)
        if not isinstance(change, FoldAllStages):
            found = eye - on_layer(app.world, name)  # closer to a smaller panel
            np.testing.assert_allclose(found[:2], away[:2], atol=0.6)
            assert 0.2 * away[2] < found[2] < away[2] + 0.5
        assert np.linalg.norm(eye - now.mean(0)) < np.linalg.norm(away) + 2
    assert np.linalg.norm(before - now.mean(0)) > 1  # else this says nothing
    person.controls.do(GoToView("overview"))
    person.frame()
    scale = person.controls.rig.scale
    person.controls.do(FoldAllStages())  # open again: a larger place, on the same table
    person.wait(0.3)
    assert person.controls.rig.scale > scale * 1.05


def test_what_is_folded_and_opened_again_leaves_one_where_one_was(app, person):
    reset(app)
    person.controls.do(GoToView("layer:stage3.0.conv1"))
    person.wait(0.3)
    before = person.controls.rig
    for change in (FoldAllStages(), SetArrangement("conveyor"), SetArrangement("terrace")):
        person.controls.do(change)
        person.wait(0.3)
    assert not np.allclose(person.controls.rig.position, before.position, atol=0.5)
    person.controls.do(FoldAllStages())
    person.wait(0.3)
    np.testing.assert_array_equal(person.controls.rig.position, before.position)
    person.controls.do(SetArrangement("terrace"))


def test_a_refusal_is_said_and_felt(app, person):
    person.point(RIGHT, person.controls.rig.apply(np.array([0.0, 3.0, 5.0])))
    person.tap(RIGHT, "secondary")
    assert "nothing to undo" in person.controls.feedback.message
    assert any(pulse.seconds > 0.2 for pulse in person.pulses)
    person.wait(5)
    assert person.controls.feedback.message == ""


def test_no_haptics_when_they_are_off(app):
    reset(app)
    person = Person(app.workspace, haptics=0.0)
    person.point(RIGHT, center_of(pick_regions(app.world, "thumbnail")[0]))
    person.tap(RIGHT, "trigger")
    assert person.pulses == []
    person.tap(RIGHT, "secondary")


def test_a_hand_at_a_panel_touches_it_and_one_that_went_through_still_does(app, person):
    at = on_layer(app.world, "stage1.0.conv1", 0.05, 0.05)
    person.controls.locomotion.rig = Rig(at - np.array([0.2, 1.3, -0.45]))
    for before in (0.04, -0.05):
        person.reach(
            RIGHT, person.stage(at + np.array([0, 0, before])), at + np.array([0, 0, before - 1])
        )
        met = person.controls.hands[RIGHT].hand_hit
        assert met.touching
        assert app.world.networks[0].network.by_id[met.hit.node].name == "stage1.0.conv1"
    person.reach(RIGHT, person.stage(at + np.array([0, 0, 0.3])), at)
    assert not person.controls.hands[RIGHT].hand_hit.touching
    assert any(pulse.strength < 0.4 for pulse in person.pulses)


def test_hints_go_once_tried_and_do_not_come_back(app, tmp_path):
    file = tmp_path / "vrnn" / "hints"
    person = Person(app.workspace, file=file)
    assert len(person.controls.hints.rows(True)) == 5
    person.tap(RIGHT, "squeeze")
    assert "grip" not in [name for name, _ in person.controls.hints.rows(True)]
    for button in ("trigger", "primary", "secondary", "secondary"):
        person.tap(RIGHT, button)
    for hand in (LEFT, RIGHT):
        person.set(hand, stick=(0.9, 0.0))
        person.set(hand, stick=(0.0, 0.0))
    for button in ("primary", "primary", "secondary", "stick_click"):
        person.tap(LEFT, button)
    assert file.is_file()
    again = Person(app.workspace, file=file)
    assert again.controls.hints.rows(True) == []


def test_words_stay_still_while_the_hand_hardly_moves(app, person):
    person.point(RIGHT, on_layer(app.world, "stage1.0.conv1", 0.3, 0.3))
    memory = LabelCache()

    def said():
        layout_labels(person.controls, memory)
        return draw_hands(person.controls, memory)[0].labels

    first = said()
    at = person.input[RIGHT].aim.position
    person.reach(RIGHT, at + np.array([0.002, 0, 0]))
    person.reach(RIGHT, at)
    assert said() is first
    person.reach(RIGHT, at + np.array([0.03, 0, 0]))
    moved = said()
    assert moved != first
    person.set(LEFT, stick=(0.0, 1.0))  # words go with the stage
    person.wait(0.3)
    assert said()[0].origin[2] < moved[0].origin[2] - 0.1


def test_looking_is_pointing(app):
    pose = looking((0.1, 1.2, -0.3), (3, 0.5, -8))
    ahead = -pose.matrix()[:3, 2]
    np.testing.assert_allclose(np.linalg.det(pose.matrix()), 1)
    wanted = np.array([2.9, -0.7, -7.7])
    np.testing.assert_allclose(ahead, wanted / np.linalg.norm(wanted), atol=1e-9)


def test_a_message_of_a_session_that_is_over_goes_with_its_clock(person):
    person.controls.feedback.notify("the headset is gone")
    person.frame()
    assert person.controls.feedback.message
    person.now = 3.0  # another session: its time begins anew
    person.frame()
    assert not person.controls.feedback.message
    person.controls.feedback.notify("walking")
    person.wait(2.0)
    assert person.controls.feedback.message == "walking"
    person.wait(4.0)
    assert not person.controls.feedback.message


def test_a_message_about_a_fault_stays_until_it_is_closed(person):
    person.workspace.show_fault("Fold failed: KeyError; details in x")
    person.wait(20.0)
    shown = [label.text for label in draw_hands(person.controls)[0].labels]
    assert any("Fold failed" in text for text in shown)
    history = person.workspace.history.bookmark()
    person.tap(RIGHT, "secondary")
    assert not person.workspace.faults
    assert person.workspace.history.bookmark() == history  # it closed the message alone


def test_a_ray_that_meets_nothing_is_six_meters_long_in_the_room(app, person):
    person.point(RIGHT, np.array([0.0, 400.0, 0.0]))  # into the sky
    person.frame()
    origin = person.controls.hands[RIGHT].ray.origin
    world, front = draw_hands(person.controls)
    strokes = np.concatenate([world.strokes, front.strokes])
    far = strokes[np.linalg.norm(strokes["start"] - origin, axis=1) < 1e-3]
    lengths = np.linalg.norm(strokes["end"] - origin, axis=1) / person.controls.rig.scale
    assert len(far)
    assert lengths.max() == pytest.approx(6.0, abs=0.05)
