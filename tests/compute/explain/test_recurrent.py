"""Recurrent layers are unrolled: their gates pass relevance on to what they gate."""

import pytest
import torch
from torch import nn

from tests.support.explained import CONSERVING, arrived, check_cuts, opened_with, relevance
from vrnn.explanations.targets import Target


class Reads(nn.Module):
    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 4)

    def forward(self, x):
        y, _ = self.layer(x)
        return self.head(y[:, -1] if self.layer.batch_first else y[-1])


KINDS = {
    "lstm": lambda **how: nn.LSTM(5, 6, **how),
    "gru": lambda **how: nn.GRU(5, 6, **how),
    "tanh": lambda **how: nn.RNN(5, 6, **how),
    "relu": lambda **how: nn.RNN(5, 6, nonlinearity="relu", **how),
}
WAYS = [{}, {"num_layers": 2}, {"bidirectional": True}, {"bias": False, "batch_first": True}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", WAYS, ids=lambda how: "-".join(how) or "plain")
def test_they_conserve_and_have_no_fallback(kind, how):
    torch.manual_seed(0)
    how = {"batch_first": True} | how
    net = Reads(KINDS[kind](**how), 12 if "bidirectional" in how else 6).eval().double()
    x = torch.randn(1, 7, 5, dtype=torch.float64)
    model = opened_with(net, x)
    with torch.no_grad():
        expected = net(x)[0, 2]
    for method in CONSERVING:
        flow, _ = relevance(model, (x,), method, Target(channel=2))
        assert float(flow.target.value) == pytest.approx(float(expected), rel=1e-6)
        assert not flow.fallbacks
        check_cuts(model, flow)


def test_an_lstm_by_hand():
    """Arras et al. 2017: the signal takes all, a sum is shared in proportion, gates are fixed."""
    torch.manual_seed(1)
    layer = nn.LSTM(3, 4, batch_first=True, bias=False).double()
    net = Reads(layer, 4).eval().double()
    nn.init.zeros_(net.head.bias)
    x = torch.randn(1, 3, 3, dtype=torch.float64)
    flow, _ = relevance(opened_with(net, x), (x,), "attention", Target(channel=1))
    (found,) = flow.inputs.values()
    w_x, w_h = layer.weight_ih_l0.detach(), layer.weight_hh_l0.detach()
    h = c = torch.zeros(4, dtype=torch.float64)
    steps = []
    for t in range(3):
        gates = w_x @ x[0, t] + w_h @ h
        i, f, g, o = gates.chunk(4)
        before, h_before = c, h
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        steps.append((before, h_before, f.sigmoid(), i.sigmoid() * g.tanh(), g, c))
    out = net.head.weight.detach()[1] * h
    r_h, r_c = out * (1 - 1e-6 / (out.sum().abs() + 1e-6)), torch.zeros(4, dtype=torch.float64)
    expected = torch.zeros(3, 3, dtype=torch.float64)
    for t in (2, 1, 0):
        before, h_before, f, added, g, now = steps[t]
        r_c = r_c + r_h
        r_g, r_c = r_c * added / now, r_c * f * before / now
        parts = torch.cat([w_x[8:12] * x[0, t], w_h[8:12] * h_before], 1)
        shares = (r_g / g)[:, None] * parts
        expected[t], r_h = shares[:, :3].sum(0), shares[:, 3:].sum(0)
    torch.testing.assert_close(found[0], expected, rtol=1e-3, atol=1e-5)


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTMCell(3, 5), nn.GRUCell(5, 5)
        self.rnn, self.head = nn.RNNCell(5, 5), nn.Linear(5, 2)

    def forward(self, x):
        h = c = g = r = x.new_zeros(x.shape[0], 5)
        for t in range(x.shape[1]):
            h, c = self.lstm(x[:, t], (h, c))
            g = self.gru(h, g)
            r = self.rnn(g, r)
        return self.head(r)


def test_cells():
    torch.manual_seed(2)
    net = Cells().eval().double()
    x = torch.randn(1, 4, 3, dtype=torch.float64)
    model = opened_with(net, x)
    for method in ("epsilon-plus", "attention"):
        flow, _ = relevance(model, (x,), method, Target(channel=1))
        assert float(flow.target.value) == pytest.approx(float(net(x)[0, 1].detach()), rel=1e-6)
        assert not flow.fallbacks
        total = arrived(flow) + sum(sink.amount for sink in flow.sinks)
        assert total == pytest.approx(float(flow.target.value), rel=1e-3)


class Starts(nn.Module):
    """Begins in a state of its own."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(6, 3)
        self.state = nn.Parameter(torch.randn(1, 1, 6))

    def forward(self, x):
        state = (self.state, self.state) if isinstance(self.layer, nn.LSTM) else self.state
        return self.head(self.layer(x, state)[0][:, -1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_is_given_takes_its_share(kind):
    torch.manual_seed(0)
    net = Starts(KINDS[kind](batch_first=True)).eval().double()
    x = torch.randn(1, 4, 5, dtype=torch.float64)
    flow, _ = relevance(opened_with(net, x), (x,), target=Target(channel=1))
    total = arrived(flow) + sum(sink.amount for sink in flow.sinks)
    assert total == pytest.approx(float(flow.target.value), rel=1e-3)
    assert not any(s.kind in ("rounding", "no rule") and abs(s.amount) > 1e-6 for s in flow.sinks)
    assert any(sink.kind in ("constant", "bias") for sink in flow.sinks)


def test_what_is_not_unrolled_is_counted():
    torch.manual_seed(0)
    net = Reads(nn.LSTM(5, 6, proj_size=3, batch_first=True), 3).eval().double()
    x = torch.randn(1, 4, 5, dtype=torch.float64)
    flow, _ = relevance(opened_with(net, x), (x,), target=Target(channel=0))
    assert flow.fallbacks == {"lstm: plain gradient": 1}
