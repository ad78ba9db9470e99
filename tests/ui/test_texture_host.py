"""The board with the panels, in a real place: read, pressed, typed on, hung elsewhere."""

from dataclasses import replace
from math import atan, degrees

import numpy as np
import pytest
from imgui_bundle import imgui, implot

from tests.support.headset import LEFT, RIGHT, Person, center_of, hand_joints, looking
from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import FoldAllStages
from vrnn.commands.view import FrameLayer
from vrnn.config.loader import load_config
from vrnn.controls.hands.hand_visuals import draw_hands
from vrnn.network.model_spec import ModelSpec
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.scene.primitives import DrawList
from vrnn.ui.texture_host import SIZE


@pytest.fixture(scope="module")
def studio():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def visitor(studio):
    """With the board over the left wrist."""
    reset(studio)
    with studio.hand_controller(load_config(), None) as guide:
        yield Visitor(guide)


class Visitor(Person):
    """A person whose hands are a guide's."""

    def __init__(self, guide) -> None:
        self.guide = guide
        super().__init__(guide.controls.workspace)
        self.controls = guide.controls
        self.frame()
        self.tap(LEFT, "primary")
        self.settle()

    def frame(self, count: int = 1) -> None:
        """Let frames go by, and what comes between them."""
        for _ in range(count):
            super().frame()
            self.guide.prepare_next_frame()

    def settle(self) -> None:
        """Let panels be made anew as often as they want to."""
        for _ in range(6):
            self.frame()
            self.guide.panel_gui._last_rebuild = 0.0  # else only so many times a second
            self.guide.panel_gui.step()

    def at(self, x, y) -> np.ndarray:
        """(3,) of the stage: of a pixel."""
        leaf = self.controls.floating_panel.billboard
        return leaf.point((x / SIZE[0] - 0.5) * leaf.width, (0.5 - y / SIZE[1]) * leaf.height)

    def press(self, x, y) -> None:
        """Point there, and press and let go of the trigger."""
        self.point(RIGHT, self.controls.rig.apply(self.at(x, y)))
        self.settle()
        self.set(RIGHT, trigger=1.0)
        self.settle()
        self.set(RIGHT, trigger=0.0)
        self.settle()

    def type(self, text) -> None:
        """On the board's keys."""
        for letter in text.split():
            cap = next(c for c in self.guide.panel_gui._caps if c.text == letter)
            left, top, right, bottom = cap.box
            self.press((left + right) / 2, (top + bottom) / 2)


def angle(visitor) -> float:
    """Degrees of a capital letter on the board."""
    leaf = visitor.controls.floating_panel.billboard
    away = np.linalg.norm(leaf.center - visitor.head.position)
    return degrees(atan(leaf.height / SIZE[1] * visitor.guide.panel_gui.cap_height / away))


def test_text_is_large_enough_over_the_wrist_and_wherever_it_hangs(visitor):
    board = visitor.controls.floating_panel
    assert angle(visitor) >= 1.2
    visitor.reach(LEFT, (-0.3, 1.0, -0.6))
    assert angle(visitor) >= 1.2
    visitor.point(RIGHT, visitor.controls.rig.apply(board.billboard.center))
    visitor.set(RIGHT, squeeze=1.0)
    assert board.pinned
    before = board.billboard.center
    visitor.set(RIGHT, stick=(0.0, 1.0))
    visitor.wait(0.8)
    visitor.set(RIGHT, stick=(0.0, 0.0), squeeze=0.0)
    assert np.linalg.norm(board.billboard.center - before) > 0.5
    assert angle(visitor) >= 1.2
    where = board.billboard.center
    visitor.reach(LEFT, (-0.5, 1.3, -0.2))
    np.testing.assert_array_equal(board.billboard.center, where)  # it stays where it was hung
    toward = visitor.head.position - where
    assert board.billboard.normal @ toward / np.linalg.norm(toward) > 0.99


