"""When relevance is asked for, given up, dimmed and taken away: step by step, without a GPU."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.scene.test_relevance import relevant_maps
from tests.support import golden_text
from tests.support.worlds import small_world
from vrnn.commands.undo_stack import UndoStack
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition
from vrnn.explanations.relevance_maps import RelevanceMaps
from vrnn.explanations.results import Explanation
from vrnn.explanations.targets import Target
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.scene.network_object import folded_map_id
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE
from vrnn.scene.relevance import NetworkRelevance
from vrnn.scene.relevance_state import RelevanceState
from vrnn.scene.state import State
from vrnn.style.relevance_colors import color_relevance
from vrnn.workspace.relevance import RelevanceManager, distant_picture, explanation_settings


class Jobs:
    def __init__(self, log):
        self.log, self.started = log, {}

    def start(self, job, on_done, on_end=lambda: None, on_failed=None):
        number = len(self.started) + 1
        self.started[number] = SimpleNamespace(
            job=job, on_done=on_done, on_end=on_end, on_failed=on_failed
        )
        self.log.append(f"start {number}: {type(job).__name__} of {job.slot}")
        return number

    def cancel(self, number):
        self.log.append(f"cancel {number}")

    def finish(self, number, result):
        self.started[number].on_end()
        self.started[number].on_done(result)

    def fail(self, number, reason):
        self.started[number].on_end()
        self.started[number].on_failed(reason)


class Maps:
    def __init__(self, log):
        self.log, self.sizes, self.full = log, {}, False

    def allocate(self, store, sizes):
        if self.full:
            raise VrnnError("no room on the GPU")
        self.log.append(f"allocate {store - FIRST_RELEVANCE_STORE}: {len(sizes)}")
        self.sizes[store] = dict(sizes)

    def addresses(self, store):
        return assign_addresses(self.sizes[store])

    def upload(self, store, key, block):
        self.log.append(f"upload {store - FIRST_RELEVANCE_STORE} {key}")

    def free(self, store):
        self.log.append(f"free {store - FIRST_RELEVANCE_STORE}")


class Bench:
    """A manager, and all that it does."""

    def __init__(self):
        self.log = []
        self.world, self.network, _ = small_world()
        self.jobs, self.maps = Jobs(self.log), Maps(self.log)
        self.manager = RelevanceManager(
            self.world, SimpleNamespace(maps=self.maps), self.jobs,
            lambda text: self.log.append(f"told: {text}"),
            lambda bookmark: self.log.append(f"back to step {bookmark[1]}"),
        )  # fmt: skip
        self.found = relevant_maps(self.network)

    def see(self, **how):
        state = State(relevance=RelevanceState(**{"shown": True, **how}))
        self.world.set_state(state, move=False)
        self.manager.sync_with_state(state)
        return state

    def describe(self, what):
        shown = self.manager.shown
        seen = "nothing" if shown is None else "dimmed" if shown.is_stale else "shown"
        told = f"{what}: {seen} {'running' if self.manager.running else ''} "
        told = f"{told}{self.manager.failure}".rstrip()
        uploads = [line for line in self.log if line.startswith("upload")]
        done = [line for line in self.log if line not in uploads]
        done += [f"{len(uploads)} uploads from {uploads[0]} to {uploads[-1]}"] if uploads else []
        self.log.clear()
        return f"{told} | {'; '.join(done)}"

    def answered(self, number=1):
        self.jobs.finish(number, self.found)
        self.manager.upload()


def usual(bench):
    manager = bench.manager
    bench.see(shown=False)
    yield "nothing is asked"
    bench.see()
    yield "asked"
    bench.see(opacity=0.5)
    yield "seen otherwise"
    bench.jobs.finish(1, bench.found)
    yield "found"
    assert not manager.upload(1)
    yield "one byte a frame"
    assert manager.upload()
    yield "uploaded"
    bench.see(target="1")
    yield "another class"
    bench.answered(2)
    yield "found, of the same sizes"
    bench.see(target="1", method="saliency")
    bench.see(target="1", method="grad-cam")
    yield "two more methods"
    bench.see(shown=False)
    yield "off"


def another_image(bench):
    manager = bench.manager
    bench.see()
    bench.answered()
    yield "shown"
    manager.on_pass_requested(True)
    yield "an image goes in"
    manager.on_pass_complete()
    yield "it has passed"
    manager.on_pass_requested(False)
    yield "a frame of a stream"
    manager.on_pass_complete()
    yield "that has passed while the job runs"
    bench.answered(2)
    yield "the job has ended, and the next begins"
    bench.answered(3)
    yield "and ends"
    manager.on_network_loaded()
    yield "another network"
    bench.see()
    yield "it has no answer yet"
    manager.on_pass_complete()
    yield "now it has"


def failures(bench):
    history = UndoStack(State())
    before = history.bookmark()
    state = State(relevance=RelevanceState(shown=True))
    bench.manager.remember(before, state)
    bench.world.set_state(state, move=False)
    bench.manager.sync_with_state(state)
    bench.jobs.fail(1, "it has no gradient")
    yield "a job that fails"
    bench.see(target="giraffe")
    yield "no such class"
    bench.see(target="giraffe", opacity=0.3)
    yield "the same again"
    bench.see(target="cat")
    bench.maps.full = True
    bench.answered(2)
    yield "no room"
    bench.maps.full = False
    bench.see(target="dog")
    bench.answered(3)
    yield "another class"


def other_networks(bench):
    bench.see()
    bench.answered()
    bench.see(network=3)
    yield "a network that is not open"
    bench.see()
    bench.answered(2)
    yield "the first one again"
    bench.found = RelevanceMaps(Explanation("saliency", "cat", 1.0, {}), {}, {}, {})
    bench.see(method="saliency")
    bench.answered(3)
    yield "nothing of layers"
    bench.found = relevant_maps(bench.network, has_maps=False)
    bench.see(method="occlusion")
    bench.answered(4)
    yield "other sizes"


STORIES = {f.__name__: f for f in (usual, another_image, failures, other_networks)}


@pytest.mark.parametrize("name", STORIES)
def test_each_step_is_as_it_was_approved(name, regenerate):
    bench = Bench()
    lines = [bench.describe(what) for what in STORIES[name](bench)]
    golden_text.check(f"views/relevance-story-{name.replace('_', '-')}", lines, regenerate)


def test_pictures_from_afar_are_made_anew_only_for_another_scale():
    bench = Bench()
    bench.see()
    bench.answered()
    node = bench.network.nodes[3].id
    key = 0, node, RELEVANCE_PICTURE
    first = bench.world.layer_pictures[key]
    bench.see(opacity=0.4)
    assert bench.world.layer_pictures[key] is first
    bench.see(normalize_by="network")
    assert bench.world.layer_pictures[key] is not first


def test_addresses_are_of_sums_and_of_maps():
    bench = Bench()
    bench.see()
    bench.answered()
    keys = set(bench.manager.shown.addresses)
    assert keys == {*bench.found.maps, *map(folded_map_id, bench.found.pictures)}


def test_a_state_becomes_settings():
    state = RelevanceState(
        True, 2, "saliency", "dog vs cat", (Condition("conv", (1, 2)),), opacity=0.1
    )
    settings = explanation_settings(state, ("cat", "dog"))
    assert settings.method == "saliency"
    assert settings.target == Target(channel=1, against=0)
    assert settings.conditions == state.conditions


def test_a_layer_is_seen_from_afar_in_the_colors_of_its_sum():
    bench = Bench()
    found = bench.found
    shown = NetworkRelevance(0, found)
    for scale in ("layer", "network"):
        state = RelevanceState(normalize_by=scale)
        for node in bench.network.by_id:
            picture = distant_picture(shown, node, state)
            peak = found.scale(node, scale == "network").picture
            expected = color_relevance(found.pictures[node].values[0].astype(np.float32), peak)
            np.testing.assert_array_equal(picture.values, expected)
    less = relevant_maps(bench.network, without=(3,))
    assert distant_picture(NetworkRelevance(0, less), 3, RelevanceState()) is None
