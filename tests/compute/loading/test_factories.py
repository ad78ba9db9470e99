"""What is imported and built, and each refusal with the step that it names."""

from __future__ import annotations

import sys

import pytest
from torch import nn

from vrnn.compute.loading.factories import (
    call_user_code,
    from_factory,
    instantiate,
    unknown_name,
)
from vrnn.errors import VrnnError

ZOO = """
from torch import nn
from os.path import join
net = nn.Conv2d(3, 4, 3)
class Net(nn.Linear):
    def __init__(self):
        super().__init__(3, 5)
def build():
    return nn.Linear(3, 6)
def words():
    return "words"
def fails():
    raise KeyError("inside")
_hidden = 1
number = 3
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A module of models in the folder that one stands in."""
    (tmp_path / "own_models.py").write_text(ZOO)
    package = tmp_path / "own_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text(ZOO)
    (tmp_path / "broken_models.py").write_text("import no_such_thing_at_all\n")
    (tmp_path / "failing_models.py").write_text("x = 1\ny = x / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in list(sys.modules):
        if name.partition(".")[0] in ("own_models", "own_package", "failing_models"):
            del sys.modules[name]


def refusal(function, *args) -> str:
    with pytest.raises(VrnnError) as caught:
        function(*args)
    return str(caught.value)


@pytest.mark.parametrize(("text", "kind"), [
    ("own_models:net", nn.Conv2d), ("own_models:Net", nn.Linear), ("own_models:build", nn.Linear),
    ("own_package.inner:build", nn.Linear),
])  # fmt: skip
def test_models_are_found_in_the_folder_that_one_stands_in(zoo, text, kind):
    before = list(sys.path)
    found = from_factory(text)
    assert isinstance(found.model, kind)
    assert found.title == text.split(":")[1]
    assert found.random_weights
    assert sys.path == [str(zoo), *before]
    from_factory(text)
    assert sys.path == [str(zoo), *before]


def test_the_folder_is_no_place_to_search_where_it_has_no_such_module(zoo):
    before = list(sys.path)
    refusal(from_factory, "no_such_module_here:net")
    assert sys.path == before


def test_what_cannot_be_imported_is_told_with_what_to_do(zoo):
    assert refusal(from_factory, "no_such_module_here:net") == (
        "there is no module 'no_such_module_here' to import; a script is given as script.py or "
        "script.py:Name"
    )
    told = refusal(from_factory, "own_package.missing:net")
    assert told.startswith("there is no module 'own_package.missing' to import; a script is")
    assert refusal(from_factory, "broken_models:net") == (
        "cannot import 'broken_models': broken_models.py:1: import no_such_thing_at_all: "
        "ModuleNotFoundError: No module named 'no_such_thing_at_all'"
    )
    assert refusal(from_factory, "failing_models:net") == (
        "cannot import 'failing_models': failing_models.py:2: y = x / 0: ZeroDivisionError: "
        "division by zero"
    )
    assert refusal(from_factory, "own_models:nets") == (
        "own_models has no model 'nets'; similar names: net, Net"
    )
    assert refusal(from_factory, "own_models:zzz").endswith("'zzz'; it has 8 others")
    assert refusal(from_factory, "own_models:fails") == (
        "cannot build 'own_models:fails': own_models.py:13: raise KeyError(\"inside\"): KeyError: "
        "'inside'"
    )


@pytest.mark.parametrize("text", [
    "os:getcwd", "os.path:join", "posix:getpid", "nt:getpid", "json.decoder:JSONDecoder",
    "own_models:join",
])  # fmt: skip
def test_nothing_of_pythons_own_library_is_run(zoo, text):
    told = f"'{text}' is of Python's own library, which has no models; it was not run"
    assert refusal(from_factory, text) == told


class Wrapper:
    def __init__(self, **parts):
        self.__dict__.update(parts)


CONV = nn.Conv2d(3, 4, 3)


def test_what_makes_a_model_is_called_and_a_model_is_taken():
    assert instantiate(CONV, "it") is CONV
    assert instantiate(lambda: CONV, "it") is CONV
    assert isinstance(instantiate(nn.ReLU, "it"), nn.ReLU)


@pytest.mark.parametrize(("value", "told"), [
    (3, "'it' is of type int, not an nn.Module or a function that makes one"),
    (Wrapper(net=CONV), "'it' is of type Wrapper, not an nn.Module or a function that makes one; "
     "it holds one: write model = the wrapper's .net"),
    (Wrapper(net=CONV, model=CONV, n=1), "'it' is of type Wrapper, not an nn.Module or a function "
     "that makes one; it holds one: write model = the wrapper's .model"),
    (lambda: 3, "'it' gave of type int, not an nn.Module; return the model"),
    (lambda: Wrapper(net=CONV), "'it' gave of type Wrapper, not an nn.Module; it holds one: return "
     "its .net"),
    (lambda: nn.ReLU, "'it' gave of type type, not an nn.Module; return the model"),
])  # fmt: skip
def test_what_makes_none_is_told_with_what_to_do(value, told):
    assert refusal(instantiate, value, "it") == told


def test_a_wrapper_that_can_be_called_is_not():
    class Callable(Wrapper):
        def __call__(self):
            raise AssertionError("called")

    assert "write model = the wrapper's .net" in refusal(instantiate, Callable(net=CONV), "it")


def test_users_code_that_exits_is_told_and_ctrl_c_goes_on():
    def exits():
        sys.exit(3)

    assert "cannot build 'it': test_factories.py:" in refusal(call_user_code, exits, "it")

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_user_code(interrupted, "it")
    assert call_user_code(lambda: 4, "it") == 4


def test_similar_names_are_at_most_five_and_half_alike():
    many = [f"resnet{n}" for n in range(7)]
    told = unknown_name("zoo", "resnet", many)
    assert told == "zoo has no model 'resnet'; similar names: " + ", ".join(many[::-1][:5])
    assert unknown_name("zoo", "abcd", ["abxy"]).endswith("similar names: abxy")  # half of it
    assert unknown_name("zoo", "abcde", ["abxyz"], "layer") == (
        "zoo has no layer 'abcde'; it has 1 others"
    )
