"""What models say of themselves, as golden text."""

from __future__ import annotations

from types import SimpleNamespace

from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.model_evidence import (
    LOSSES,
    TASKS_BY_MODULE,
    TASKS_BY_SUFFIX,
    TASKS_BY_WORD,
    config_class_names,
    model_evidence,
)


def config(**values):
    return SimpleNamespace(**values)


def model_named(name: str, module: str = "net", **attributes) -> nn.Module:
    """A model of a class with a name."""
    model = type(name, (nn.Module,), {"__module__": module})()
    for key, value in attributes.items():
        setattr(model, key, value)
    return model


def test_what_a_model_says_of_itself(regenerate):
    known = config(id2label={0: "cat", 1: "dog"}, num_labels=2)
    models = [
        *(model_named(f"A{end}", config=known) for end in TASKS_BY_SUFFIX),
        *(model_named(f"B{end}") for end in TASKS_BY_SUFFIX),
        *(model_named("Module", f"{start}.net") for start in TASKS_BY_MODULE),
        *(model_named(f"My{word.title()}Net") for word, _ in TASKS_BY_WORD),
        nn.Sequential(model_named("Inner", "diffusers.models.unets.unet")),
        nn.Sequential(nn.Sequential(model_named("Inner", "diffusers.models.unets.unet"))),
        nn.Sequential(model_named("CForImageClassification", config=config(vocab_size=7))),
        model_named("DForImageClassification", config=config(vocab_size=7, num_labels=1)),
        model_named("EForSequenceClassification", config=config(
            vocab_size=7, problem_type="regression")),
        model_named("FForSequenceClassification", config=config(
            vocab_size=7, problem_type="multi_label_classification", num_labels=5)),
        model_named("G", num_classes=3, n_classes=4), model_named("H", num_classes=True),
        model_named("I", num_classes=0, classes=5), model_named("J", inner=nn.Identity()),
        nn.Sequential(model_named("K", nclass=6)), nn.Embedding(9, 2),
        nn.Sequential(nn.Embedding(9, 2), nn.Embedding(11, 2)),
        model_named("L", loss=nn.BCELoss()), nn.Sequential(nn.MSELoss(), nn.L1Loss()),
        nn.Sequential(nn.MSELoss(), nn.NLLLoss()),
        model_named("M", config=config(something=1)),
    ]  # fmt: skip
    lines = []
    for model in models:
        found = model_evidence(model, ("a", "b"))
        names = config_class_names(model)
        lines.append(f"{type(model).__name__} of {type(model).__module__}: {found} names {names}")
    for losses in (
        [],
        *([name] for name in LOSSES),
        ["MSELoss", "huber_loss"],
        ["mseloss", "bceloss"],
    ):
        found = model_evidence(nn.Identity(), (), losses)
        lines.append(f"losses {losses}: {found.loss} {found.loss_name}")
    golden_text.check("outputs/models", lines, regenerate)


def test_class_names_of_a_model():
    def names(**attributes):
        return config_class_names(nn.Sequential(model_named("Net", **attributes)))

    assert names(config=config(id2label={1: "dog", 0: "cat"})) == ("cat", "dog")
    assert names(names={0: "car", 1: "bus"}) == ("car", "bus")
    assert names(config=config(id2label={0: "LABEL_0", 1: "LABEL_1"})) == ()
    assert names(config=config(id2label={1: "dog", 2: "cat"})) == ()
    assert names(config=config(id2label={"a": "dog"})) == ()
    assert names(config=config(id2label={})) == ()
    assert names(names=["car", "bus"]) == ()
