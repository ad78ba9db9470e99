"""A recorded training in a world: what changed since another step, edits, sessions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.edit import Undo
from vrnn.commands.inputs import NextImage, SetInputImage
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.training import GoToStep
from vrnn.commands.training_difference import ShowStepDifference
from vrnn.commands.training_values import ShowLayerValues
from vrnn.compute.analysis.jobs import WeightHistogramsJob
from vrnn.compute.training.example_scores_job import ExampleScoresJob
from vrnn.compute.training.watch import watch_model
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.model_spec import ModelSpec
from vrnn.network.picture_kinds import GRADIENTS_PICTURE, WEIGHTS_PICTURE
from vrnn.network.weight_sheets import weight_sheet
from vrnn.recordings.gradient_files import read_gradients
from vrnn.recordings.manifest import EXAMPLE, Manifest
from vrnn.recordings.step_files import gradient_file
from vrnn.recordings.step_ridges import ridges_of
from vrnn.recordings.step_series import open_series
from vrnn.scene.difference_readout import DifferenceLegend, difference_legend
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.training_state import TrainingState

NET = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 36, 3)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))

example_input = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model script, and a recording of its training."""
    place = tmp_path_factory.mktemp("training")
    (place / "net.py").write_text(NET)
    scope: dict[str, type[nn.Module]] = {}
    exec(NET, scope)
    torch.manual_seed(0)
    net = scope["Net"]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    example = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
    for _ in range(4):  # each goes on where the one before has ended, so that no step is left out
        with watch_model(net, example, every=1, folder=place / "run", window=False):
            optimizer.zero_grad()
            net(torch.rand(4, 1, 8, 8)).square().mean().backward()
            optimizer.step()
    return place


@pytest.fixture
def app(folder: Path) -> Iterator[OffscreenApp]:
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as made:
        made.open_training(folder / "run", 3)
        yield made


def weight(folder: Path, step: int) -> torch.Tensor:
    """The kernels of a step, (4, 1, 3, 3)."""
    found = None
    for file in open_series(folder / "run").files_for(step):
        found = load_file(file).get("conv.weight", found)
    assert found is not None
    return found


def maps_of(folder: Path, step: int) -> np.ndarray:
    """What the convolution gives at a step, (4, 6, 6), found by torch alone."""
    files = open_series(folder / "run").files_for(step)
    state: dict[str, torch.Tensor] = {}
    for file in files:
        state |= load_file(file)
    image = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
    found = nn.functional.conv2d(image, state["conv.weight"], state["conv.bias"])
    return found[0].numpy()


def difference(app: OffscreenApp) -> np.ndarray:
    node = app.world.networks[0].node_ids["conv"]
    return app.world.layer_pictures[0, node, "step difference"].values


def test_maps_are_shown_less_those_of_the_first_or_previous_step(app, folder) -> None:
    app.do(ShowStepDifference())
    now, first = maps_of(folder, 3), maps_of(folder, 0)
    np.testing.assert_allclose(difference(app), now - first, atol=2e-3)
    assert np.abs(now - first).max() > 0.02  # else nothing would be seen
    legend = difference_legend(app.world)
    assert legend is not None
    assert legend.title == "maps less those at the first step of the training"
    app.do(ShowStepDifference())
    np.testing.assert_allclose(difference(app), now - maps_of(folder, 2), atol=2e-3)
    app.do(GoToStep(2))
    expected = maps_of(folder, 2) - maps_of(folder, 1)
    np.testing.assert_allclose(difference(app), expected, atol=2e-3)
    node = app.world.networks[0].node_ids["conv"]
    caption = app.world.layer_pictures[0, node, "step difference"].caption
    assert caption.startswith("maps less those of step 1: orange more, blue less")
    app.do(Undo())
    np.testing.assert_allclose(difference(app), now - maps_of(folder, 2), atol=2e-3)
    app.do(ShowStepDifference())
    assert not app.world.layer_pictures
    assert app.world.state.training == TrainingState(3)


