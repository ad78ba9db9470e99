"""Which sample, frame or slice is shown, as files and labels tell it."""

from tests.support.networks import video
from tests.support.worlds import INFO
from vrnn.commands.axes import ShowIndex
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import changed_choices_text, with_selection
from vrnn.scene.state import State
from vrnn.scene.world import World


def test_what_is_not_shown_at_first_is_named_in_titles():
    network = video()
    assert changed_choices_text(network, ()) == ""
    assert changed_choices_text(network, (AxisChoice("time", 0),)) == ""
    assert changed_choices_text(network, (AxisChoice("time", 3),)) == "frame 3"
    assert changed_choices_text(network, (AxisChoice("time", None),)) == "8 frames side by side"


def test_labels_of_layers_with_frames_begin_with_the_frame():
    network = video()
    for before, now in zip(
        network.nodes, with_selection(network, network.nodes, (AxisChoice("time", 3),)), strict=True
    ):
        roles = {before.axes[i].role for i in before.choices if before.axes[i].size > 1}
        assert ("frame" in now.label) == ("time" in roles)
        assert now.label.endswith(before.label)


def test_the_world_names_the_frame_under_the_names_of_layers_once_it_is_chosen():
    world = World()
    world.open(0, video(), INFO)
    assert not [label for label in world.draw_list().labels if "frame 6" in label.text]
    world.set_state(ShowIndex("time", 0, 6).apply(State(), world))
    assert [label for label in world.draw_list().labels if label.text.startswith("frame 6")]
