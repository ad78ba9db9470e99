"""The command line as data."""

from __future__ import annotations

from math import pi
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.cli import parser, subcommands
from vrnn.cli.arguments import read_options
from vrnn.cli.launcher import options_from
from vrnn.cli.main import main
from vrnn.cli.subcommands import SUBCOMMANDS, subcommand
from vrnn.config.choices import MAX_IMAGE_SIDE
from vrnn.config.options import (
    ExportOptions,
    FeatureOptions,
    GraphOptions,
    Options,
    parse_camera,
)
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


def parse(words) -> Options:
    """The options of a command line without a subcommand."""
    return options_from(parser.parse(words))


def test_nothing_said_opens_the_default_model():
    assert parse([]) == Options()
    assert parse([]).specs() == (ModelSpec("default"),)
    assert not parse([]).is_batch


def test_everything_said():
    options = parse(
        [
            *("--model", "a.py", "--model", "timm:vit_tiny", "--weights", "a.safetensors"),
            *("--image", "1.png", "--image", "2.png", "--data", "photos", "--classes", "names.txt"),
            *("--input-size", "180x250", "--device", "cuda:1", "--detail", "all"),
            *("--arrange", "conveyor", "--scale", "network", "--screenshot", "out.png"),
            *("--screenshot-dir", "shots", "--size", "640x480", "--camera", "front"),
            *("--camera", "layer:conv1", "--transparent"),
            *("--config", "my.toml", "--debug", "--timings", "--quiet"),
        ]
    )
    assert options == Options(
        models=("a.py", "timm:vit_tiny"),
        weights=(Path("a.safetensors"),),
        images=(Path("1.png"), Path("2.png")),
        data=Path("photos"),
        classes=Path("names.txt"),
        input_size=(180, 250),
        device="cuda:1",
        detail="all",
        arrange="conveyor",
        scale="network",
        screenshot=Path("out.png"),
        screenshot_dir=Path("shots"),
        size=(640, 480),
        cameras=("front", "layer:conv1"),
        transparent=True,
        config=Path("my.toml"),
        timings=True,
        quiet=True,
    )
    first, second = options.specs()
    assert (first.model, first.weights) == ("a.py", Path("a.safetensors"))
    assert (second.model, second.weights) == ("timm:vit_tiny", None)
    assert first.input_size == second.input_size == (180, 250)
    assert first.data == second.data == Path("photos")


def test_a_window_of_its_own():
    options = parse(["--window", "800x600", "--fullscreen", "--eyes", "two"])
    assert options == Options(window=(800, 600), fullscreen=True, stereo="two")


IN_VAIN = {
    "--play a.toml --screenshot a.png": "leave out --screenshot",
    "--play a.toml --size 20x20": "leave out --size",
    "--play a.toml --camera top": "leave out --camera",
    "--play a.toml --panorama": "leave out --panorama",
    "--play a.toml --seconds 2": "leave out --seconds",
    "--play a.toml --fullscreen": "--fullscreen belongs to the window",
    "--play a.toml --xr": "--xr belongs to the window",
    "--play a.toml --live 0": "--live belongs to the window",
    "--play a.toml --image a.png --image b.png": "one --image",
    "--session s.json --model a.py": "leave out --model",
    "--session s.json --weights a.pt": "leave out --weights",
    "--session s.json --data photos": "leave out --data",
    "--session s.json --detail all --screenshot a.png": "leave out --detail",
    "--session s.json --arrange conveyor": "leave out --arrange",
    "--screenshot a.png --seconds 5": "add --video",
    "--screenshot a.png --rate 5": "add --video",
    "--screenshot a.png --fullscreen": "--fullscreen belongs to the window",
    "--screenshot a.png --window 80x60": "--window belongs to the window",
    "--screenshot a.png --xr": "--xr belongs to the window",
    "--video f --camera top --camera front --panorama": "--panorama belongs to screenshots",
    "--video f --camera top --camera front --transparent": "--transparent belongs to screenshots",
    "--video f --camera top --camera front --image a.png --image b.png": "give --image once",
    "--video f --camera top": "at least twice",
    "--seconds 5": "add --video",
    "--panorama": "add --screenshot",
    "--size 20x20": "add --screenshot",
}


@pytest.mark.parametrize("words", IN_VAIN)
def test_an_option_that_would_be_ignored_is_refused(words):
    with pytest.raises(VrnnError) as caught:
        options_from(parser.parse(words.split()))
    assert IN_VAIN[words] in str(caught.value)


