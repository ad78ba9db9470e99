"""Edited kernels change what is seen, are undone, kept in sessions, and written as a copy."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.connections import ShowConnections
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.explain import ShowRelevance
from vrnn.commands.kernel_edits import EditKernel, RestoreKernels, SaveWeights
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.visuals.edit_marks import EDITED
from vrnn.storage.protected_inputs import protect_inputs

LAYER = "stem.0"


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec("digits")], load_config()) as made:
        yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def logits(app):
    return app.world.networks[0].result.outputs[0].logits.copy()


def labels(app):
    return [label.text for label in app.world.draw_list().labels]


def test_the_answer_follows_and_comes_back(app):
    before, maps = logits(app), app.world.networks[0].maps
    node = app.world.networks[0].node_ids[LAYER]
    first = maps[node].block.copy()
    app.do(EditKernel(LAYER, output=0, content="vertical sobel"))
    after = logits(app)
    assert not np.array_equal(before, after)
    assert not np.array_equal(first, app.world.networks[0].maps[node].block)
    app.do(Undo())
    assert np.array_equal(logits(app), before)
    app.do(Redo())
    assert np.array_equal(logits(app), after)
    app.do(RestoreKernels(LAYER))
    assert np.array_equal(logits(app), before)


def test_what_is_edited_is_marked_and_named(app, caplog):
    quads = len(app.world.draw_list().quads)
    app.do(EditKernel(LAYER, output=0, content="blob"))
    app.do(EditKernel(LAYER, output=1, input=0, content="values", values=(0.5,) * 9))
    assert any(text.startswith(EDITED) for text in labels(app))
    assert len(app.world.draw_list().quads) > quads
    message = EditKernel(LAYER, output=1, input=0, content="noise").message(app.dispatcher.context)
    assert "1 kernel and 1 filter edited; not saved" in message


def test_the_key_goes_from_one_filter_to_the_next_and_back(app):
    node = app.world.networks[0].node_ids[LAYER]
    hit = Hit("layer", 0.0, 0, node, 3)
    contents = []
    for _ in range(3):
        command = EditKernel.for_hit(app.dispatcher.context, hit)
        contents.append(command.content)
        app.do(command)
    assert contents == ["zero", "noise", "horizontal sobel"]
    for expected in ("noise", "zero", "own"):
        command = EditKernel.for_hit(app.dispatcher.context, hit, precise=True)
        assert command.content == expected
        app.do(command)
    assert not app.world.state.edits


def test_a_session_keeps_edits_and_drops_what_does_not_fit(app, tmp_path):
    app.do(EditKernel(LAYER, output=2, content="gabor", angle=45.0))
    edited = logits(app)
    file = tmp_path / "s.vrnn"
    app.do(SaveSession(file))
    app.do(Undo())
    app.do(OpenSession(file))
    assert np.array_equal(logits(app), edited)
    file.write_text(file.read_text().replace('"output": 2', '"output": 99'))
    app.do(OpenSession(file))
    assert not app.world.state.edits


def test_a_copy_is_written_and_opened_again(app, tmp_path):
    app.do(EditKernel(LAYER, output=0, content="average"))
    edited, file = logits(app), tmp_path / "copy.safetensors"
    app.do(SaveWeights(file))
    with protect_inputs([file]), pytest.raises(VrnnError, match="read in the same run"):
        app.do(SaveWeights(file))
    with OffscreenApp([ModelSpec("digits", weights=file)], load_config()) as other:
        assert np.allclose(logits(other), edited, atol=1e-5)
        with pytest.raises(VrnnError, match="was opened from"):
            other.do(SaveWeights(file))
    with pytest.raises(VrnnError, match="safetensors"):
        app.do(SaveWeights(tmp_path / "copy.png"))


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (EditKernel(LAYER, output=16), "filters 0 to 15"),
        (EditKernel("head", output=0, content="gabor"), "no room"),
        (EditKernel("input"), "no kernels"),
        (EditKernel(LAYER, content="values", input=0, values=(1.0,)), "9 weights"),
        (RestoreKernels(), "no kernel is edited"),
        (EditKernel(LAYER, content="swirl"), "no content 'swirl'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_edited_is_told(app, command, reason):
    with pytest.raises(VrnnError, match=reason):
        app.do(command)
    assert not app.world.state.edits


def test_what_was_found_with_other_weights_is_found_anew(app):
    app.do(ShowRelevance())
    app.do(ShowConnections(LAYER))
    before = app.world.relevance[0].found
    app.do(EditKernel(LAYER, output=0, content="identity", keeps_norm=False))
    assert app.world.relevance[0].found is not before
    kernel = app.workspace.connections.layer.parts[0].kernels[0, 0]
    assert kernel.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_a_preview_runs_the_network_and_is_no_step(app):
    before, passes = logits(app), app.workspace.passes_requested
    app.workspace.preview(EditKernel(LAYER, output=0, content="blob"))
    assert app.workspace.passes_requested == passes + 1
    app._wait(app._worker.requested)
    assert not np.array_equal(logits(app), before)
    assert not app.workspace.history.undo_label
    app.do(EditKernel(LAYER, output=0, content="blob"))
    app.do(Undo())
    assert np.array_equal(logits(app), before)