def test_a_capital_on_the_picture_is_as_high_as_it_says(visitor):
    picture = np.frombuffer(visitor.guide.panel_gui.texture.read(), np.uint8)
    picture = picture.reshape(SIZE[1], SIZE[0], 4)[::-1, :, 0].astype(int)
    rows = np.flatnonzero((picture[25:95, 45:70] > 130).any(1))  # the F of Find
    assert abs(rows.max() - rows.min() + 1 - visitor.guide.panel_gui.cap_height) <= 1.5


def test_both_hands_make_it_larger_but_never_too_small_to_read(visitor):
    board = visitor.controls.floating_panel
    visitor.point(RIGHT, visitor.controls.rig.apply(board.billboard.center))
    visitor.set(RIGHT, squeeze=1.0)
    visitor.point(LEFT, visitor.controls.rig.apply(board.billboard.center))
    visitor.set(LEFT, squeeze=1.0)
    visitor.frame()
    assert board.holders == {LEFT, RIGHT}
    for apart, least, most in ((0.4, 1.9, 2.6), (0.02, 1.2, 1.3)):
        visitor.reach(LEFT, (-apart, 1.25, -0.35))
        visitor.reach(RIGHT, (apart, 1.25, -0.35))
        assert least <= angle(visitor) <= most


def test_a_button_is_pressed_by_the_ray(visitor, studio):
    visitor.controls.do(FoldAllStages())
    visitor.settle()
    assert studio.world.state.folds
    visitor.press(420, 50)  # undo
    assert not studio.world.state.folds
    assert studio.workspace.hand.image is None


def test_a_finger_presses_it_too(visitor, studio):
    visitor.controls.do(FoldAllStages())
    visitor.settle()
    leaf = visitor.controls.floating_panel.billboard
    for away in (0.2, 0.05, -0.01, -0.02, 0.05, 0.2):
        at = visitor.at(420, 50) + leaf.normal * away
        pose = looking(at, at - leaf.normal)
        visitor.set(RIGHT, aim=pose, grip=pose)
        visitor.settle()
        if away == 0.05:
            assert visitor.controls.hands[RIGHT].panel_hit is not None
    assert not studio.world.state.folds


def test_a_layer_is_found_by_typing_and_one_goes_there(visitor, studio):
    visitor.press(60, 50)
    assert visitor.guide.panel_gui.typing
    visitor.type("s t 3 c x delete 2")
    assert visitor.guide.panel_gui._palette._typed == "st3c2"
    before = visitor.controls.rig
    visitor.type("enter")
    assert not visitor.guide.panel_gui.typing
    assert any(isinstance(command, FrameLayer) for command in visitor.done)
    assert np.linalg.norm(visitor.controls.rig.position - before.position) > 3


def test_the_stick_scrolls_and_turns_nobody(visitor, studio):
    visitor.guide.panel_gui.context.subject = (0, "stage1.0.conv1")
    visitor.settle()
    visitor.point(RIGHT, visitor.controls.rig.apply(visitor.at(500, 700)))
    visitor.settle()
    before = visitor.guide.panel_gui.texture.read()
    rig = visitor.controls.rig
    visitor.set(RIGHT, stick=(0.3, -1.0))
    visitor.wait(0.5)
    visitor.settle()
    assert visitor.guide.panel_gui.texture.read() != before
    visitor.point(RIGHT, visitor.controls.rig.apply(np.array([0.0, 3.0, 5.0])))
    visitor.wait(0.2)
    visitor.set(RIGHT, stick=(0.0, 0.0))
    assert visitor.controls.rig is rig


def test_panels_of_the_window_stay_as_they_are(visitor):
    own = imgui.create_context()
    imgui.set_current_context(own)
    visitor.press(150, 130)
    assert imgui.get_current_context() == own
    visitor.guide.panel_gui.open_palette()
    assert imgui.get_current_context() == own
    imgui.destroy_context(own)


def test_panels_that_are_gone_are_no_longer_current(studio):
    before = imgui.get_current_context(), implot.get_current_context()
    with studio.hand_controller(load_config(), None) as guide:
        guide.panel_gui.open_palette()
        guide.panel_gui.step()
    assert (imgui.get_current_context(), implot.get_current_context()) == before


