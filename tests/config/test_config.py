"""Settings and where they come from."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import glfw
import pytest

from vrnn.config.loader import load_config
from vrnn.config.schema import Config
from vrnn.errors import VrnnError
from vrnn.storage.limits import Range
from vrnn.storage.paths import user_settings_file


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_those_of_the_file(root):
    values = tomllib.loads((root / "configs/default.toml").read_text(encoding="utf-8"))
    config = load_config()
    for section, entries in values.items():
        for key, value in entries.items():
            found = getattr(getattr(config, section), key)
            assert found == (tuple(value) if isinstance(value, list) else value), (section, key)


def test_every_setting_stands_in_the_file(root):
    values = tomllib.loads((root / "configs/default.toml").read_text(encoding="utf-8"))
    config = load_config()
    named = {
        section.name: {key.name for key in fields(getattr(config, section.name))}
        for section in fields(Config)
    }
    named["keys"].remove("commands")  # declared with each command
    assert named == {section: set(entries) for section, entries in values.items()}


def limits() -> list[tuple[str, str, Range]]:
    """Section, key and limits of every number."""
    return [
        (section, key, rule)
        for section, kind in get_type_hints(Config).items()
        for key, hint in get_type_hints(kind, include_extras=True).items()
        if get_origin(hint) is Annotated
        for rule in get_args(hint)[1:]
    ]


@pytest.mark.parametrize(("section", "key", "rule"), limits())
def test_every_number_has_limits(tmp_path, section, key, rule):
    for number in (rule.low, rule.high):
        config = load_config(written(tmp_path, f"[{section}]\n{key} = {number}\n"))
        assert getattr(getattr(config, section), key) == number
    for number in (rule.low - 1, rule.high + 1):
        with pytest.raises(VrnnError, match=rf"{section}\.{key} should be .* from \S+ to"):
            load_config(written(tmp_path, f"[{section}]\n{key} = {number}\n"))


def test_no_number_is_without_limits():
    names = {f"{section}.{key}" for section, key, _ in limits()}
    assert names == {
        f"{section}.{key}"
        for section, entries in vars(load_config()).items()
        for key, value in vars(entries).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def test_every_key_is_one_that_glfw_knows():
    keys = load_config().keys
    names = [getattr(keys, field.name) for field in fields(keys) if field.name != "store"]
    for name in [*keys.viewpoints, *(n for n in names if isinstance(n, str))]:
        assert hasattr(glfw, f"KEY_{name.rpartition('+')[2]}"), name


def test_every_key_of_glfw_may_be_chosen(tmp_path):
    keys = load_config().keys
    known = {name[4:] for name in dir(glfw) if name.startswith("KEY_")}
    known -= {"LAST", "UNKNOWN", "WORLD_1", "WORLD_2"}  # no keys that one could name
    own = {field.name for field in fields(keys)} - {"viewpoints", "commands"}
    known -= {getattr(keys, name) for name in own}
    assert len(known) > 80
    config = load_config(written(tmp_path, f"[keys]\nviewpoints = {sorted(known)}\n"))
    assert set(config.keys.viewpoints) == known


def test_a_file_changes_only_what_it_names(tmp_path):
    config = load_config(written(tmp_path, "[motion]\nwalk_speed = 5\n"))
    assert config.motion.walk_speed == 5
    assert config.motion.seconds == load_config().motion.seconds
    assert config.keys == load_config().keys


def test_the_user_s_own_file_lies_below_the_one_given(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_APPDATA", str(tmp_path))
    user_settings_file().parent.mkdir()
    user_settings_file().write_text("[window]\nwidth = 800\nheight = 700\n")
    given = written(tmp_path, "[window]\nheight = 600\n")
    assert (load_config().window.width, load_config().window.height) == (800, 700)
    assert (load_config(given).window.width, load_config(given).window.height) == (800, 600)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[colors]\n", "there is no 'colors'; known are keys, look, motion"),
        ("[look]\nsky = [0, 0, 0]\n", "look has no 'sky'; known are background, positive"),
        ("look = 3\n", "look should be a table"),
        (
            "[look]\nbackground = [0, 0]\n",
            "look.background should be a list of 3 numbers from 0 to 1",
        ),
        (
            "[look]\nbackground = [0, 0, 2]\n",
            "look.background should be a list of 3 numbers from 0 to 1",
        ),
        (
            "[look]\nbackground = [0, 0, true]\n",
            "look.background should be a list of 3 numbers from 0 to 1",
        ),
        ("[motion]\nenabled = 1\n", "motion.enabled should be true or false"),
        ('[motion]\nseconds = "fast"\n', "motion.seconds should be a number from"),
        ("[motion]\nwalk_speed = nan\n", "motion.walk_speed should be a number from"),
        ("[window]\nwidth = 1.5\n", "window.width should be a whole number"),
        ("[window]\nmultisample = -1\n", "window.multisample should be a whole number from 0"),
        (
            '[headset]\nmirror = "top"\n',
            "headset.mirror should be one of left, both, free, not 'top'",
        ),
        ("keys = 3\n", "keys should be a table"),
        ('[keys]\nforward = "w"\n', "keys.forward should be a key"),
        ("[keys]\nforward = 3\n", "keys.forward should be a key"),
        ('[keys]\nstore = "F1"\n', "keys.store should be one of CONTROL"),
        ('[keys]\nplaces = ["1", "zwei"]\n', "keys.viewpoints should be a list of keys"),
        ('[keys]\nforward = "S"\n', "S to both 'forward' and 'back'"),
        ("[look\n", "cannot read the settings"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(VrnnError) as caught:
        load_config(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(VrnnError, match="no such file"):
        load_config(tmp_path / "none.toml")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(VrnnError, match="cannot read the settings"):
        load_config(path)
