"""Cards, held images, volumes and top activations: what they show of a world, as golden text."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.scene.test_geometry import SCORES, changed, image, ramp, world_of
from tests.support import geometry, golden_text
from tests.support.map_blocks import feature_maps
from tests.support.networks import residual, video
from vrnn.commands.workspace_actions import ImageSelection
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage
from vrnn.media.synthetic import NoiseSpec
from vrnn.network.axes import AxisChoice
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import TopImages
from vrnn.scene.picking import Hit
from vrnn.scene.state import AblationState, InputImage, LayerState, State
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.style.color_mapping import ColorMapping
from vrnn.workspace.cards import CardDeck
from vrnn.workspace.held_image import HeldImage, describe_image, grab_image
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.top_activations import TopActivationsCard
from vrnn.workspace.volumes import VolumeViews

COLORS = ((0.0, 0.2, 1.0), (1.0, 0.1, 0.0), (0.0, 1.0, 0.0))
MAPPINGS = {
    "usual": ColorMapping(),
    "one sided": ColorMapping(symmetric=False, colormap="viridis"),
    "layer": ColorMapping(normalize_by="layer", gamma=0.5),
}


class Images:
    """A data set of four images, each a flat color, with a label."""

    names = ("cat", "dog")
    captions = ()

    def __len__(self):
        return 4

    def image(self, number):
        return np.full((20, 30, 3), 60 * number, np.uint8)

    def label(self, number):
        return (0, 1, 7, -1)[number]


def card_text(card) -> str:
    return (
        f"{geometry.pixels_text(card.pixels)} {card.lines} smooth {card.smooth} "
        f"pixel {card.marked_pixel} side {card.side}"
    )


def held_images():
    yield "nothing", None
    yield "image", HeldImage(image(), "a photograph")
    yield "small image", HeldImage(image(48, 48), "a digit")
    yield "map", HeldImage(image(8, 8), "conv1 · channel 3", None, (0, 2, 3))


HITS = {
    "nothing": None,
    "map": Hit("layer", 1.0, 0, 2, 3, 5, 9),
    "gap": Hit("layer", 1.0, 0, 2, -1, 0, 0),
    "another layer": Hit("layer", 1.0, 0, 3, 1, 2, 4),
    "button": Hit("button", 1.0, 0, 2),
}


def features_of(kind):
    """Feature visualizations of channel 1 alone."""
    pixels = image(16, 16)
    curve = np.linspace(0, 2.5, 5, dtype=np.float32)
    shown = FeatureImage(2, 1, 0, pixels, pixels, 2.5, curve)
    return SimpleNamespace(
        feature=lambda slot, node, channel: shown if kind and channel == 1 else None
    )


@pytest.mark.parametrize("takes_images", [True, False])
def test_cards_before_the_eye(takes_images, regenerate):
    world = world_of(residual(1, 1), [SCORES])
    network = world.networks[0]
    network.info = replace(network.info, takes_images=takes_images)
    maps = feature_maps(ramp(64, 32, 32, low=-2.0, high=3.0))
    values = ramp(64, 32, 32)
    values[3, 5, 9] = np.nan
    world.add_maps(0, {2: feature_maps(values), 3: maps})
    deck = CardDeck(world, features_of(True), COLORS)
    lines = []
    for name, hit in HITS.items():
        world.hover(hit)
        for magnify in ("", "sharp", "smooth"):
            for title, held in held_images():
                for hint in ("a hint", ""):
                    cards = deck.cards(held, magnify, hint)
                    told = "; ".join(map(card_text, cards)) or "none"
                    lines.append(f"{name} {magnify} {title} '{hint}': {told}")
    golden_text.check(f"views/cards-{takes_images}", lines, regenerate)


def test_a_magnified_map_is_the_same_picture_until_something_changes():
    world = world_of(residual(1, 1), [SCORES])
    deck = CardDeck(world, features_of(False), COLORS)
    world.hover(HITS["map"])
    (first,) = deck.cards(None, "sharp")
    (second,) = deck.cards(None, "sharp")
    assert first.pixels is second.pixels
    world.set_state(State(color_mapping=MAPPINGS["one sided"]), move=False)
    (third,) = deck.cards(None, "sharp")
    assert third.pixels is not first.pixels
    assert not np.array_equal(third.pixels, first.pixels)
    world.hover(HITS["another layer"])
    (fourth,) = deck.cards(None, "sharp")
    assert fourth.pixels is not third.pixels
    world.networks[0].maps.clear()
    assert deck.cards(None, "sharp") == []


def selections():
    yield from (ImageSelection(number=number) for number in (-1, 0, 1, 2, 3, 4))
    for source in ("input", "gray", "mean", "noise", "uniform", "gaussian", "pink", "nothing"):
        yield ImageSelection(source=source)
    for layer, channel in (("layer1.0.conv1", 2), ("layer1.0.conv1", 64), ("layer1.0.conv1", -1)):
        yield ImageSelection(layer=layer, channel=channel)
    yield ImageSelection(layer="no layer", channel=0)
    yield ImageSelection(layer="layer1.0.conv1", channel=1, network=3)


@pytest.mark.parametrize("name", MAPPINGS)
def test_what_is_taken_into_the_hand(name, regenerate):
    lines = []
    for at in (InputImage(), InputImage(noise=NoiseSpec("pink", seed=4)), InputImage(number=2)):
        world = world_of(
            residual(1, 1), [SCORES], State(input_image=at, color_mapping=MAPPINGS[name])
        )
        for images in (Images(), None):
            for selection in selections():
                try:
                    held = grab_image(selection, world, images, (24, 36), COLORS)
                except VrnnError as error:
                    lines.append(f"{selection}: refused: {error}")
                    continue
                lines.append(
                    f"{selection}: {geometry.pixels_text(held.pixels)} '{held.caption}' "
                    f"{held.command} {held.layer}"
                )
    golden_text.check(f"views/held-{name.replace(' ', '-')}", lines, regenerate)


def test_images_are_named_by_their_caption_or_their_label():
    images = Images()
    assert [describe_image(images, n) for n in range(4)] == ["cat", "dog", "class 7", ""]
    images.captions = ("one", "two", "three", "four")
    assert [describe_image(images, n) for n in range(4)] == ["one", "two", "three", "four"]


class Jobs:
    """Notes the jobs that are asked for; they are done when the test says so."""

    def __init__(self):
        self.started = []
        self.running = False

    def is_running(self, job):
        return self.running

    def start(self, job, on_done, *more, **named):
        self.started.append((job, on_done))


@pytest.mark.parametrize("name", MAPPINGS)
def test_three_planes_of_a_volume(name, regenerate):
    world = world_of(video(), [], State(color_mapping=MAPPINGS[name]))
    jobs = Jobs()
    views = VolumeViews(world, jobs, COLORS)
    assert views.planes(0, 1, 2, (0, 0, 0)) is None
    assert views.planes(0, 1, 2, (1, 0, 0)) is None
    ((job, on_done),) = jobs.started
    volume = ramp(4, 5, 6, low=-1.0, high=2.0)
    volume[1, 2, 3] = np.inf
    on_done(volume)
    lines = [str(job)]
    for at in ((0, 0, 0), (1, 2, 3), (9, 9, 9), (-1, -2, -3)):
        planes = views.planes(0, 1, 2, at)
        assert views.planes(0, 1, 2, at) is planes
        told = " ".join(map(geometry.pixels_text, planes.images))
        lines.append(f"{at}: {planes.shape} {planes.position} {told}")
    assert views.planes(0, 1, 1, (0, 0, 0)) is None
    golden_text.check(f"views/volume-{name.replace(' ', '-')}", lines, regenerate)


def test_a_volume_is_read_anew_where_something_has_changed():
    world, jobs = world_of(video()), Jobs()
    views = VolumeViews(world, jobs, COLORS)

    def asked():
        before = len(jobs.started)
        views.planes(0, 1, 2, (0, 0, 0))
        return len(jobs.started) - before

    assert asked() == 1
    assert asked() == 0
    name = world.networks[0].network.by_id[1].name
    world.set_state(State(ablations=(AblationState(0, name, (1,)),)), move=False)
    assert asked() == 1
    assert jobs.started[-1][0].ablations[0].channels == (1,)
    world.set_state(State(ablations=(AblationState(1, name, (1,)),)), move=False)
    assert asked() == 1
    assert jobs.started[-1][0].ablations == ()
    choices = (AxisChoice("depth", 2), AxisChoice("time", 3))
    world.set_state(State(choices={0: choices}), move=False)
    assert asked() == 1
    assert jobs.started[-1][0].choices == (AxisChoice("time", 3),)
    jobs.running = True
    world.set_state(State(), move=False)
    assert asked() == 0
    jobs.running = False
    assert asked() == 1
    world.networks[0].result = None
    world.set_state(State(ablations=(AblationState(0, name, (2,)),)), move=False)
    assert asked() == 0


def test_planes_of_nothing_finite_are_of_one_color():
    world, jobs = world_of(video()), Jobs()
    views = VolumeViews(world, jobs, COLORS)
    views.planes(0, 1, 2, (0, 0, 0))
    jobs.started[0][1](np.full((2, 3, 4), np.nan, np.float32))
    planes = views.planes(0, 1, 2, (0, 0, 0))
    assert len({tuple(pixel) for pixel in planes.images[0].reshape(-1, 3).tolist()}) == 1


# Top activations.

FOUND = TopImages(
    2, "max", np.array([[0, 3], [2, 1]], np.int32), np.array([[5.0, 0.25], [123.456, 2.0]]),
    np.array([[[0, 0], [3, 9]], [[8, 4], [31, 31]]], np.int32), 4, {},
)  # fmt: skip
FIELD = ReceptiveField((2.0, 1.0), (-1.0, -2.0), (6.0, 9.0), (0.0, 0.0), (39.0, 59.0), False)


class Shown:
    """A world with a card of top activations."""

    def __init__(self, with_field=True, with_result=True, **more):
        self.world, self.jobs = world_of(residual(1, 1), [SCORES], **more), Jobs()
        self.notes, self.revealed = [], []
        network = self.world.networks[0]
        network.receptive_fields = {2: FIELD} if with_field else {}
        if not with_result:
            network.result = None
        self.card = TopActivationsCard(self.parts({0: Images()}))

    def parts(self, datasets):
        feed = SimpleNamespace(datasets=datasets)
        return ManagerParts(
            self.world, self.jobs, feed, self.notes.append, self.revealed.append, print
        )

    def show(self, channel, layer="layer1.0.conv1", found=FOUND):
        self.card.show(layer, channel, 0)
        for _, on_done in self.jobs.started:
            on_done(found)
        self.jobs.started.clear()

    @property
    def lines(self):
        visual = self.world.visuals.get("top images")
        return ["no card"] if visual is None else geometry.visual_lines(visual)


@pytest.mark.parametrize("with_field", [True, False])
@pytest.mark.parametrize("with_result", [True, False])
def test_top_activations_stand_above_their_layer(with_field, with_result, regenerate):
    shown = Shown(with_field, with_result)
    lines = []
    for channel in (0, 1, 7):
        shown.show(channel)
        lines += [f"channel {channel} {shown.card.shown}", *shown.lines]
    lines += [f"{r.slot} {r.node} {golden_text.numbers(r.points)}" for r in shown.revealed]
    golden_text.check(f"views/top-{with_field}-{with_result}", lines, regenerate)


def test_a_search_is_started_once_and_remembered():
    shown = Shown()
    shown.card.show("layer1.0.conv1", 0, 0)
    ((job, on_done),) = shown.jobs.started
    assert (job.slot, job.node) == (0, 2)
    shown.jobs.running = True
    shown.card.show("layer1.0.conv1", 1, 0)
    assert len(shown.jobs.started) == 1
    assert shown.lines == ["no card"]
    on_done(replace(FOUND, skipped={3: "it is empty", 5: "it is no image"}))
    assert shown.notes == ["2 images of the data set could not be read"]
    assert "excite channel 1 most" in str(shown.lines)
    assert len(shown.revealed) == 1
    shown.card.show("layer1.0.conv1", 0, 0)
    assert "excite channel 0 most" in str(shown.lines)
    assert len(shown.jobs.started) == 1
    shown.card.show("", 0, 0)
    assert shown.card.shown is None
    assert shown.lines == ["no card"]
    shown.card.on_network_loaded()
    shown.jobs.running = False
    shown.card.show("layer1.0.conv1", 0, 0)
    assert len(shown.jobs.started) == 2


def test_results_that_come_late_are_not_shown():
    shown = Shown()
    shown.card.show("layer1.0.conv1", 0, 0)
    shown.card.show("", 0, 0)
    shown.jobs.started[0][1](FOUND)
    assert shown.lines == ["no card"]
    assert not shown.notes
    assert not shown.revealed


def test_without_a_data_set_a_sentence_says_how_to_start():
    shown = Shown()
    card = TopActivationsCard(shown.parts({}))
    with pytest.raises(VrnnError, match="start with --data FOLDER"):
        card.show("layer1.0.conv1", 0, 0)
    with pytest.raises(VrnnError):
        card.show("no such layer", 0, 0)


def test_the_card_goes_where_its_layer_goes(regenerate):
    shown = Shown()
    shown.show(0)
    lines = []
    states = {
        "as it was": State(), "moved": changed(conv1=LayerState(offset=(1.0, 0.5, -2.0))),
        "folded away": State(folds=frozenset({(0, "layer1")})), "back": State("conveyor"),
    }  # fmt: skip
    for name, state in states.items():
        shown.world.set_state(state, move=False)
        shown.card.update()
        lines += [name, *shown.lines[:2]]
    world = shown.world
    node = world.networks[0].network.by_id[2]
    for number, beside in enumerate(("layer1.0.conv1", "layer1.0.conv2", "conv1"), 1):
        pins = {
            k: PinnedLayer(k, 0, beside, node, 100 + k, f"copy {k}", world.networks[0].maps[2])
            for k in range(1, number + 1)
        }
        world.set_pinned_layers(pins)
        shown.card.update()
        lines += [f"{number} copies beside {beside}", *shown.lines[:2]]
    golden_text.check("views/top-moves", lines, regenerate)


def test_the_card_is_drawn_anew_only_when_it_has_moved():
    shown = Shown()
    shown.show(0)
    drawn = shown.world.visuals["top images"]
    shown.card.update()
    assert shown.world.visuals["top images"] is drawn