def test_a_wrist_that_sleeps_leaves_the_board_where_it_is(visitor):
    where = visitor.controls.floating_panel.billboard.center
    visitor.input[LEFT] = HandInput()
    visitor.wait(0.3)
    np.testing.assert_array_equal(visitor.controls.floating_panel.billboard.center, where)


def view_of(person, size=(600, 600), fov=1.6):
    """What the person's head sees."""
    eye = person.controls.rig.apply(person.head.position)
    ahead = -person.head.matrix()[:3, 2]
    yaw = np.arctan2(-ahead[0], -ahead[2]) + person.controls.rig.yaw
    return View(Camera(*eye.tolist(), float(yaw), float(np.arcsin(ahead[1])), fov), size)


def test_the_board_is_seen_upright_and_not_mirrored(visitor, studio):
    leaf = visitor.controls.floating_panel.billboard
    visitor.head = looking(visitor.head.position, leaf.center)
    visitor.input[RIGHT] = replace(visitor.input[RIGHT], active=False)
    visitor.settle()
    view = view_of(visitor)
    target = RenderTarget(studio.gl_context, view.size, 0)
    world, front = draw_hands(visitor.controls)
    studio._renderer.draw(target, view, DrawList(), front=front, near=world)
    pixels = target.read_pixels()[..., 0].astype(int)
    target.release()
    own = np.frombuffer(visitor.guide.panel_gui.texture.read(), np.uint8)
    own = own.reshape(SIZE[1], SIZE[0], 4)[::-1, :, 0].astype(int)
    leaf = visitor.controls.floating_panel.billboard
    found, wanted = [], []
    for x in np.linspace(40, SIZE[0] - 40, 40):
        for y in np.linspace(40, SIZE[1] - 40, 50):
            place = visitor.controls.rig.apply(visitor.at(x, y))
            clip = view.clip_from_world @ np.array([*place, 1.0])
            column = (clip[0] / clip[3] + 1) / 2 * view.size[0]
            row = (1 - clip[1] / clip[3]) / 2 * view.size[1]
            found.append(pixels[int(row), int(column)])
            x0, y0 = int(x), int(y)
            wanted.append(own[y0 - 2 : y0 + 3, x0 - 2 : x0 + 3].mean())
    assert np.corrcoef(found, wanted)[0, 1] > 0.8
    flipped = own[::-1]
    wrong = [
        flipped[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].mean()
        for x in np.linspace(40, SIZE[0] - 40, 40)
        for y in np.linspace(40, SIZE[1] - 40, 50)
    ]
    assert np.corrcoef(found, wrong)[0, 1] < 0.4


def test_in_motion_the_edge_goes_dark_and_the_middle_does_not(visitor, studio):
    visitor.tap(LEFT, "primary")  # the board away
    visitor.controls.hints.dismiss()
    for hand in (LEFT, RIGHT):
        visitor.input[hand] = replace(visitor.input[hand], active=False)
    visitor.wait(0.5)

    def picture(vignette, blink=0.0):
        visitor.controls.locomotion.vignette, visitor.controls.locomotion.blink = vignette, blink
        view = view_of(visitor)
        target = RenderTarget(studio.gl_context, view.size, 0)
        world, front = draw_hands(visitor.controls)
        studio._renderer.draw(target, view, studio.world.draw_list(), front=front, near=world)
        pixels = target.read_pixels()[..., :3].astype(int)
        target.release()
        return pixels

    clear, dark, gone = picture(0.0), picture(0.9), picture(0.0, 1.0)
    middle = (slice(240, 360), slice(240, 360))
    assert np.abs(clear[middle] - dark[middle]).mean() < 2
    edge = dark[20:580, :40].reshape(-1, 3)
    assert edge.std(0).max() < 1
    assert clear[20:580, :40].reshape(-1, 3).std(0).max() > 2
    assert gone.reshape(-1, 3).std(0).max() < 1