def kernels_picture(app: OffscreenApp, kind: str, layer: str = "conv") -> LayerPicture:
    return app.world.layer_pictures[0, app.world.networks[0].node_ids[layer], kind]


def test_layers_show_the_kernels_of_the_step(app, folder) -> None:
    rects = app.world.placement_frame(0).panel_rects.copy()
    app.do(ShowLayerValues("weights"))
    np.testing.assert_allclose(app.world.placement_frame(0).panel_rects, rects)
    picture = kernels_picture(app, WEIGHTS_PICTURE)
    kernels = weight(folder, 3).numpy()
    largest = float(np.abs(kernels).max())
    assert picture.caption == f"kernels at step 3, up to ±{largest:.3g}"
    columns = panel_size((4, 6, 6)).columns
    np.testing.assert_array_equal(
        picture.values, weight_sheet(kernels, columns, largest, are_weights=True)
    )
    assert difference_legend(app.world) == DifferenceLegend(
        "kernels, each filter where its map stands", ends=("negative", "0", "positive"),
        are_weights=True,
    )  # fmt: skip
    app.do(ShowLayerValues("weights", "first"))
    change = kernels - weight(folder, 0).numpy()
    picture = kernels_picture(app, WEIGHTS_PICTURE)
    assert f"less those of step 0, up to ±{np.abs(change).max():.3g}" in picture.caption
    app.do(ShowLayerValues("activations"))
    assert not app.world.layer_pictures


def test_layers_show_the_gradients_of_the_step(app, folder) -> None:
    app.do(GoToStep(2))
    app.do(ShowLayerValues("gradients"))
    file = open_series(folder / "run").gradients_for(2)
    assert file is not None
    gradients = read_gradients(file[1])
    for layer, columns in (("conv", panel_size((4, 6, 6)).columns), ("fc", 1)):
        found = gradients[f"{layer}.weight"]
        largest = float(np.abs(found).max())
        picture = kernels_picture(app, GRADIENTS_PICTURE, layer)
        assert picture.caption.startswith(f"gradients of kernels at step 2, up to ±{largest:.3g}")
        expected = weight_sheet(found, columns, largest, are_weights=False)
        np.testing.assert_array_equal(picture.values, expected)
    # The step that the last one of the two changed: in the direction against its gradient.
    change = weight(folder, 2).numpy() - weight(folder, 1).numpy()
    np.testing.assert_allclose(change, -0.05 * gradients["conv.weight"], atol=1e-4)
    app.do(GoToStep(0))
    assert kernels_picture(app, GRADIENTS_PICTURE).caption == (
        "no gradients are recorded up to step 0"
    )
    app.do(ShowStepDifference("first"))
    assert app.world.state.training.values == "activations"


def test_gradients_that_are_cut_short_are_told_where_they_would_stand(
    app, folder, tmp_path, capsys
) -> None:
    copied = tmp_path / "run"
    shutil.copytree(folder / "run", copied)
    file = gradient_file(copied, 2)
    file.write_bytes(file.read_bytes()[:-1])
    app.open_training(copied, 2)
    app.do(ShowLayerValues("gradients"))
    assert "cut short or damaged" in kernels_picture(app, GRADIENTS_PICTURE).caption
    assert "cut short or damaged" in capsys.readouterr().err
    app.do(GoToStep(1))
    caption = kernels_picture(app, GRADIENTS_PICTURE).caption
    assert caption.startswith("gradients of kernels at step 1")


