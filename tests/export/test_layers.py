"""Layers as files: sheets, raw values, histograms; whole or not at all."""

import csv
import errno
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from tests.support.map_blocks import feature_maps
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.export.contact_sheet import feature_map_sheet, sheet_size
from vrnn.export.layers import (
    FORMATS,
    export_layer,
    export_layers,
    layer_file_name,
    matching_layers,
    write_values,
)
from vrnn.network.graph import Node

LOOK = load_config().look


def layer(shape=(6, 8, 8), number=3, name="layer1.0.conv2", seed=0):
    rng = np.random.default_rng(seed)
    node = Node(number, name, "conv2d", "conv 3×3, 3→6", "layer1.0", shape)
    return node, feature_maps(rng.normal(size=shape).astype(np.float32))


def test_all_kinds_of_a_layer_say_the_same(tmp_path):
    node, maps = layer()
    paths = export_layer(tmp_path, "net", node, maps)
    assert [p.suffix for p in paths] == list(FORMATS.values())
    values = np.load(tmp_path / "net-003-layer1.0.conv2.npy", allow_pickle=False)
    assert values.dtype == np.float32
    assert np.array_equal(values, maps.values.astype(np.float32) * np.float32(maps.scale))
    with (tmp_path / "net-003-layer1.0.conv2.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["channel"] for row in table] == [*map(str, range(6)), "all"]
    for row, channel in zip(table, values, strict=False):
        assert float(row["mean"]) == pytest.approx(channel.mean(), abs=1e-5)
        assert float(row["std"]) == pytest.approx(channel.std(), abs=1e-5)
        counts = [int(v) for k, v in row.items() if ".." in k]
        assert sum(counts) == channel.size
    assert Image.open(paths[0]).size[0] > 300


def test_maps_of_any_size_can_be_seen_on_a_sheet():
    for shape in ((1, 1, 1), (1000, 1, 1), (3, 224, 224), (64, 1, 90), (40, 7, 7)):
        node, maps = layer(shape)
        sheet = feature_map_sheet(node, maps, LOOK)
        assert np.asarray(sheet).std() > 2


def test_what_is_not_finite_is_counted_and_has_its_color(tmp_path):
    node, maps = layer((2, 4, 4))
    values = maps.values.astype(np.float32)
    values[0, 0, 0] = np.nan
    from vrnn.network.derived_maps import from_array as with_nan

    marked = with_nan(values)
    sheet = np.asarray(feature_map_sheet(node, marked, LOOK).convert("RGB")).astype(int)
    pink = (sheet[..., 0] > 240) & (sheet[..., 1] < 90) & (sheet[..., 2] > 120)
    assert pink.sum() > 50
    export_layer(tmp_path, "net", node, marked, ("histograms",))
    text = next(tmp_path.glob("*.csv")).read_text()
    assert text.splitlines()[1].split(",")[5] == "1"


def test_names_of_files_stay_in_their_folder():
    for name in ("../../etc/passwd", "/root/x", "C:\\x", "con", "a" * 400, "ü/..", "\0", "🙂"):
        node = Node(1, name, "conv2d", "", "", (1, 1, 1))
        made = layer_file_name("../net", node, ".png")
        assert "/" not in made
        assert "\\" not in made
        assert not made.startswith(".")
        assert len(made.encode()) < 250


def test_layers_are_written_one_by_one(tmp_path):
    layers = [layer(number=i, name=f"layer{i}") for i in range(4)]
    exported = export_layers(
        tmp_path, "net", [n for n, _ in layers], {n.id: m for n, m in layers}, ("values",)
    )
    for count in range(1, 5):
        (path,) = next(exported)
        assert path.is_file()
        assert f"layer{count - 1}" in path.name
        assert len(list(tmp_path.iterdir())) == count
    assert list(exported) == []


def test_patterns_and_wrong_wishes(tmp_path):
    nodes = [layer(number=i, name=name)[0] for i, name in enumerate(["a.x", "a.y", "b"])]
    assert [n.name for n in matching_layers(nodes, "a.*")] == ["a.x", "a.y"]
    with pytest.raises(VrnnError, match="no layer fits 'c'"):
        matching_layers(nodes, "c")
    with pytest.raises(VrnnError, match="cannot be exported"):
        export_layer(tmp_path, "net", *layer(), ("sheet", "movie"))
    with pytest.raises(VrnnError, match="export its values instead"):
        sheet_size("x", (900_000, 30, 30))


def test_a_full_disk_is_told_and_leaves_no_half_file(tmp_path, monkeypatch):
    _, maps = layer((64, 64, 64))
    path = tmp_path / "values.npy"
    path.write_bytes(b"older")
    if (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False
        ).returncode
        == 0
    ):
        try:
            (tmp_path / "values.npy").write_bytes(b"older")
            with pytest.raises(VrnnError, match="no space left"):
                write_values(path, maps)
            assert path.read_bytes() == b"older"
            assert len(list(tmp_path.iterdir())) == 1
        finally:
            subprocess.run(["umount", str(tmp_path)], check=False)
        return

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("numpy.lib.format.write_array_header_1_0", full)
    with pytest.raises(VrnnError, match="no space left"):
        write_values(path, maps)
    assert path.read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command(run_vrnn, tmp_path):
    done = run_vrnn("export", "--layers", "stage1.*", "--what", "values", "--out", "made")
    assert done.returncode == 0, done.stderr
    assert "layers of digits" in done.stdout
    assert len(list((tmp_path / "made").glob("*.npy"))) == 6
    wrong = run_vrnn("export", "--layers", "nothing", "--out", "made")
    assert wrong.returncode == 2
    assert "no layer fits 'nothing'" in wrong.stderr
    assert "Traceback" not in wrong.stderr
