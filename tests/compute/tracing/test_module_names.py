"""Paths of modules, registered or held in plain containers."""

from __future__ import annotations

from torch import nn

from vrnn.compute.tracing.module_stack import modules_of, named_modules


class Holder(nn.Module):
    """Modules of every kind: shared, missing, and in lists, tuples and dicts that torch skips."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(2, 2)
        self.body = nn.Sequential(nn.ReLU(), self.shared, nn.Sequential(nn.Tanh()))
        self.missing = None
        self.register_module("none", None)
        self.plain = [nn.Conv2d(1, 1, 1), self.shared, nn.Sequential(nn.GELU())]
        self.pair = (nn.ELU(), 3, "text")
        self.named = {"one": nn.SELU(), "two": 2}
        self.last = nn.Softmax(1)


def test_registered_modules_come_first_and_each_once():
    model = Holder()
    found = list(named_modules(model))
    registered = [name for name, _ in model.named_modules()]
    names = [name for name, _ in found]
    assert names[: len(registered)] == registered
    assert len({id(module) for _, module in found}) == len(found)
    kinds = {type(module).__name__ for _, module in found[len(registered) :]}
    assert kinds == {"Conv2d", "Sequential", "GELU", "ELU", "SELU"}
    paths = {type(module).__name__: name for name, module in found}
    assert paths["Conv2d"].startswith("plain")
    assert paths["GELU"].startswith("plain")
    assert paths["SELU"].startswith("named")
    assert paths["Softmax"] == "last"


def test_a_model_may_hide_its_modules_behind_an_attribute_of_that_name():
    model = nn.Sequential(nn.ReLU(), nn.Tanh())
    model.named_modules = "hidden"
    assert [name for name, _ in named_modules(model)] == ["", "0", "1"]


def test_without_paths_the_same_modules_are_found():
    model = Holder()
    found = modules_of(model)
    assert len(found) == len(set(map(id, found)))
    assert set(map(id, found)) == {id(module) for _, module in named_modules(model)}
