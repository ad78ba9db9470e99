"""A headset's frames, from a headset that is played: what is drawn for which eye, and submitted."""

from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from vrnn.app import headset_view
from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors
from vrnn.render.stereo import StereoTarget
from vrnn.scene.headset.tracking import Eye, Pose
from vrnn.scene.headset.tracking_loss import FADE_SECONDS, head_of

SIZE = (160, 120)
STEP = 1 / 90
NANOSECONDS = 1_000_000_000


def eyes_at(x):
    return tuple(Eye(Pose(np.array([x + side, 1.6, 0.0]))) for side in (-0.03, 0.03))


class PlayedFrame:
    """A frame of a headset whose eyes are where the test has them."""

    def __init__(self, headset):
        self.time = round(headset.number * STEP * NANOSECONDS)
        self.seconds = headset.number * STEP
        self.should_render = headset.should_render
        self.views = self.depths = self.panel = None
        self._headset = headset

    def eyes(self):
        return self._headset.eyes, self._headset.tracked

    def target(self, eyes, depths):
        self.views, self.depths = eyes, depths
        return self._headset.target


class PlayedHeadset:
    """In the place of `HeadsetSession`: remembers what was submitted."""

    def __init__(self, ctx, settings, stereo, samples):
        self.target = StereoTarget(ctx, SIZE, 0, "two")
        self.eyes, self.tracked = eyes_at(0.0), True
        self.should_render = self.focused = True
        self.max_panels, self.shows_room = 0, False
        self.number, self.submitted = 0, []

    @contextmanager
    def frame(self):
        self.number += 1
        frame = PlayedFrame(self)
        yield frame
        self.submitted.append(frame)

    def close(self):
        self.target.release()


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        yield opened


@pytest.fixture
def view(app, monkeypatch):
    monkeypatch.setattr(headset_view, "HeadsetSession", PlayedHeadset)
    config = load_config()
    setup = HeadsetSetup(
        app.gl_context, app.workspace, app._renderer, config.headset, render_colors(config)
    )
    with HeadsetView(setup, samples=0) as made:
        for _ in range(round(4 * FADE_SECONDS / STEP)):
            made.frame()
        assert made.tracking_loss.opacity == 0.0
        yield made


def pictures(view):
    """(2, H, W, 3) int of the frame that is drawn now."""
    drawn = []
    view.frame(
        lambda target: drawn.append([target.read_pixels(layer)[..., :3] for layer in (0, 1)])
    )
    return np.array(drawn[0]).astype(int)


def contrast(drawn):
    """Standard deviation of what both eyes see, of 255."""
    return drawn.std((0, 1, 2)).max()


def shown_at(view):
    """Where the head is that the last frame was drawn, and submitted, for."""
    frame = view.headset.submitted[-1]
    assert frame.views is view.last_frame.eyes
    return float(head_of(frame.views).position[0])


def test_it_follows_the_head(view):
    first = pictures(view)
    assert first.std() > 10
    assert np.abs(first[0] - first[1]).max() > 20  # each eye has its own
    view.headset.eyes = eyes_at(0.6)
    moved = pictures(view)
    assert shown_at(view) == pytest.approx(0.6)
    assert np.abs(moved - first).mean() > 2


def test_the_left_eye_sees_what_is_seen_from_the_left_and_the_right_eye_from_the_right(view):
    left, right = view.headset.eyes = (eyes_at(-0.4)[0], eyes_at(0.4)[1])
    both = pictures(view)
    view.headset.eyes = (left, left)
    from_left = pictures(view)[0]
    view.headset.eyes = (right, right)
    from_right = pictures(view)[1]
    # Fog and what hides what are reckoned from the middle of the eyes: alike, not the same.
    difference = np.abs(from_left - from_right).mean()
    assert np.abs(both[0] - from_left).mean() < 0.1 * difference
    assert np.abs(both[1] - from_right).mean() < 0.1 * difference


def test_while_tracking_is_lost_the_picture_stays_where_it_was_and_fades_out(view):
    before = pictures(view)
    view.headset.tracked, view.headset.eyes = False, eyes_at(3.0)
    contrasts = [contrast(before)]
    for _ in range(round(0.5 * FADE_SECONDS / STEP)):
        now = pictures(view)
        assert shown_at(view) == pytest.approx(0.0)
        contrasts.append(contrast(now))
        # The same picture under a veil: it correlates with the one before as nothing else does.
        assert np.corrcoef(now.ravel(), before.ravel())[0, 1] > 0.95
    assert all(late < early for early, late in pairwise(contrasts))
    for _ in range(round(FADE_SECONDS / STEP)):
        gone = pictures(view)
    assert contrast(gone) < 0.02 * contrast(before)
    assert shown_at(view) == pytest.approx(0.0)


def test_found_elsewhere_it_comes_back_there_gently(view):
    view.headset.tracked = False
    for _ in range(5):
        view.frame()
    view.headset.tracked, view.headset.eyes = True, eyes_at(2.0)
    opacities, places = [], []
    for _ in range(round(4 * FADE_SECONDS / STEP)):
        view.frame()
        opacities.append(view.tracking_loss.opacity)
        places.append(shown_at(view))
    jump = next(i for i, x in enumerate(places) if x > 1)
    assert opacities[jump - 1] == 1.0
    assert places[-1] == pytest.approx(2.0)
    assert opacities[-1] == 0.0


def test_the_eyes_are_submitted_with_the_planes_that_were_drawn(view):
    view.frame()
    near, far = view.headset.submitted[-1].depths
    assert 0 < near < 1 < far


def test_a_frame_that_is_not_seen_is_not_drawn(view):
    view.headset.should_render = False
    view.frame(lambda target: pytest.fail("it was drawn"))
    assert view.headset.submitted[-1].views is None
    assert view.tracking_loss.opacity == 1.0


def alphas(view):
    """(2, H, W) uint8 of the frame that is drawn now."""
    drawn = []
    view.frame(lambda target: drawn.append([target.read_pixels(eye)[..., 3] for eye in (0, 1)]))
    return np.array(drawn[0])


def test_the_room_is_seen_where_nothing_is_and_alone_when_tracking_is_lost(view):
    assert (alphas(view) == 255).all()
    view.headset.shows_room = True
    seen = alphas(view)
    assert 0.02 < (seen == 255).mean() < 0.98
    assert (seen == 0).mean() > 0.02
    view.headset.tracked = False
    for _ in range(round(2 * FADE_SECONDS / STEP)):
        view.frame()
    assert view.tracking_loss.opacity == 1.0
    assert (alphas(view) == 0).all()


def test_what_both_eyes_look_at_is_told_with_room_for_the_turn_of_a_head(view):
    pictures(view)
    ahead = view.last_frame.camera.axes()[2]
    for cone, eye in zip(view.view_cones, view.last_frame.eyes, strict=True):
        left, right, up, down = eye.fov
        assert cone.axis @ ahead > 0.9
        assert cone.angle > headset_view.MAX_HEAD_TURN + max(right - left, up - down) / 2 - 0.05