def test_controllers_are_seen_where_they_are(visitor, studio):
    visitor.tap(LEFT, "primary")
    visitor.controls.hints.dismiss()
    visitor.reach(LEFT, (-0.25, 1.4, -0.6))
    visitor.reach(RIGHT, (0.25, 1.4, -0.6))
    visitor.wait(0.3)
    view = view_of(visitor)
    world, _ = draw_hands(visitor.controls)
    target = RenderTarget(studio.gl_context, view.size, 0)
    studio._renderer.draw(target, view, DrawList(), near=world)
    pixels = target.read_pixels()[..., 0].astype(int)
    studio._renderer.draw(target, view, DrawList())
    bare = target.read_pixels()[..., 0].astype(int)
    target.release()
    for x in (-0.25, 0.25):
        at = visitor.controls.rig.apply(np.array([x, 1.4, -0.57]))
        clip = view.clip_from_world @ np.array([*at, 1.0])
        column = int((clip[0] / clip[3] + 1) / 2 * view.size[0])
        row = int((1 - clip[1] / clip[3]) / 2 * view.size[1])
        part = (slice(row - 3, row + 4), slice(column - 3, column + 4))
        assert np.abs(pixels[part] - bare[part]).mean() > 20


@pytest.mark.parametrize("seed", range(3))
def test_whatever_hands_do_nothing_breaks(visitor, studio, seed):
    """Random hands for a while: pressed, asleep, lost, near and far, beside themselves."""
    rng = np.random.default_rng(seed)
    buttons = ("primary", "secondary", "menu", "stick_click")
    targets = [center_of(region) for region in studio.world.pick_regions()]
    for number in range(400):
        for hand in (LEFT, RIGHT):
            told = visitor.input[hand]
            if rng.random() < 0.15:
                at = targets[rng.integers(len(targets))] + rng.normal(0, 0.3, 3)
                place = rng.normal((0, 1.3, -0.4), 0.25)
                pose = looking(place, visitor.stage(at))
                told = replace(told, aim=pose, grip=pose)
            if rng.random() < 0.1:
                told = replace(told, trigger=float(rng.random() < 0.5))
            if rng.random() < 0.1:
                told = replace(told, squeeze=float(rng.random() < 0.5))
            if rng.random() < 0.1:
                told = replace(told, stick=tuple(rng.uniform(-1, 1, 2) * (rng.random() < 0.5)))
            if rng.random() < 0.03:
                name = buttons[rng.integers(len(buttons))]
                told = replace(told, **{name: not getattr(told, name)})
            if rng.random() < 0.02:
                told = replace(told, active=not told.active)
            if rng.random() < 0.02:
                told = replace(told, aim=None, grip=None)
            if rng.random() < 0.01:
                told = replace(told, joints=hand_joints(at=tuple(rng.normal((0, 1.3, -0.4), 0.2))))
            visitor.input[hand] = told
        head = visitor.head
        if rng.random() < 0.03:
            visitor.head = None
        visitor.focused = rng.random() > 0.02
        visitor.frame()
        visitor.head = head
        world, front = visitor.guide.draw(None)
        for drawing in (world, front):
            if drawing is not None:
                assert np.isfinite(drawing.quads["origin"]).all()
                assert np.isfinite(drawing.strokes["end"]).all()
        if number % 40 == 0:
            studio.workspace.content.upload()
            studio.feed.handle_events(studio._worker.events())
            visitor.settle()
    for hand in (LEFT, RIGHT):
        visitor.input[hand] = HandInput()
    visitor.focused = True
    visitor.wait(0.5)
    rig = visitor.controls.rig
    assert np.isfinite(rig.position).all()
    assert visitor.controls.layer_holders == frozenset()
    assert not visitor.controls.dragging
    assert studio.world.state == studio.workspace.history.state
    assert studio.gl_context.error == "GL_NO_ERROR"


def test_a_lost_head_draws_nothing_and_breaks_nothing(studio):
    reset(studio)
    person = Person(studio.workspace)
    person.controls.hands.head = None
    world, front = draw_hands(person.controls)
    assert not len(world.quads)
    assert not len(front.quads)
    person.head = None
    person.input[RIGHT] = HandInput(aim=Pose(), grip=None, active=True)
    person.frame()
    draw_hands(person.controls)
