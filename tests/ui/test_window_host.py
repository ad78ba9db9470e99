"""Panels: matching, the tree, memory, and the panels themselves in a real window."""

from tests.support.networks import residual
from tests.support.window import differs, move_mouse, saved_session
from vrnn.scene.layout.folding import modules
from vrnn.ui.fuzzy_match import best_matches, score
from vrnn.ui.layout_store import PanelLayout, load, save
from vrnn.ui.panels.module_tree import matching_rows, tree_rows, visible_rows


def test_a_few_letters_find_what_was_meant():
    texts = ["layer1.0.conv1", "layer3.2.conv2", "fold all stages", "layer3.2.bn2"]
    assert texts[best_matches("l3c2", texts)[0]] == "layer3.2.conv2"
    assert texts[best_matches("fold", texts)[0]] == "fold all stages"
    assert texts[best_matches("LAYER3 BN", texts)[0]] == "layer3.2.bn2"
    assert best_matches("xyz", texts) == []
    assert best_matches("", texts) == [0, 1, 2, 3]
    assert score("abc", "acb") is None


def test_long_lists_are_searched():
    texts = [f"layer{i // 100}.{i % 100}.conv{i % 7}" for i in range(3000)]
    assert texts[best_matches("layer12.34", texts)[0]].startswith("layer12.34")


def test_the_tree_holds_every_layer_once_under_its_modules():
    network = residual(3)
    found = tree_rows(network, 0, modules(network))
    assert sorted(r.node_id for r in found if not r.is_module) == sorted(
        n.id for n in network.nodes
    )
    assert {r.name for r in found if r.is_module} == set(modules(network))
    top = visible_rows(found, set())
    assert all(r.depth == 0 for r in top)
    assert visible_rows(found, {(0, r.name) for r in found}) == found
    assert matching_rows(found, network.nodes[2].name.upper())[0].node_id == network.nodes[2].id


def test_what_is_remembered_comes_back_and_what_is_broken_is_forgotten(tmp_path):
    path = tmp_path / "panels.ini"
    memory = PanelLayout(True, 18.0, frozenset({"Jobs"}), "[Window][Model]\nPos=1,2\n\n")
    save(path, memory)
    assert load(path) == memory
    path.write_bytes(b"\xff\xfe\x00 nonsense")
    assert load(path) == PanelLayout()
    assert load(tmp_path / "none.ini") == PanelLayout()


def test_panels_and_palette_in_a_window(program, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    vrnn = program()
    vrnn.env["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    vrnn.ready()
    bare = vrnn.picture()
    vrnn.press("F2")
    panels = vrnn.picture_where(lambda now: differs(bare, now) > 0.3)
    # What is typed into the search box is not walked.
    before = saved_session(vrnn)["camera"]
    move_mouse(vrnn, 120, 70)
    vrnn.xdotool("click", "1")
    vrnn.xdotool("type", "--window", vrnn.window, "wasd")
    vrnn.picture_where(lambda now: differs(panels, now) > 0.001)
    now = saved_session(vrnn)["camera"]
    assert abs(now["x"] - before["x"]) + abs(now["z"] - before["z"]) < 0.5
    vrnn.press("Escape")
    vrnn.press("F2")
    closed = vrnn.picture_where(lambda now: differs(panels, now) > 0.3)
    # The palette finds a layer and goes there.
    vrnn.press("ctrl+p")
    palette = vrnn.picture_where(lambda now: differs(closed, now) > 0.01)
    vrnn.xdotool("type", "--delay", "60", "--window", vrnn.window, "st3conv2")
    vrnn.picture_where(lambda now: differs(palette, now) > 0.005)
    vrnn.press("Return")
    vrnn.session_where(lambda now: abs(now["camera"]["z"] - before["z"]) > 2)
    # It fades; undo without a change says so, and nothing breaks.
    vrnn.press("ctrl+z")
    assert vrnn.process.poll() is None


def test_a_slider_acts_at_once_and_is_one_step_to_undo(program):
    vrnn = program()
    vrnn.ready()
    bare = vrnn.picture()
    vrnn.press("F2")
    shown = vrnn.picture_where(lambda now: differs(bare[:, 610:], now[:, 610:]) > 0.8)
    vrnn.click(647, 370)  # the tab of the Display panel
    panels = vrnn.picture_where(lambda now: differs(shown[380:, 610:], now[380:, 610:]) > 0.05)
    move_mouse(vrnn, 808, 498)  # the knob of gamma
    vrnn.xdotool("mousedown", "1")
    for x in (818, 828, 838, 848):
        move_mouse(vrnn, x, 498)
    vrnn.picture_where(lambda now: differs(panels, now) > 0.001)
    vrnn.xdotool("mouseup", "1")
    vrnn.session_where(lambda now: _gamma(now) > 2.2)
    vrnn.press("ctrl+z")
    vrnn.session_where(lambda now: _gamma(now) == 0.0)


def _gamma(session):
    """The gamma that a session says, 0 for none."""
    return session["state"].get("color_mapping", {}).get("gamma", 0.0)


def test_pictures_of_what_channels_look_for_by_key_and_by_tiles(
    program,
    where,
    tmp_path,
    monkeypatch,
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    vrnn = program()
    vrnn.ready()
    maps = vrnn.picture()
    move_mouse(vrnn, *where.layer("stage2.0.conv1"))
    vrnn.press("v")
    vrnn.wait_for(lambda: len(list((tmp_path / "cache").rglob("*.npz"))) == 32)
    layers = saved_session(vrnn)["layers"]
    assert layers[0]["layer"] == "stage2.0.conv1"
    assert layers[0]["features"]["steps"] == 40
    move_mouse(vrnn, 5, 5)
    vrnn.picture_where(lambda now: differs(maps, now) > 0.005)
    vrnn.press("ctrl+z")
    vrnn.session_where(lambda now: not now["layers"])
    vrnn.press("Home")  # the layer was brought into view
    vrnn.picture()
    move_mouse(vrnn, *where.region("features"))
    vrnn.xdotool("click", "1")
    vrnn.session_where(lambda now: now["layers"] and now["layers"][0]["features"])
