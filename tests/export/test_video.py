"""Flights, films, panoramas and pictures for two eyes."""

import shutil
import subprocess
from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetLayerPictures
from vrnn.commands.edit import Undo
from vrnn.commands.export import RecordVideo, SaveImage
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.export.video import interpolate_cameras
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera

number = st.floats(-20, 20)
cameras = st.builds(Camera, number, st.floats(0.5, 5), number, st.floats(-pi, pi), st.floats(-1, 1))


@given(st.lists(cameras, min_size=2, max_size=5), st.floats(0.2, 2))
def test_a_flight_meets_every_camera_and_never_jumps(places, seconds):
    way = list(interpolate_cameras(places, seconds, 60))
    points = np.array([[c.x, c.y, c.z] for c in way])
    for place in (places[0], places[-1]):
        assert np.linalg.norm(points - [place.x, place.y, place.z], axis=1).min() < 1e-6
    longest = max(np.linalg.norm(a.position - b.position) for a in places for b in places)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max(initial=0) < 6 * longest / (seconds * 60) + 1e-6
    turns = np.diff(np.unwrap([c.yaw for c in way]))
    assert np.abs(turns).max(initial=0) < 12 * pi / (seconds * 60)


def test_a_film_needs_somewhere_to_go():
    with pytest.raises(VrnnError, match="at least twice"):
        list(interpolate_cameras([Camera()], 1, 30))
    with pytest.raises(VrnnError, match="rate from 1 to 240"):
        list(interpolate_cameras([Camera(), Camera(x=1)], 1, 0))


@pytest.fixture(scope="module")
def studio():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        yield opened


PLACE = "-1.5,2.4,8,0,0"


def test_the_middle_of_a_panorama_is_what_lies_ahead(studio, tmp_path):
    # Which pictures dissolve into maps depends on how large pixels are, which differ here.
    studio.do(SetLayerPictures("maps"))
    studio.do(SaveImage(tmp_path / "all.png", PLACE, (1024, 512), kind="panorama"))
    around = np.asarray(Image.open(tmp_path / "all.png")).astype(int)
    assert around.shape == (512, 1024, 3)
    # No seam: neighbors across the edge of two sides differ no more than others do.
    for column in (128, 384, 640, 896):
        across = np.abs(around[150:360, column] - around[150:360, column - 1]).max(-1)
        near = around[150:360, column - 12 : column + 12]
        beside = np.abs(np.diff(near, axis=1)).max(-1).mean(0)
        assert across.mean() <= 1.2 * np.delete(beside, 11).max() + 3
    wrap = np.abs(around[:, 0] - around[:, -1]).max(-1)
    assert wrap.mean() < 6
    for column, yaw in ((512, 0), (256, 90), (768, -90)):
        place = PLACE.replace(",0,0", f",{yaw},0")
        straight = np.asarray(studio.picture(place, (256, 256), legend=False)).astype(int)
        # 45 degrees of view are 128 of the panorama's 1024 columns.
        part = around[256 - 32 : 256 + 32, column - 32 : column + 32]
        small = straight.reshape(128, 2, 128, 2, 3).mean((1, 3))[32:96, 32:96]
        # Fine lines are sampled otherwise: squares of 4×4 pixels are compared.
        part, small = (one.reshape(16, 4, 16, 4, 3).mean((1, 3)) for one in (part, small))
        error = np.abs(part - small).mean()
        assert error < 6
        if yaw == 0:  # where there is much to see: it is neither mirrored nor upside down
            wrong = min(np.abs(part - flipped).mean() for flipped in (small[:, ::-1], small[::-1]))
            assert wrong > 1.5 * error
    studio.do(Undo())


def test_two_eyes_see_near_things_apart(studio, tmp_path):
    studio.do(SaveImage(tmp_path / "two.png", "layer:input", (320, 240), kind="stereo"))
    both = np.asarray(Image.open(tmp_path / "two.png").convert("L")).astype(float)
    assert both.shape == (240, 640)
    left, right = both[:, :320], both[:, 320:]
    shifts = range(-40, 41)
    error = [np.abs(left[:, 60:-60] - np.roll(right, s, 1)[:, 60:-60]).mean() for s in shifts]
    best = list(shifts)[int(np.argmin(error))]
    assert best > 2  # what the right eye sees lies further to the left


def test_films_as_pictures_and_as_a_video(studio, tmp_path):
    film = RecordVideo(tmp_path / "film", ("overview", "layer:input"), 0.5, 8, (160, 90))
    studio.do(film)
    made = sorted((tmp_path / "film").iterdir())
    assert [p.name for p in made] == [f"{i:05}.png" for i in range(5)]
    ends = [np.asarray(Image.open(made[i])).astype(int) for i in (0, -1)]
    assert np.abs(ends[0] - ends[1]).mean() > 3
    video = RecordVideo(tmp_path / "film.mp4", film.cameras, 0.5, 8, (160, 90))
    try:
        import imageio_ffmpeg
    except ImportError:
        with pytest.raises(VrnnError, match="pip install imageio-ffmpeg"):
            studio.do(video)
        return
    studio.do(video)
    assert (tmp_path / "film.mp4").stat().st_size > 1000
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert frames == 5
    with pytest.raises(VrnnError, match="should end in"):
        studio.do(RecordVideo(tmp_path / "film.xyz", film.cameras))
    if shutil.which("ffprobe"):
        subprocess.run(["ffprobe", str(tmp_path / "film.mp4")], check=True)
