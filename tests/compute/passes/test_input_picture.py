"""The picture over a network is the chosen sample of what went in, read as its axes are."""

import numpy as np
import pytest

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.input_pictures import draw_tokens, draw_values
from vrnn.compute.loading.source import open_source
from vrnn.network.axes import AxisChoice
from vrnn.network.model_spec import ModelSpec

HEAD = "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
TOKENS = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(90, 6), nn.LSTM(6, 5, batch_first={batch_first})

    def forward(self, ids):
        return self.rnn(self.embed(ids))[0]

class Tokenizer:
    def __call__(self, text):
        return [int(word[1:]) for word in text.split()]

    def decode(self, ids):
        return " ".join(f"w{{i}}" for i in ids)

model = Model()
{tokenizer}
example_input = {example}
"""
IDS = "torch.arange(24).view(12, 2)"


def opened(tmp_path, text):
    path = tmp_path / "model.py"
    path.write_text(HEAD + text)
    return LoadedModel(open_source(ModelSpec(str(path))), "layers")


def picture(model, *choices):
    model.set_side_by_side(choices)
    return model.run(None, lambda node, maps: None, lambda: None, (), choices).image


@pytest.mark.parametrize("sequence_first", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_all_tokens_of_the_chosen_sample_are_written(tmp_path, sequence_first, named):
    example = IDS if sequence_first else f"{IDS}.T"
    text = TOKENS.format(
        batch_first=not sequence_first, example=example,
        tokenizer="tokenizer = Tokenizer()" if named else "",
    )  # fmt: skip
    model = opened(tmp_path, text)
    for sample in range(2):
        ids = range(sample, 24, 2)
        words = [f"w{i}" if named else str(i) for i in ids]
        assert np.array_equal(picture(model, AxisChoice("batch", sample)), draw_tokens([words]))
    both = [[f"w{i}" if named else str(i) for i in range(n, 24, 2)] for n in range(2)]
    assert np.array_equal(picture(model, AxisChoice("batch", None)), draw_tokens(both))


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_text_goes_down_the_axis_that_the_model_takes_for_its_steps(tmp_path, batch_first):
    example = repr(" ".join(f"w{i}" for i in range(7)))
    text = TOKENS.format(
        batch_first=batch_first, example=example, tokenizer="tokenizer = Tokenizer()"
    )
    model = opened(tmp_path, text)
    assert tuple(model.inputs.args[0].shape) == ((1, 7) if batch_first else (7, 1))
    assert model.info.token_names == tuple(f"w{i}" for i in range(7))
    entry = model.network.by_id[model.network.inputs[0]]
    assert (entry.presentation, entry.shape) == ("sequence", (1, 1, 7))
    assert np.array_equal(picture(model), draw_tokens([[f"w{i}" for i in range(7)]]))


def test_tokens_that_a_script_gives_as_numbers_have_names(tmp_path):
    text = TOKENS.format(
        batch_first=True, example="torch.arange(5)[None]", tokenizer="tokenizer = Tokenizer()"
    )
    assert opened(tmp_path, text).info.token_names == ("w0", "w1", "w2", "w3", "w4")


def test_features_of_a_sequence_stand_as_its_panel_does(tmp_path):
    model = opened(
        tmp_path,
        """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 5)

    def forward(self, x):
        return self.rnn(x)[0]

model = Model()
example_input = torch.randn(9, 3, 4)
""",
    )
    given = model.inputs.args[0].numpy()
    assert np.array_equal(picture(model, AxisChoice("batch", 2)), draw_values(given[:, 2].T))


def test_a_graph_as_an_object_is_not_an_empty_picture(tmp_path):
    model = opened(
        tmp_path,
        """
class Data:
    def __init__(self):
        self.edge_index, self.x = torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.randn(3, 4)

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, data):
        h = self.linear(data.x)
        return torch.zeros_like(h).index_add(0, data.edge_index[1], h[data.edge_index[0]])

model = Model()
example_input = (Data(),)
""",
    )
    given = model.inputs.args[0].x.numpy()
    assert np.array_equal(picture(model), draw_values(given.T))


def test_a_long_text_is_written_smaller_before_it_is_cut():
    short, long = draw_tokens([["cat"] * 8]), draw_tokens([["cat"] * 80])
    lit = [int((image.min(2) > 120).any(1).sum()) for image in (short, long)]
    assert lit[0] < lit[1]
    assert not np.array_equal(long, draw_tokens([["cat"] * 79]))
