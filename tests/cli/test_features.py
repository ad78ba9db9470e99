"""Pictures of what channels look for, in the world: made, kept, picked up, put in, exported."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from torch import nn

from tests.support.worker import events_until
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetArrangement
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.export import ExportLayers
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.inputs import DropImage, GrabImage
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.compute.features.job import FeatureVisJob
from vrnn.compute.jobs import JobDone, JobFailed, JobPartialResult, JobProgress
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.features.results import display_size
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

LAYER = "stage2.0.conv1"
FAST = FeatureVisSettings(source="noise", steps=24, step_size=3.0, pad=2, roll=1)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(folder))
    return folder


@pytest.fixture
def studio(cache):
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


def seen(studio):
    return np.asarray(studio.picture(f"layer:{LAYER}", (480, 360))).astype(int)


def test_pictures_stand_in_place_of_maps_and_come_back_from_the_disk(studio, cache, monkeypatch):
    before = seen(studio)
    studio.do(ShowFeatureVisualization(LAYER, settings=FAST))
    node = studio.world.networks[0].node_ids[LAYER]
    layer = studio.world.feature_tiles[0, node]
    assert len(layer.addresses) == 32
    shown = seen(studio)
    assert np.abs(shown - before).mean() > 10
    files = list((cache / "vrnn" / "features").rglob("*.npz"))
    assert len(files) == 32
    studio.do(Undo())
    assert (0, node) not in studio.world.feature_tiles
    assert np.abs(seen(studio) - before).mean() < 1

    def not_again(*args, **kwargs):
        raise AssertionError("made again")

    monkeypatch.setattr("vrnn.compute.features.optimizer.optimize", not_again)
    studio.do(Redo())
    assert np.abs(seen(studio) - shown).mean() < 1
    for arrangement in ("conveyor", "terrace"):
        studio.do(SetArrangement(arrangement))
        assert len(studio.world.feature_tiles[0, node].addresses) == 32


def test_a_picture_that_is_put_in_excites_its_channel(studio):
    node = studio.world.networks[0].node_ids[LAYER]
    before = studio.world.networks[0].maps[node].mean.copy()
    studio.do(ShowFeatureVisualization(LAYER, settings=FAST))
    more = 0
    for channel in (0, 5, 11, 17, 23, 31):
        studio.do(GrabImage(layer=LAYER, channel=channel))
        assert f"channel {channel}" in studio.workspace.hand.image.caption
        assert studio.workspace.hand.image.pixels.shape == (32, 32, 3)
        studio.do(DropImage())
        more += studio.world.networks[0].maps[node].mean[channel] > before[channel]
    assert more >= 5


def test_channels_in_view_are_those_that_the_picture_shows(studio):
    from vrnn.render.uniforms import View
    from vrnn.scene.viewpoints import camera_by_name, near_and_fog
    from vrnn.scene.visibility import channels_in_view

    world, node = studio.world, studio.world.networks[0].node_ids[LAYER]

    def seen(camera):
        eye = camera_by_name(world, camera, 1.0, 0.8)
        near, fog = near_and_fog(world, eye)
        return channels_in_view(world, 0, node, View(eye, (400, 400), fog, near).clip_from_world)

    assert seen("overview") == tuple(range(32))
    assert seen("layer:head") == ()
    x, y, z, _, height = world.placement_frame(0).panel_rect(node).tolist()
    some = seen(f"{x:.2f},{y + height * 0.8:.2f},{z + 0.5 * height:.2f},0,0")
    assert 0 < len(some) < 20
    columns = world.placement_frame(0).placement.panel_shapes[node].grid.columns
    assert all(channel % columns < columns / 2 + 1 for channel in some)  # at the left
    assert min(some) < columns  # at the top


def test_a_kept_place_shows_its_pictures_again(studio, tmp_path):
    studio.do(ShowFeatureVisualization(LAYER, settings=FAST))
    shown = seen(studio)
    studio.do(SaveSession(tmp_path / "place.json"))
    with OffscreenApp([ModelSpec()], load_config()) as other:
        other.do(OpenSession(tmp_path / "place.json"))
        assert other.world.state.layer((0, LAYER)).features == FAST
        assert np.abs(seen(other) - shown).mean() < 2


def test_a_sheet_and_single_pictures_are_exported(studio, tmp_path):
    with pytest.raises(VrnnError, match="none of these layers shows"):
        studio.do(ExportLayers(tmp_path / "out", LAYER, 0, ("features",)))
    studio.do(ShowFeatureVisualization(LAYER, settings=FAST))
    studio.do(ExportLayers(tmp_path / "out", "stage2.*", 0, ("features",)))
    sheet = next((tmp_path / "out").glob("*-features.png"))
    assert Image.open(sheet).size[0] > 300
    pictures = sorted(sheet.with_suffix("").glob("*.png"))
    assert [p.name for p in pictures[:2]] == ["00000.png", "00001.png"]
    assert len(pictures) == 32


def test_several_copies_and_one_picture_for_a_layer(studio):
    several = FeatureVisSettings(
        source="noise", steps=4, step_size=3.0, samples_per_channel=2, diversity=0.5
    )
    studio.do(ShowFeatureVisualization("head", settings=several))
    node = studio.world.networks[0].node_ids["head"]
    assert len(studio.world.feature_tiles[0, node].addresses) == 20
    whole = FeatureVisSettings("layer", steps=4, step_size=3.0)
    studio.do(ShowFeatureVisualization("head", settings=whole))
    assert len(studio.world.feature_tiles[0, node].addresses) == 1
    drawn = studio.world.draw_list().panels
    store = studio.world.feature_tiles[0, node].store
    assert len(drawn[store, 0]) == 1
    studio.do(ShowFeatureVisualization("head"))
    assert (store, 0) not in studio.world.draw_list().panels


def test_a_layer_that_cannot_be_ascended_says_so(studio, capsys):
    message = "an input has no feature visualization; choose a layer after it"
    with pytest.raises(VrnnError, match=message):
        studio.do(ShowFeatureVisualization("input", settings=FAST))
    assert message not in capsys.readouterr().err
    assert not studio.workspace.jobs.failures
    assert studio.workspace.features.image_sets  # it was tried
    assert not studio.world.feature_tiles
    assert not studio.workspace.jobs.statuses


def test_many_pictures_are_shown_smaller():
    assert display_size(64, 224, 224) == (224, 224)
    assert display_size(2048, 224, 224) == (56, 56)
    assert display_size(10, 16, 16) == (16, 16)


class Slow(nn.Module):
    """A pass of a second, in twenty operations; the way back takes a second too."""

    def __init__(self, seconds=0.05, count=20):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.seconds, self.count = seconds, count
        self.quick = True

    def forward(self, x):
        x = self.conv(x)
        for _ in range(self.count):
            x = x * 1.01
            if not self.quick:
                time.sleep(self.seconds)
                x.register_hook(lambda gradient: time.sleep(self.seconds))
        return x


@pytest.mark.parametrize("phase", ["waiting", "opening", "forward", "backward", "between"])
def test_cancel_ends_a_job_at_once(phase, cache):
    net = Slow()
    worker = Worker()
    try:
        worker.open([ModelSpec(net, input_size=(16, 16))], "all")
        events_until(worker, lambda e: isinstance(e, ForwardComplete))
        time.sleep(0.1)
        if phase == "between":
            net.seconds, net.count = 0.0, 20
        net.quick = phase == "between"
        node = net.count
        job = FeatureVisJob(
            0, node, FeatureVisSettings(source="noise", steps=50 if not net.quick else 100_000)
        )
        if phase == "waiting":
            worker.start(FeatureVisJob(0, node, FeatureVisSettings(source="gray", steps=50)))
        number = worker.start(job)
        wait = {"waiting": 0.2, "opening": 0.0, "forward": 0.5, "backward": 1.6, "between": 0.5}
        time.sleep(wait[phase])
        started = time.perf_counter()
        worker.cancel(number)
        events = events_until(
            worker, lambda e: isinstance(e, JobDone | JobFailed) and e.id == number
        )
        if phase != "waiting":
            assert time.perf_counter() - started < 0.7
        assert events[-1].cancelled
    finally:
        assert worker.close(wait=5.0)
    assert net.conv.weight.requires_grad
    assert net.conv.weight.grad is None


def test_a_job_rests_while_others_run_and_then_goes_on(cache):
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    worker = Worker()
    try:
        worker.open([ModelSpec(net, input_size=(16, 16))], "all")
        events_until(worker, lambda e: isinstance(e, ForwardComplete))
        number = worker.start(FeatureVisJob(0, 1, FeatureVisSettings(source="noise", steps=400)))
        events_until(worker, lambda e: isinstance(e, JobProgress) and e.done > 0)
        worker.pause(number, True)
        time.sleep(0.2)
        worker.events()
        other = worker.start(FeatureVisJob(0, 1, FeatureVisSettings(source="gray", steps=2)))
        events_until(worker, lambda e: isinstance(e, JobDone) and e.id == other)
        assert not [e for e in worker.events() if getattr(e, "id", 0) == number]
        worker.pause(number, False)
        events = events_until(worker, lambda e: isinstance(e, JobDone) and e.id == number)
        found = [e for e in events if isinstance(e, JobPartialResult) and e.id == number]
        assert len(found[-1].results) == 8
    finally:
        worker.close()


def test_channels_that_are_looked_at_come_first(cache):
    net = nn.Sequential(nn.Conv2d(3, 40, 3))
    worker = Worker()
    try:
        worker.open([ModelSpec(net, input_size=(16, 16))], "all")
        events_until(worker, lambda e: isinstance(e, ForwardComplete))
        worker.start(
            FeatureVisJob(
                0, 1, FeatureVisSettings(source="noise", steps=2), priority_channels=lambda: (33, 7)
            )
        )
        events = events_until(worker, lambda e: isinstance(e, JobPartialResult))
        found = next(e for e in events if isinstance(e, JobPartialResult))
        channels = [part.feature.channel for part in found.results]
        assert {33, 7} <= set(channels[:8])
    finally:
        worker.close()


def test_a_folder_that_cannot_be_written_to_loses_no_picture(cache):
    cache.mkdir()
    (cache / "vrnn").write_text("a file where a folder should be")
    with OffscreenApp([ModelSpec()], load_config()) as studio:
        studio.do(ShowFeatureVisualization("head", settings=FAST))
        node = studio.world.networks[0].node_ids["head"]
        assert len(studio.world.feature_tiles[0, node].addresses) == 10
        studio.do(GrabImage(layer="head", channel=3))
        assert studio.workspace.hand.image.pixels.shape == (32, 32, 3)


def test_a_gpu_without_room_is_told_and_nothing_else_changes(studio, monkeypatch, capsys):
    def none(slot, sizes):
        raise VrnnError("the GPU has no 96 MB free for the feature maps")

    monkeypatch.setattr(studio._renderer.maps, "allocate", none)
    studio.do(ShowFeatureVisualization("head", settings=FAST))
    assert "no 96 MB free" in capsys.readouterr().err
    assert not studio.world.feature_tiles
    assert not studio.workspace.jobs.statuses


LITTLE_MEMORY = """
import resource, torch
from torch import nn
from vrnn.compute.features.optimizer import optimize
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec
torch.set_num_threads(1)
net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.Tanh(), nn.Conv2d(32, 8, 3))
model = LoadedModel(open_source(ModelSpec(net, input_size=(192, 192))), "all")
settings = FeatureVisSettings(source="gray", steps=2, precision="full")
list(optimize(model, 3, [0], settings))
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + {megabytes} * 2**20,) * 2)
made = 0
for at in optimize(model, 3, range(8), settings):
    if at.notice:
        print(at.notice)
    made += len(at.images)
print(made)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process as Linux does")
def test_with_little_memory_the_batch_halves_by_itself():
    def run(megabytes):
        words = [sys.executable, "-c", LITTLE_MEMORY.format(megabytes=megabytes)]
        env = os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        return subprocess.run(words, capture_output=True, text=True, env=env, timeout=120)

    done = run(110)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "continuing with 4" in done.stdout
    assert done.stdout.splitlines()[-1] == "8"
    none = run(1)
    assert none.returncode != 0
    assert "not enough memory for a single image" in none.stderr
