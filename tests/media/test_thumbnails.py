import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet, image_folder
from vrnn.media.pager import ImagePager
from vrnn.media.thumbnails import BACKGROUND, ThumbnailLoader, thumbnail


def eventually(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def plain(index):
    return np.full((8, 8, 3), index, np.uint8)


def taken(thumbnails, count):
    """Thumbnails until there are so many, in the order they came."""
    found = {}

    def enough():
        found.update(thumbnails.take())
        return len(found) >= count

    eventually(enough)
    return found


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 40))
def test_the_whole_image_is_in_the_middle(height, width, side):
    square = thumbnail(np.full((height, width, 3), 200, np.uint8), side)
    assert square.shape == (side, side, 3)
    assert square.dtype == np.uint8
    inside = (square == 200).all(-1)
    assert ((square == BACKGROUND).all(-1) | inside).all()
    rows, columns = inside.any(1).sum(), inside.any(0).sum()
    assert max(rows, columns) == side
    assert inside.sum() == rows * columns
    assert rows == pytest.approx(side * min(1, height / width), abs=1)
    assert columns == pytest.approx(side * min(1, width / height), abs=1)


def test_small_images_keep_their_pixels():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert np.array_equal(thumbnail(pixels, 8), pixels.repeat(4, 0).repeat(4, 1))


def test_files_become_thumbnails_once(tmp_path):
    for index in range(5):
        Image.new("RGB", (300, 200), (index * 50, 0, 0)).save(tmp_path / f"{index}.jpg")
    (tmp_path / "9.png").write_bytes(b"no image")
    with ThumbnailLoader(image_folder(tmp_path), side=32) as thumbnails:
        thumbnails.request(range(6))
        found = taken(thumbnails, 5)
        eventually(lambda: thumbnails.failed)
        assert sorted(found) == [0, 1, 2, 3, 4]
        for index, square in found.items():
            assert square.shape == (32, 32, 3)
            assert square[16, 16, 0] == pytest.approx(index * 50, abs=3)
            assert (square[0] == BACKGROUND).all()
        assert "9.png" in thumbnails.failed[5]
        thumbnails.request(range(6))
        assert thumbnails.waiting == 0
        assert thumbnails.take() == {}


def test_what_is_kept_comes_again_when_it_is_asked_for_again():
    reads = []

    def read(index):
        reads.append(index)
        return plain(index)

    with ThumbnailLoader(ImageSet((), [-1] * 9, read), side=8) as thumbnails:
        thumbnails.request([1, 2])
        first = taken(thumbnails, 2)
        thumbnails.request([3])
        taken(thumbnails, 1)
        thumbnails.request([2, 3])
        assert list(thumbnails.take()) == [2]  # 3 has been given in the request before
        assert sorted(reads) == [1, 2, 3]
        assert first[2][0, 0, 0] == 2


def test_those_used_longest_ago_are_forgotten():
    reads = []

    def read(index):
        reads.append(index)
        return plain(index)

    with ThumbnailLoader(ImageSet((), [-1] * 9, read), side=8, capacity=2) as thumbnails:
        for index in (0, 1, 0, 2, 0, 1):
            thumbnails.request([index])
            taken(thumbnails, 1)
    assert reads == [0, 1, 2, 1]


def test_the_newest_request_comes_first_and_the_rest_is_dropped():
    gate, reads = threading.Event(), []

    def read(index):
        reads.append(index)
        gate.wait(10)
        return plain(index)

    with ThumbnailLoader(ImageSet((), [-1] * 100, read), side=8) as thumbnails:
        thumbnails.request(range(50))
        eventually(lambda: len(reads) == 2)
        thumbnails.request([80, 1, 70])
        assert thumbnails.waiting == 3
        gate.set()
        found = taken(thumbnails, 3)
        eventually(lambda: len(reads) == 4)
    assert sorted(found) == [1, 70, 80]  # 0 has been made, but nobody asks for it
    assert sorted(reads[:2]) == [0, 1]
    assert sorted(reads[2:]) == [70, 80]


def test_what_fails_is_not_tried_again():
    reads = []

    def read(index):
        reads.append(index)
        raise SystemExit("no more")  # a thread must outlive that too

    with ThumbnailLoader(ImageSet((), [-1] * 6, read)) as thumbnails:
        for numbers in (range(4), range(6), [99], range(6)):
            thumbnails.request(numbers)
            eventually(lambda: thumbnails.waiting == 0)
        assert thumbnails.take() == {}
        assert sorted(thumbnails.failed) == [0, 1, 2, 3, 4, 5, 99]
        assert "SystemExit: no more" in thumbnails.failed[3]
        assert "the data set has 6" in thumbnails.failed[99]
    assert sorted(reads) == list(range(6))


def test_closing_does_not_wait_for_ever():
    gate = threading.Event()
    started, has_read = threading.Event(), threading.Event()

    def read(index):
        started.set()
        gate.wait(20)
        has_read.set()
        return plain(index)

    thumbnails = ThumbnailLoader(ImageSet((), [-1] * 6, read))
    thumbnails.request(range(6))
    started.wait(10)
    thumbnails.close(wait=0.1)
    assert not has_read.is_set()
    gate.set()


def test_closed_threads_end():
    thumbnails = ThumbnailLoader(ImageSet((), [-1] * 6, plain))
    thumbnails.request(range(6))
    thumbnails.close(wait=10)
    eventually(lambda: not any(t.name.startswith("vrnn-thumbnails") for t in threading.enumerate()))