@pytest.mark.parametrize(
    "words", ["--seconds inf", "--seconds nan", "--seconds 1e6", "--seconds -1", "--rate 0",
              "--rate 1e9", "--size 0x10", "--size 10x99999"],
)  # fmt: skip
def test_numbers_out_of_range(words):
    with pytest.raises(VrnnError, match="should"):
        options_from(
            parser.parse([*"--video f --camera top --camera front".split(), *words.split()])
        )


@pytest.mark.parametrize("source", ["0", "holiday.mp4", "frames/"])
def test_live_frames(source):
    options = parse(["--live", source, "--data", "photos"])
    assert options == Options(live=source, data=Path("photos"))
    assert parse([]).live is None


def test_weights_of_the_second_model_only():
    options = parse(["--model", "a", "--model", "b", "--weights", "none", "--weights", "b.pt"])
    assert [spec.weights for spec in options.specs()] == [None, Path("b.pt")]


def test_one_number_is_a_square_input():
    assert parse(["--input-size", "224"]).input_size == (224, 224)


@pytest.mark.parametrize("joined", [True, False])
def test_a_camera_may_begin_with_a_minus(joined):
    words = ["--camera=-1,2,3,0,0"] if joined else ["--camera", "-1,2,3,0,0"]
    options = parse([*words, "--screenshot", "a.png"])
    assert options.cameras == ("-1,2,3,0,0",)


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(st.tuples(*[numbers] * 5))
def test_five_numbers_are_a_camera(place):
    text = ",".join(map(str, place))
    (camera,) = parse(["--camera", text, "--screenshot", "a.png"]).cameras
    x, y, z, yaw, pitch = place
    assert parse_camera(camera) == pytest.approx((x, y, z, yaw * pi / 180, pitch * pi / 180))


@pytest.mark.parametrize(
    "camera", ["overview", "layer:1,2,3", "1,2,3,4", "1,2,3,4,nan", "1,,2,3,4"]
)
def test_what_is_no_place(camera):
    assert parse_camera(camera) is None


def names(*words: str) -> list[str]:
    return [picture.path.as_posix() for picture in parse(words).shots()]


def test_one_picture_has_the_very_name_that_was_given():
    assert names("--screenshot", "a/out.png") == ["a/out.png"]
    assert names("--screenshot", "out.PNG", "--camera", "top", "--image", "cat.jpg") == ["out.PNG"]


def test_several_pictures_are_told_apart_by_what_differs():
    two_cameras = ("--screenshot", "a/out.png", "--camera", "overview", "--camera", "layer:conv1")
    assert names(*two_cameras) == ["a/out-overview.png", "a/out-layer-conv1.png"]
    two_images = ("--screenshot", "out.png", "--image", "cat.jpg", "--image", "x/dog.png")
    assert names(*two_images) == ["out-cat.png", "out-dog.png"]
    four = (*two_images, "--camera", "front", "--camera", "1,2,3,4,5")
    expected = [
        "out-cat-front.png",
        "out-cat-place2.png",
        "out-dog-front.png",
        "out-dog-place2.png",
    ]
    assert names(*four) == expected


def test_a_folder_of_pictures():
    assert names("--screenshot-dir", "shots") == ["shots/overview.png"]
    with_image = names("--screenshot-dir", "shots", "--image", "cat.jpg", "--camera", "top")
    assert with_image == ["shots/cat-top.png"]


words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1)


@given(st.lists(words, min_size=1, max_size=6), st.lists(st.sampled_from("abc"), max_size=3))
def test_pictures_have_names_of_their_own_inside_the_folder(layers, images):
    options = Options(
        screenshot_dir=Path("shots"),
        cameras=tuple(f"layer:{layer}" for layer in layers),
        images=tuple(Path(f"{image}.png") for image in images),
    )
    paths = [picture.path for picture in options.shots()]
    assert len(set(paths)) == len(paths) == len(layers) * max(1, len(images))
    assert all(path.parent == Path("shots") and path.suffix == ".png" for path in paths)


def test_former_names_of_options_are_understood():
    assert parse(["--place", "a.json"]) == parse(["--session", "a.json"])
    cameras = ["--camera", "top", "--camera", "front"]
    assert parse(["--film", "a.mp4", *cameras]) == parse(["--video", "a.mp4", *cameras])


