"""The wall of images says what can be done with it."""

from threading import Event

import numpy as np

from vrnn.media.image_set import ImageSet
from vrnn.scene.state import InputImage
from vrnn.scene.visuals.image_wall import HINT
from vrnn.workspace.image_wall import NO_IMAGES_HINT, ImageWall, WallRoom

ROOM = WallRoom((0.0, 0.0, 0.0), 2.5, 4.0)


def texts(images, takes_images):
    wall = ImageWall(images)
    try:
        visual = wall.update(InputImage(), ROOM, takes_images)
        assert visual is not None
        return [label.text for label in visual.labels]
    finally:
        wall.close()


def read_down(labels):
    """Their words from the upper line to the lower; labels are made from below."""
    return " ".join(reversed(labels))


def test_the_hint_is_there_where_an_image_can_go_in():
    assert HINT in read_down(texts(None, True))


def test_without_a_data_set_there_is_no_wall_where_no_image_can_go_in():
    assert texts(None, False) == []


def test_a_data_set_is_shown_with_the_reason_why_nothing_goes_in():
    images = ImageSet(("a",), [0, 0], lambda i: np.zeros((4, 4, 3), np.uint8))
    shown = texts(images, False)
    assert NO_IMAGES_HINT in read_down(shown)
    assert HINT not in read_down(shown)
    only_its_own = ImageSet(("a",), [0], lambda i: np.zeros((4, 4, 3), np.uint8))
    assert texts(only_its_own, False) == []


def test_the_wall_follows_another_network():
    wall = ImageWall(None)
    assert len(wall.update(InputImage(), ROOM, False).labels) == 0
    assert len(wall.update(InputImage(), ROOM, True).labels) > 0
    assert wall.update(InputImage(), ROOM, True) is None
    wall.close()


def test_the_wall_is_complete_when_each_thumbnail_has_come():
    assert ImageWall(None).complete
    may_load = Event()

    def load(number):
        may_load.wait(30)
        return np.full((4, 4, 3), number, np.uint8)

    wall = ImageWall(ImageSet(("a",), [0] * 3, load))
    try:
        wall.update(InputImage(), ROOM)
        assert not wall.complete
        may_load.set()
        while not wall.complete:
            wall.update(InputImage(), ROOM)
    finally:
        may_load.set()
        wall.close()