# The wall.

NAMES = ("cat", "Dog", "wild cat", "10")


def wall(count=1000, label=lambda index: index % 5 - 1, names=NAMES, **more):
    return ImagePager(count, label, names, **more)


def searched(wall):
    while wall.is_searching:
        wall.search()
    return wall.indices


@given(st.integers(0, 200), st.integers(1, 30), st.integers(0, 2**32))
def test_pages_hold_every_image_once(count, size, seed):
    pages = wall(count, seed=seed, page_size=size)
    seen = list(pages.indices)
    assert pages.pages == max(1, -(-count // size))
    for _ in range(1, pages.pages):
        seen += pages.next()
    assert sorted(seen) == list(range(count))
    last = pages.indices
    assert pages.next() == last
    assert pages.number == pages.pages - 1
    assert pages.page(0) == tuple(seen[:size])
    assert pages.previous() == tuple(seen[:size])
    assert pages.page(10**9) == last


def test_another_order():
    pages = wall()
    first = pages.indices
    pages.next()
    second = pages.reshuffle(1)
    assert pages.number == 0
    assert first != second
    assert pages.reshuffle(0) == first


def test_only_one_class():
    pages = wall()
    for wanted, label in (("cat", 0), ("DOG", 1), (2, 2), ("3", 3), ("10", 3), (-1, -1)):
        pages.show_class(wanted)
        seen = set(searched(pages))
        while pages.pages is None or pages.number < pages.pages - 1:
            pages.next()
            seen |= set(searched(pages))
        assert seen == {i for i in range(1000) if i % 5 - 1 == label}
    assert pages.pages == 9
    shuffled = pages.indices
    pages.reshuffle(5)
    assert {i % 5 for i in searched(pages)} == {0}
    assert pages.indices != shuffled
    assert {i % 5 for i in pages.show_all()} == {0, 1, 2, 3, 4}


def test_classes_without_names():
    pages = wall(100, lambda index: index % 30, ())
    pages.show_class("7")
    assert sorted(searched(pages)) == [7, 37, 67, 97]
    pages.find("class 29")
    assert sorted(searched(pages)) == [29, 59, 89]


@pytest.mark.parametrize("wanted", ["bird", "4", 4, -2, "-1", ""])
def test_no_such_class(wanted):
    pages = wall()
    pages.show_class("cat")
    with pytest.raises(VrnnError, match="there is no class"):
        pages.show_class(wanted)
    assert {i % 5 for i in searched(pages)} == {1}  # as before


def test_searching_for_a_text():
    pages = wall()
    pages.find(" CAT ")
    assert {i % 5 for i in searched(pages)} == {1, 3}
    looked_up = []
    pages = wall(1000, lambda index: looked_up.append(index) or 0)
    assert pages.find("bird") == ()
    assert (pages.pages, pages.is_searching, looked_up) == (1, False, [])
    assert len(pages.find("")) == 24


def test_captions_are_searched_too():
    labels, captions = [0, -1, 1, -1], ["a red cat", "a red house", "a bird", "the sea"]
    pager = ImagePager(4, labels.__getitem__, ("cat", "redstart"), captions=captions)
    assert set(pager.find("RED")) == {0, 1, 2}
    assert pager.find("sea") == (3,)
    assert pager.find("green") == ()


@given(st.integers(0, 999), st.integers(0, 1000))
def test_going_to_an_image(index, seed):
    pages = wall(seed=seed)
    pages.find("bird")
    assert index in pages.find(f"#{index}")
    assert pages.selected == index
    pages.next()
    assert pages.selected == index
    pages.find("cat")
    assert pages.selected is None


@pytest.mark.parametrize("text", ["#1000", "#", "#-1", "#x", "#²", "#99999999999"])
def test_no_such_image(text):
    with pytest.raises(VrnnError, match="the data set has 1000"):
        wall().find(text)


def test_a_page_beyond_what_is_found_so_far():
    pages = wall(100)
    pages.show_class("cat")
    pages.page(50)  # there are 20
    searched(pages)
    assert pages.number == 0
    assert len(pages.indices) == 20


def test_labels_are_looked_up_once_and_only_as_many_as_needed():
    looked_up = []

    def label(index):
        looked_up.append(index)
        return index % 5 - 1

    pages = wall(100_000, label)
    assert len(pages.indices) == 24
    assert looked_up == []
    pages.show_class("cat")
    searched(pages)
    assert len(pages.indices) == 24
    assert len(looked_up) < 500
    pages.reshuffle(0)
    searched(pages)
    pages.show_class("dog")
    searched(pages)
    assert len(set(looked_up)) == len(looked_up) < 1000


def test_a_call_looks_at_a_bounded_number_of_labels():
    looked_up = []

    def label(index):
        looked_up.append(index)
        time.sleep(0.002)
        return 0

    pages = wall(100_000, label)
    pages.show_class("dog")
    assert pages.is_searching
    assert 1 <= len(looked_up) < 10  # each takes half of a call's time
    before = len(looked_up)
    pages.search(max_labels=3, seconds=60)
    assert len(looked_up) == before + 3


def test_a_large_wall_looks_up_no_label_before_it_is_asked_for():
    looked_up = []
    pager = ImagePager(100_000, lambda index: looked_up.append(index) or 0, NAMES)
    assert len(pager.indices) == 24
    assert len(looked_up) <= 24