def test_gradients_that_were_not_recorded_are_told(folder, tmp_path) -> None:
    for file in (folder / "run").glob("step-*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as app:
        with pytest.raises(VrnnError, match="no training is open"):
            app.do(ShowLayerValues("gradients"))
        app.do(ShowLayerValues("weights"))  # the model's own
        assert kernels_picture(app, WEIGHTS_PICTURE).caption.startswith("kernels as in the model")
        app.open_training(tmp_path, 3)
        with pytest.raises(VrnnError, match="checkpoints hold no gradients"):
            app.do(ShowLayerValues("gradients"))
        app.do(ShowLayerValues.for_hit(app.context, None))
        assert app.world.state.training.values == "activations"
        Manifest("Net").write(tmp_path)
        app.open_training(tmp_path, 3)
        with pytest.raises(VrnnError, match="holds no gradients; record again"):
            app.do(ShowLayerValues("gradients"))


def test_the_first_step_differs_from_itself_by_nothing(app) -> None:
    app.do(GoToStep(0))
    app.do(ShowStepDifference("previous"))
    node = app.world.networks[0].node_ids["conv"]
    picture = app.world.layer_pictures[0, node, "step difference"]
    assert picture.caption == "the same as in step 0"


def test_an_edit_is_of_the_step_that_is_shown(app, folder) -> None:
    """Filters beside the edited one are those of the step, and so is what an edit is made of."""
    app.do(EditKernel("conv", output=1, content="zero"))
    app.do(GoToStep(0))
    maps = app.world.networks[0].maps[app.world.networks[0].node_ids["conv"]]
    shown = maps.values.astype(np.float32) * maps.scale
    expected = maps_of(folder, 0)
    np.testing.assert_allclose(shown[[0, 2, 3]], expected[[0, 2, 3]], atol=2e-3)
    assert np.ptp(shown[1]) < 1e-3  # its bias alone


def test_near_layers_show_ridge_plots_over_the_steps(app, folder) -> None:
    network = app.world.networks[0]
    node = network.node_ids["conv"]
    app.picture("layer:conv", (64, 36))
    visual = app.world.nearby_visual
    assert visual is not None
    assert len(visual.image_quads) == 2  # weights and activations
    assert "step 0" in {label.text for label in visual.labels}
    ridges = app.workspace.training_ridges.of(node)
    assert ridges is not None
    assert ridges.steps == (0, 1, 2, 3, 4)
    parts = [weight(folder, step).numpy() for step in ridges.steps]
    assert ridges.weight_range[1] >= max(part.max() for part in parts)
    maps = [maps_of(folder, step) for step in ridges.steps]
    expected, ends = ridges_of(maps, ridges.activations.shape[1])
    np.testing.assert_allclose(ridges.activation_range, ends, rtol=1e-4)
    np.testing.assert_allclose(ridges.activations, expected, atol=0.02)
    images = visual.image_quads
    app.do(GoToStep(1))
    app.picture("layer:conv", (64, 36))
    visual = app.world.nearby_visual
    assert visual is not None
    now = visual.image_quads
    assert all(one.pixels is other.pixels for one, other in zip(images, now, strict=True))


def test_at_another_step_weights_are_counted_again_and_costs_stay(app, folder) -> None:
    app.picture("layer:conv", (64, 36))
    analyses, key = app.workspace.analyses, (0, app.world.networks[0].node_ids["conv"])
    before = analyses.profiles[key]
    app.do(GoToStep(0))
    analyses.on_weights_changed()
    assert not app.workspace.jobs.is_running(WeightHistogramsJob(0)), "counted before it is seen"
    analyses.count_weights()
    assert app.workspace.jobs.is_running(WeightHistogramsJob(0))
    while analyses.profiles[key].weights is before.weights:
        app.feed.handle_events(app.workspace.worker.wait(60.0))
        app.workspace.jobs.update()
    now = analyses.profiles[key]
    assert (now.seconds, now.macs) == (before.seconds, before.macs)
    state: dict[str, torch.Tensor] = {}
    for file in open_series(folder / "run").files_for(0):
        state |= load_file(file)
    own = np.concatenate([state["conv.weight"].numpy().ravel(), state["conv.bias"].numpy()])
    assert now.weights is not None
    np.testing.assert_allclose(
        (now.weights.mean, now.weights.std), (own.mean(), own.std()), rtol=1e-3
    )


def test_without_a_training_histograms_cost_what_they_did(folder) -> None:
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as app:
        app.picture("layer:conv", (64, 36))
        visual = app.world.nearby_visual
        assert visual is not None
        assert not visual.image_quads
        assert app.workspace.training_ridges.of(0) is None


IMAGES = torch.linspace(0, 1, 64).view(1, 1, 8, 8) * torch.tensor([1.0, 0.5, -1.0]).view(3, 1, 1, 1)


@pytest.fixture(scope="module")
def several(folder: Path) -> Path:
    """A recording that was watched with three images."""
    scope: dict[str, type[nn.Module]] = {}
    exec(NET, scope)
    torch.manual_seed(0)
    net = scope["Net"]()
    place = folder / "several"
    with watch_model(net, list(IMAGES), every=1, folder=place, window=False):
        net(IMAGES).square().mean().backward()
        torch.optim.SGD(net.parameters(), lr=0.5).step()
    return place


def test_the_image_that_is_shown_is_chosen_among_several(folder, several) -> None:
    spec = ModelSpec(str(folder / "net.py"), example=several / EXAMPLE)
    with OffscreenApp([spec], load_config()) as app:
        app.open_training(several, 1)
        answers = app.workspace.example_answers
        assert answers.count == 3
        node = app.world.networks[0].node_ids["conv"]
        state = {n: t for f in open_series(several).files_for(1) for n, t in load_file(f).items()}
        for number in (2, 0):
            app.do(SetInputImage(example=number))
            maps = app.world.networks[0].maps[node]
            expected = nn.functional.conv2d(
                IMAGES[number : number + 1], state["conv.weight"], state["conv.bias"]
            )[0]
            np.testing.assert_allclose(maps.values * np.float32(maps.scale), expected, atol=2e-3)
        app.do(NextImage())
        assert app.world.state.input_image.example == 1
        assert app.world.true_label == ""
        with pytest.raises(VrnnError, match="no example 3: the training was watched with 3"):
            app.do(SetInputImage(example=3))
        scored = ExampleScoresJob(0, 3, app.workspace.training.step_at(1))
        found: list[Any] = []
        app.workspace.jobs.start(scored, found.append)
        while not found:
            app.feed.handle_events(app.workspace.worker.wait(60.0))
            app.workspace.jobs.update()
        net = nn.functional.linear(
            nn.functional.conv2d(IMAGES, state["conv.weight"], state["conv.bias"]).flatten(1),
            state["fc.weight"], state["fc.bias"],
        )  # fmt: skip
        for number, (answer, scores) in enumerate(zip(found[0], net.softmax(1), strict=True)):
            assert answer.image.shape == (8, 8, 3)
            order = scores.argsort(descending=True)
            assert answer.classes.tolist() == order.tolist(), number
            np.testing.assert_allclose(answer.probabilities, scores[order], rtol=1e-4)


def test_a_session_opens_its_recording_again(app, folder, tmp_path, capsys) -> None:
    app.do(GoToStep(1))
    file = tmp_path / "session.json"
    app.do(SaveSession(file))
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as other:
        other.do(OpenSession(file))
        assert other.workspace.training.folder == (folder / "run").resolve()
        assert other.workspace.training.shown == 1
        maps = other.world.networks[0].maps[other.world.networks[0].node_ids["conv"]]
        shown = maps.values.astype(np.float32) * maps.scale
        np.testing.assert_allclose(shown, maps_of(folder, 1), atol=2e-3)
    gone = tmp_path / "gone.json"
    gone.write_text(file.read_text().replace(str((folder / "run").resolve()), "/nowhere/run"))
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as other:
        other.do(OpenSession(gone))
        assert other.workspace.training.folder is None
        assert "'/nowhere/run'" in (told := capsys.readouterr().err)
        assert "the model's own weights are shown" in told


def test_without_a_training_nothing_is_compared(folder) -> None:
    with OffscreenApp([ModelSpec(str(folder / "net.py"))], load_config()) as app:
        with pytest.raises(VrnnError, match="no training is open"):
            app.do(ShowStepDifference("first"))
        app.do(ShowStepDifference(""))
