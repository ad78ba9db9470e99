"""The wall of images page by page: what stands where, what is marked, and what a click does."""

import time

import numpy as np
import pytest

from tests.support import geometry, golden_text
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import NoiseSpec
from vrnn.scene.state import InputImage
from vrnn.workspace.image_wall import ImageWall, WallRoom

ROOM = WallRoom((1.0, 0.5, 2.0), 3.0, 4.0)
PATIENCE = 60.0
NO_CHOICE = InputImage()


def picture(number):
    if number == 3:
        raise VrnnError("this one cannot be read")
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[..., 0], pixels[:, 15:, 1] = 4 * number, 200
    return pixels


def image_set(count=37):
    names = ("ant", "bee", "cat")
    return ImageSet(names, [i % 3 for i in range(count)], picture)


class Wall:
    """A wall whose thumbnails have arrived."""

    def __init__(self, images):
        self.wall = ImageWall(images)
        self.visual = None

    def update(self, image=NO_CHOICE, room=ROOM, takes_images=True, theme="dark"):
        end = time.monotonic() + PATIENCE
        while True:
            found = self.wall.update(image, room, takes_images, theme)
            self.visual = self.visual if found is None else found
            if found is None and self.wall.complete:
                return self.visual
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.002)


@pytest.fixture
def wall():
    made = Wall(image_set())
    yield made
    made.wall.close()


def steps(wall):
    """The wall after each of some things that are done with it."""
    yield "first", wall.update()
    yield "the fifth is the input", wall.update(InputImage(number=4))
    yield "noise is the input", wall.update(InputImage(noise=NoiseSpec("pink")))
    yield "gray is the input", wall.update(InputImage(plain="gray"))
    wall.wall.browse(1, None, None, None)
    yield "next page", wall.update()
    wall.wall.browse(5, None, None, None)
    yield "far behind the last page", wall.update()
    wall.wall.browse(-1, None, None, None)
    yield "back", wall.update()
    wall.wall.browse(0, None, "bee", None)
    yield "only bees", wall.update()
    wall.wall.browse(0, None, "", "#17")
    yield "number 17", wall.update()
    wall.wall.browse(0, 3, None, None)
    yield "in another order", wall.update()
    wall.wall.browse(0, -1, None, None)
    yield "and in the next one", wall.update()


def test_pages_are_as_they_were_approved(wall, regenerate):
    lines = []
    for name, visual in steps(wall):
        lines.append(f"{name}:")
        lines += [line for line in geometry.visual_lines(visual) if not line.startswith("quad")]
    golden_text.check("views/wall-pages", lines, regenerate)


@pytest.mark.parametrize(
    "room",
    [ROOM, WallRoom((0.0, 0.0, 0.0), 0.7, 9.0), WallRoom((0.0, 0.0, 0.0), 9.0, 0.7)],
    ids=["usual", "narrow", "low"],
)
def test_it_fills_the_room_that_there_is(wall, room):
    quads = wall.update(room=room).quads
    card = quads[0]
    width, height = float(card["right"][0]), -float(card["down"][1])
    assert width <= room.width + 1e-6
    assert height <= room.height + 1e-6
    assert width == pytest.approx(room.width) or height == pytest.approx(room.height)
    right = float(card["origin"][0]) + width
    assert right == pytest.approx(room.corner[0], abs=1e-5)


def test_what_cannot_be_read_is_told(wall):
    visual = wall.update()
    assert wall.wall.failures == {3: "image 3 of the data set: this one cannot be read"}
    assert [label.text for label in visual.labels].count("unreadable") == 1


def test_a_page_is_drawn_anew_only_when_something_has_changed(wall):
    wall.update()
    other = WallRoom((1.0, 0.5, 2.0), 2.0, 4.0)
    assert wall.wall.update(InputImage(), ROOM) is None
    for change in (
        (InputImage(number=1), ROOM, True, "dark"),
        (InputImage(number=1), other, True, "dark"),
        (InputImage(number=1), other, False, "dark"),
        (InputImage(number=1), other, False, "light"),
    ):
        assert wall.wall.update(*change) is not None
        assert wall.wall.update(*change) is None


def test_without_a_data_set_there_are_sources_alone(regenerate):
    for images in (None, ImageSet((), [], picture)):
        made = Wall(images)
        made.wall.browse(1, -1, "ant", "#3")
        lines = geometry.visual_lines(made.update())
        made.wall.close()
        golden_text.check(f"views/wall-{'none' if images is None else 'empty'}", lines, regenerate)
