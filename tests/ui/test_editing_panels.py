"""The panels that edit kernels and show the score draw whatever a layer is, and act."""

import pytest
from imgui_bundle import imgui

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.scoring import ShowScore, ShowScoredImages
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance import labeled_images as labeled
from vrnn.compute.scoring import score_cache
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panels.dataset_score import DatasetScorePanel
from vrnn.ui.panels.kernel_editor import KernelEditorPanel


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        for module in (importance_cache, score_cache):
            patch.setattr(module, "cache_dir", lambda: folder)
        patch.setattr(labeled, "MAX_IMAGES", 40)
        with OffscreenApp([ModelSpec("digits")], load_config()) as made:
            yield made


@pytest.fixture
def context(studio):
    reset(studio)
    notes = []
    made = PanelContext(studio.workspace, studio.dispatcher, notes.append)
    yield made
    assert not studio.workspace.faults
    assert not notes


@pytest.fixture
def draw():
    """Draws a panel in a Dear ImGui of its own, and gives its text."""
    before = imgui.get_current_context()
    own = imgui.create_context()
    imgui.set_current_context(own)
    io = imgui.get_io()
    io.set_ini_filename("")
    io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
    io.display_size = imgui.ImVec2(400, 1200)
    io.config_error_recovery_enable_assert = True

    def draw(panel, context):
        imgui.new_frame()
        imgui.set_next_window_size((380, 1100))
        imgui.begin("window")
        panel.draw(context)
        imgui.end()
        imgui.render()

    yield draw
    imgui.set_current_context(own)
    imgui.destroy_context(own)
    if before is not None:
        imgui.set_current_context(before)


@pytest.mark.parametrize(
    "layer", ["stem.0", "stage2.0.skip.0", "stage3.1.conv2", "head", "input", "stage1.0.add"]
)
def test_kernels_of_every_kind_of_layer(studio, context, draw, layer):
    panel = KernelEditorPanel()
    context.set_subject(0, layer)
    draw(panel, context)
    studio._wait(0)
    draw(panel, context)


def test_edits_are_listed_and_the_edited_filter_is_shown(studio, context, draw):
    studio.do(EditKernel("stem.0", output=7, content="gabor"))
    studio.do(EditKernel("stem.0", output=9, input=0, content="values", values=(1.0,) * 9))
    panel = KernelEditorPanel()
    context.set_subject(0, "stem.0")
    draw(panel, context)
    studio._wait(0)
    draw(panel, context)
    assert (panel._output, panel._input) == (9, 0)


def test_the_score_before_and_after_a_change(studio, context, draw):
    panel = DatasetScorePanel()
    draw(panel, context)
    studio.do(ShowScore())
    draw(panel, context)
    studio.do(Ablate("stage2.1.conv2"))
    studio.do(ShowScoredImages("became wrong"))
    draw(panel, context)
