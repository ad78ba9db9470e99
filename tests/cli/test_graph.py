"""`vrnn graph`: the table, the JSON, and what is wrong input for it."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from vrnn.cli.graph import table, to_dict
from vrnn.network.graph import Annotation, Edge, Network, Node

SMALL = Network(
    name="small",
    nodes=(
        Node(0, "input", "input", "input", "", (3, 8, 8)),
        Node(1, "conv", "conv2d", "conv 3×3, 3→4", "conv", (4, 8, 8), 112),
        Node(2, "add", "add", "add", "", (4, 8, 8)),
        Node(7, "fc", "linear", "linear 4→1,000", "fc", (1000,), 5000),
    ),
    edges=(Edge(0, 1, "conv2d"), Edge(0, 2, "add"), Edge(1, 2, "add"), Edge(2, 7, "linear")),
    inputs=(0,),
    outputs=(7,),
    annotations=(Annotation(2, "joined"),),
)

TABLE = """\
id  name   operation  label           shape  parameters  from
 0  input  input      input           3×8×8
 1  conv   conv2d     conv 3×3, 3→4   4×8×8         112  0
 2  add    add        add             4×8×8              0 1
 7  fc     linear     linear 4→1,000  1000        5,000  2"""

SCRIPT = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.two = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        return self.head((self.one(x) + self.two(x)).mean((2, 3)))
"""


def test_table():
    assert table(SMALL) == TABLE


def test_json_holds_every_field():
    written = json.loads(json.dumps(to_dict(SMALL)))
    assert set(written) == {field.name for field in fields(Network)}
    assert [set(node) for node in written["nodes"]] == [{f.name for f in fields(Node)}] * 4
    assert [node["id"] for node in written["nodes"]] == [0, 1, 2, 7]
    assert written["edges"][2] == {"source": 1, "target": 2, "label": "add"}
    assert (written["inputs"], written["outputs"]) == ([0], [7])
    assert written["nodes"][1]["shape"] == [4, 8, 8]


@pytest.fixture
def script(tmp_path):
    (tmp_path / "net.py").write_text(SCRIPT)
    return "net.py"


@pytest.mark.parametrize("detail", ["layers", "modules", "all"])
def test_a_script(run_vrnn, script, tmp_path, detail):
    result = run_vrnn("graph", "--model", script, "--json", "graph.json", "--detail", detail)
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    names = [node["name"] for node in written["nodes"]]
    by_id = {node["id"]: node for node in written["nodes"]}
    edges = {(by_id[e["source"]]["name"], by_id[e["target"]]["name"]) for e in written["edges"]}
    (joint,) = [node for node in written["nodes"] if node["operation"] == "add"]
    assert {("one", joint["name"]), ("two", joint["name"])} <= edges
    assert names.index("one") < names.index("two") < names.index(joint["name"])
    assert [by_id[number]["operation"] for number in written["inputs"]] == ["input"]
    assert [by_id[number]["name"] for number in written["outputs"]] == ["head"]
    for name in names:
        assert name in result.stdout
    assert "untrained weights" in result.stdout


def test_quiet_prints_nothing(run_vrnn, script, tmp_path):
    result = run_vrnn("graph", "--model", script, "--json", "graph.json", "--quiet")
    assert (result.returncode, result.stdout) == (0, "")
    assert (tmp_path / "graph.json").exists()


def test_the_default_model(run_vrnn):
    result = run_vrnn("graph")
    assert result.returncode == 0, result.stderr
    assert "conv2d" in result.stdout
    assert "untrained weights" not in result.stdout


def test_two_models_have_two_tables_but_no_file(run_vrnn, script):
    result = run_vrnn("graph", "--model", script, "--model", "default")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("operation") == 2
    result = run_vrnn("graph", "--model", script, "--model", "default", "--json", "g.json")
    assert result.returncode == 2
    assert "--model once" in result.stderr


def test_a_file_that_cannot_be_written_is_told_before_the_work(run_vrnn):
    result = run_vrnn("graph", "--model", "none.py", "--json", "no/folder/g.json")
    assert result.returncode == 2
    assert "no folder" in result.stderr