def test_subcommands():
    arguments = parser.parse(
        ["graph", "--model", "a.py", "--detail", "modules", "--json", "g.json"]
    )
    options = read_options(GraphOptions, arguments)
    assert options == GraphOptions(models=("a.py",), detail="modules", json=Path("g.json"))
    assert arguments.run is SUBCOMMANDS["graph"].run
    assert parser.parse(["doctor"]).run is SUBCOMMANDS["doctor"].run
    arguments = parser.parse(["export", "--out", "made", "--what", "sheet, values"])
    options = read_options(ExportOptions, arguments)
    assert options == ExportOptions(out=Path("made"), formats=("sheet", "values"))
    words = ["features", "--layers", "a.*", "--out", "made", "--set", "steps=3", "--set", "l1=1"]
    options = read_options(FeatureOptions, parser.parse(words))
    assert options == FeatureOptions(layers="a.*", out=Path("made"), settings=("steps=3", "l1=1"))


def test_a_subcommand_comes_first():
    with pytest.raises(VrnnError, match=r"write the command first: vrnn graph \[options\]"):
        parser.parse(["--model", "a.py", "graph"])


def test_a_subcommand_can_be_added(monkeypatch, capsys):
    monkeypatch.setattr("vrnn.cli.subcommands.SUBCOMMANDS", dict(SUBCOMMANDS))
    monkeypatch.setattr("vrnn.cli.parser.SUBCOMMANDS", vars(subcommands)["SUBCOMMANDS"])

    @subcommand("twice", help="print a number twice", add_arguments=lambda p: p.add_argument("n"))
    def run(arguments):
        print(arguments.n, arguments.n)
        return 5

    assert main(["twice", "3"]) == 5
    assert capsys.readouterr().out == "3 3\n"
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "print a number twice" in capsys.readouterr().out
    with pytest.raises(VrnnError, match="there is a subcommand 'graph' already"):
        subcommand("graph", help="draw")(run)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--size", "big", "--screenshot", "a.png"], "1920x1080"),
        (["--size", "0x5", "--screenshot", "a.png"], "between 1x1"),
        (["--size", f"{MAX_IMAGE_SIDE + 1}x5", "--screenshot", "a.png"], str(MAX_IMAGE_SIDE)),
        (["--input-size", "0"], "180x250"),
        (["--input-size", "-5"], "--input-size"),
        (["--camera", "behind", "--screenshot", "a.png"], "overview, front, top"),
        (["--camera", "layer:", "--screenshot", "a.png"], "layer:NAME"),
        (["--screenshot", "out.jpg"], ".png"),
        (["--camera", "top"], "add --screenshot"),
        (["--size", "5x5"], "add --screenshot"),
        (["--transparent"], "add --screenshot"),
        (["--live"], "--live"),
        (["--live", " "], "camera's number"),
        (["--live", "0", "--screenshot", "a.png"], "--live belongs to the window"),
        (["--live", "0", "--screenshot-dir", "a"], "--live belongs to the window"),
        (["graph", "--live", "0"], "vrnn graph --help"),
        (["--detail", "some"], "layers"),
        (["--weights", "a", "--weights", "b"], "at most one for each --model"),
        (
            ["script.py"],
            "'script.py' is not understood here; a model is given with --model script.py",
        ),
        (["--quiet", "it's.py"], "a model is given with --model it's.py"),
        (["graph", "script.py"], "a model is given with --model script.py (vrnn graph --help"),
        (["--modle", "script.py"], "--modle"),
        (["--screensho", "a.png"], "--screensho"),
        (["--model"], "--model"),
        (["graph", "--screenshot", "a.png"], "vrnn graph --help"),
        (["doctor", "--model", "a"], "vrnn doctor --help"),
    ],
)
def test_wrong_words_are_answered_by_one_sentence(words, says):
    with pytest.raises(VrnnError) as caught:
        options_from(parser.parse(words))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def answer(words: list[str]) -> str:
    try:
        parser.parse(words)
    except VrnnError as error:
        return str(error)
    except SystemExit as end:
        return "" if end.code else "help or version, printed"
    return "understood"


@given(st.lists(st.text(max_size=12) | st.sampled_from(["--camera", "--size", "-1"]), max_size=6))
def test_any_words_are_understood_or_refused_in_words(words):
    assert answer(words)


def test_random_weights_are_of_models_of_libraries():
    words = ["--model", "torchvision:resnet18@DEFAULT", "--model", "a.py", "--weights", "random"]
    first, second = parse(words).specs()
    assert (first.model, first.weights) == ("torchvision:resnet18@random", None)
    assert (second.model, second.weights) == ("a.py", None)
    with pytest.raises(VrnnError, match=r"--weights random is for models of .*'a\.py' opens with"):
        parse(["--model", "a.py", "--weights", "random"]).specs()
