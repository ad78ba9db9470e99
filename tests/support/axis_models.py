"""Small models of many kinds, and what their axes hold as a person would say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

MODELS: dict[
    str, tuple[Callable[[], nn.Module], Callable[[], tuple[Any, ...]], dict[str, Any]]
] = {}
"""By name: what builds the model, what makes its inputs, and for some of its layers the roles of
the axes, (C, H, W) as shown, and the presentation."""


class _Model(nn.Module):
    """A model of layers by name, and a function that runs them."""

    def __init__(self, run: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._run = run

    def forward(self, *inputs: Any) -> Any:
        return self._run(self, *inputs)


def _case(
    name: str, layers: Callable[[], dict[str, nn.Module]], inputs: Callable[[], Any],
    **expected: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        def make() -> tuple[Any, ...]:
            value = inputs()
            return value if isinstance(value, tuple) else (value,)

        MODELS[name] = (lambda: _Model(run, **layers()), make, expected)
        return run

    return register


IMAGE, BCHW = "image", "batch channel height width"
BTC, CURVE, LINE = "batch time channel", "curve", "sequence"


@_case(
    "doubled batch", lambda: {"c": nn.Conv2d(3, 8, 3, padding=1), "l": nn.Linear(8, 5)},
    lambda: torch.randn(1, 3, 12, 16),
    cat=(BCHW, (3, 12, 16), IMAGE), c=(BCHW, (8, 12, 16), IMAGE),
    l=("batch channel", (5, 1, 1), "vector"),
)  # fmt: skip
def _doubled(m, x):
    return m.l(m.c(torch.cat([x, x.flip(3)])).mean((2, 3)))


@_case(
    "two images in one batch", lambda: {"f": nn.Conv2d(3, 8, 3, 2, 1), "u": nn.Conv2d(8, 2, 1)},
    lambda: (torch.randn(1, 3, 16, 24), torch.randn(1, 3, 16, 24)),
    cat=(BCHW, (3, 16, 24), IMAGE), f=(BCHW, (8, 8, 12), IMAGE),
    matmul=("batch query key", (1, 96, 96), "attention"),
    avg_pool2d=("other other channel height width", (1, 4, 6), IMAGE),
    u=(BCHW, (2, 8, 12), IMAGE),
)  # fmt: skip
def _raft(m, one, other):
    first, second = m.f(torch.cat([one, other])).chunk(2)
    pairs = first.flatten(2).mT @ second.flatten(2)
    pairs = F.avg_pool2d(pairs.view(96, 1, 8, 12), 2)
    return m.u(first), pairs


@_case(
    "unbatched image", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1)}, lambda: torch.randn(3, 20, 16),
    input=("channel height width", (3, 20, 16), IMAGE), c=(BCHW, (8, 10, 8), IMAGE),
)  # fmt: skip
def _unbatched(m, x):
    return m.c(x[None])


@_case(
    "list of images", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1)},
    lambda: ([torch.randn(3, 20, 16), torch.randn(3, 24, 12)],),
    input=("channel height width", (3, 20, 16), IMAGE), c=(BCHW, (8, 8, 8), IMAGE),
)  # fmt: skip
def _list(m, images):
    return m.c(torch.cat([F.interpolate(i[None], (16, 16)) for i in images]))


@_case(
    "list of images written into one", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1)},
    lambda: ([torch.randn(3, 20, 16), torch.randn(3, 24, 12)],),
    c=(BCHW, (8, 12, 8), IMAGE),
)  # fmt: skip
def _padded_list(m, images):
    batch = images[0].new_zeros(2, 3, 24, 16)
    for room, image in zip(batch, images, strict=True):
        room[:, : image.shape[1], : image.shape[2]].copy_(image)
    return m.c(batch)


@_case(
    "channels-last input", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1)},
    lambda: torch.randn(1, 20, 16, 3),
    input=("batch height width channel", (3, 20, 16), IMAGE), c=(BCHW, (8, 10, 8), IMAGE),
)  # fmt: skip
def _channels_last(m, x):
    return m.c(x.permute(0, 3, 1, 2))


@_case(
    "frames", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1), "r": nn.LSTM(8, 6, batch_first=True)},
    lambda: torch.randn(1, 5, 3, 16, 24),
    input=("batch time channel height width", (3, 16, 24), IMAGE),
    c=("time channel height width", (8, 8, 12), IMAGE),
    r=(BTC, (6, 1, 5), CURVE),
)  # fmt: skip
def _frames(m, x):
    return m.r(m.c(x.flatten(0, 1)).mean((2, 3)).view(1, 5, -1))[0]


@_case(
    "frames without time", lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1)},
    lambda: torch.randn(2, 5, 3, 16, 24),
    c=("batch time channel height width", (8, 8, 12), IMAGE), mean=(BCHW, (8, 8, 12), IMAGE),
)  # fmt: skip
def _pooled_frames(m, x):
    n, t, c, h, w = x.shape
    return m.c(x.reshape(-1, c, h, w)).view(n, t, 8, h // 2, w // 2).mean(1)


@_case(
    "frames of one clip",
    lambda: {"c": nn.Conv2d(3, 8, 3, 2, 1), "d": nn.Conv2d(8, 6, 3, 2, 1), "f": nn.Linear(6, 4)},
    lambda: torch.randn(1, 5, 3, 16, 24),
    input=("batch time channel height width", (3, 16, 24), IMAGE),
    d=("time channel height width", (6, 4, 6), IMAGE), f=("batch channel", (4, 1, 1), "vector"),
)  # fmt: skip
def _frames_of_one_clip(m, x):
    return m.f(m.d(m.c(x.flatten(0, 1)).relu()).mean((2, 3)).view(1, 5, -1).mean(1))


@_case(
    "steps of token ids first", lambda: {"e": nn.Embedding(9, 8), "r": nn.LSTM(8, 6)},
    lambda: torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 1], [2, 2, 3], [4, 4, 1]]),
    input=("token batch", (1, 1, 5), "sequence"), r=("token batch channel", (6, 1, 5), "sequence"),
)  # fmt: skip
def _steps_of_token_ids_first(m, x):
    return m.r(m.e(x))[0]


@_case(
    "volume", lambda: {"c": nn.Conv3d(1, 4, 3, padding=1), "p": nn.MaxPool3d(2)},
    lambda: torch.randn(1, 1, 8, 12, 10),
    c=("batch channel depth height width", (4, 12, 10), "volume"),
    p=("batch channel depth height width", (4, 6, 5), "volume"),
)  # fmt: skip
def _volume(m, x):
    return m.p(m.c(x))


@_case(
    "patches of a volume behind a class token",
    lambda: {"c": nn.Conv3d(1, 8, 4, 4), "l": nn.Linear(8, 6)},
    lambda: torch.randn(1, 1, 16, 24, 32),
    cat=("batch token channel depth", (8, 6, 8), "volume"),
    l=("batch token channel depth", (6, 6, 8), "volume"),
)  # fmt: skip
def _patches_of_a_volume(m, x):
    tokens = m.c(x).flatten(2).mT
    return m.l(torch.cat([tokens.new_zeros(1, 1, 8), tokens], 1))


@_case(
    "through NumPy and back", lambda: {"c": nn.Conv2d(3, 4, 3)}, lambda: torch.randn(1, 3, 6, 6),
    gap=(BCHW, (4, 4, 4), IMAGE), sin=(BCHW, (4, 4, 4), IMAGE),
)  # fmt: skip
def _through_numpy(m, x):
    return torch.from_numpy(m.c(x).detach().numpy() * 2 + 1).sin()


@_case(
    "frames of a sound", lambda: {"l": nn.Linear(40, 8), "r": nn.GRU(8, 6, batch_first=True)},
    lambda: torch.randn(1, 800),
    input=("batch time", (1, 1, 800), CURVE), l=(BTC, (8, 1, 48), CURVE),
    r=(BTC, (6, 1, 48), CURVE),
)  # fmt: skip
def _frames_of_a_sound(m, x):
    return m.r(m.l(x.unfold(-1, 40, 16)))[0]


@_case(
    "patches by windows", lambda: {"l": nn.Linear(192, 16)}, lambda: torch.randn(1, 3, 32, 48),
    input=(BCHW, (3, 32, 48), IMAGE), l=("batch height width channel", (16, 4, 6), IMAGE),
)  # fmt: skip
def _patches_by_windows(m, x):
    windows = x.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5)
    return m.l(windows.reshape(1, 24, 192))


@_case(
    "one map through NumPy", lambda: {"c": nn.Conv2d(3, 4, 3)}, lambda: torch.randn(1, 3, 12, 9),
    gap=("height width", (1, 10, 7), IMAGE),
)  # fmt: skip
def _one_map_through_numpy(m, x):
    return torch.from_numpy(m.c(x).detach().numpy().mean((0, 1))).sin()


@_case(
    "video",
    lambda: {"c": nn.Conv3d(3, 4, 3, padding=1), "d": nn.Conv3d(4, 5, 3, padding=1)},
    lambda: torch.randn(1, 3, 8, 12, 10),
    c=("batch channel time height width", (4, 12, 10), IMAGE),
    d=("batch channel time height width", (5, 12, 10), IMAGE),
)  # fmt: skip
def _video(m, x):
    return m.d(m.c(x).relu())


@_case(
    "token ids", lambda: {"e": nn.Embedding(50, 12), "r": nn.GRU(12, 6, batch_first=True)},
    lambda: torch.arange(16)[None],
    input=("batch token", (1, 1, 16), LINE), e=("batch token channel", (12, 1, 16), LINE),
    r=("batch token channel", (6, 1, 16), LINE),
)  # fmt: skip
def _ids(m, x):
    return m.r(m.e(x))[0]


@_case(
    "token ids without a batch", lambda: {"e": nn.Embedding(50, 12), "l": nn.Linear(12, 7)},
    lambda: torch.arange(9),
    e=("token channel", (12, 1, 9), LINE), l=("token channel", (7, 1, 9), LINE),
    attention=("batch head query key", (1, 9, 9), "attention"),
)  # fmt: skip
def _gpt(m, x):
    y = m.e(x)[None, None]
    return m.l(F.scaled_dot_product_attention(y, y, y, is_causal=True)[0, 0])


@_case(
    "recurrence, time first", lambda: {"r": nn.LSTM(28, 20), "l": nn.Linear(20, 10)},
    lambda: torch.randn(12, 1, 28),
    input=("time batch channel", (28, 1, 12), CURVE), r=("time batch channel", (20, 1, 12), CURVE),
    l=("time batch channel", (10, 1, 12), CURVE),
)  # fmt: skip
def _time_first(m, x):
    return m.l(m.r(x)[0])


@_case(
    "recurrence, batch of four", lambda: {"r": nn.RNN(9, 6, batch_first=True)},
    lambda: torch.randn(4, 12, 9), input=(BTC, (9, 1, 12), CURVE), r=(BTC, (6, 1, 12), CURVE),
)  # fmt: skip
def _batch_first(m, x):
    return m.r(x)[0]


@_case(
    "packed sequences", lambda: {"r": nn.LSTM(9, 8)}, lambda: torch.randn(2, 7, 9),
    r=("time channel", (8, 1, 12), CURVE), pad_packed_sequence=(BTC, (8, 1, 7), CURVE),
)  # fmt: skip
def _packed(m, x):
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([7, 5]), batch_first=True)
    return nn.utils.rnn.pad_packed_sequence(m.r(packed)[0], batch_first=True)[0]


@_case(
    "transformer", lambda: {"t": nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)},
    lambda: torch.randn(1, 20, 16),
    **{"t.self_attn": ("batch head query key", (4, 20, 20), "attention"),
       "t.add": ("batch token channel", (16, 1, 20), LINE),
       "t.norm1": ("batch token channel", (16, 1, 20), LINE),
       "t.linear1": ("batch token channel", (32, 1, 20), LINE)},
)  # fmt: skip
def _transformer(m, x):
    return m.t(x)


@_case(
    "queries of an image", lambda: {
        "c": nn.Conv2d(3, 16, 8, 8), "q": nn.Embedding(10, 16),
        "a": nn.MultiheadAttention(16, 4, batch_first=True), "f": nn.Linear(16, 7),
    }, lambda: torch.randn(1, 3, 48, 32),
    a=("batch head query key", (4, 10, 24), "attention"),
    f=("batch token channel", (7, 1, 10), LINE),
)  # fmt: skip
def _detr(m, x):
    memory = m.c(x).flatten(2).transpose(1, 2)
    return m.f(m.a(m.q.weight[None], memory, memory)[0])


@_case(
    "patches by hand", lambda: {"l": nn.Linear(192, 16), "n": nn.LayerNorm(16)},
    lambda: torch.randn(1, 3, 32, 48), input=(BCHW, (3, 32, 48), IMAGE),
    l=("batch height width channel", (16, 4, 6), IMAGE),
    n=("batch height width channel", (16, 4, 6), IMAGE),
)  # fmt: skip
def _patches(m, x):
    x = x.view(1, 3, 4, 8, 6, 8).permute(0, 2, 4, 3, 5, 1).reshape(1, 24, 192)
    return m.n(m.l(x))


@_case(
    "a square number of words", lambda: {"e": nn.Embedding(50, 12), "n": nn.LayerNorm(12)},
    lambda: torch.arange(25)[None], n=("batch token channel", (12, 1, 25), LINE),
)  # fmt: skip
def _words(m, x):
    return m.n(m.e(x))


@_case(
    "mixed tokens", lambda: {
        "s": nn.Conv2d(3, 12, 8, 8), "a": nn.Linear(24, 30), "b": nn.Linear(30, 24),
    }, lambda: torch.randn(1, 3, 32, 48),
    a=("batch channel token", (12, 1, 30), LINE),
    b=("batch channel height width", (12, 4, 6), IMAGE),
    add=("batch height width channel", (12, 4, 6), IMAGE),
)  # fmt: skip
def _mixer(m, x):
    x = m.s(x).flatten(2).mT
    return x + m.b(m.a(x.mT)).mT


@_case(
    "windows", lambda: {"s": nn.Conv2d(3, 8, 4, 4), "qkv": nn.Linear(8, 24), "p": nn.Linear(8, 8)},
    lambda: torch.randn(1, 3, 32, 48),
    qkv=("height width height width channel", (24, 8, 12), IMAGE),
    softmax=("other head query key", (2, 16, 16), "attention"),
    add=("batch height width channel", (8, 8, 12), IMAGE),
)  # fmt: skip
def _swin(m, x):
    x = m.s(x).permute(0, 2, 3, 1)
    windows = x.view(1, 2, 4, 3, 4, 8).transpose(2, 3).reshape(6, 16, 8)
    q, k, v = m.qkv(windows).reshape(6, 16, 3, 2, 4).permute(2, 0, 3, 1, 4)
    y = m.p(((q @ k.mT).softmax(-1) @ v).transpose(1, 2).reshape(6, 16, 8))
    return x + y.view(1, 2, 3, 4, 4, 8).transpose(2, 3).reshape(1, 8, 12, 8)


@_case(
    "channels-last blocks", lambda: {
        "s": nn.Conv2d(3, 8, 4, 4), "n": nn.LayerNorm(8), "a": nn.Linear(8, 32),
        "b": nn.Linear(32, 8),
    }, lambda: torch.randn(1, 3, 32, 48),
    n=("batch height width channel", (8, 8, 12), IMAGE),
    a=("batch height width channel", (32, 8, 12), IMAGE),
    add=(BCHW, (8, 8, 12), IMAGE),
)  # fmt: skip
def _convnext(m, x):
    x = m.s(x)
    return x + m.b(F.gelu(m.a(m.n(x.permute(0, 2, 3, 1))))).permute(0, 3, 1, 2)


@_case(
    "signal", lambda: {"a": nn.Conv1d(1, 8, 9, 4), "b": nn.Conv1d(8, 6, 3, dilation=2)},
    lambda: torch.randn(1, 1, 256),
    input=("batch channel time", (1, 1, 256), CURVE), b=("batch channel time", (6, 1, 58), CURVE),
)  # fmt: skip
def _signal(m, x):
    return m.b(m.a(x).relu())


@_case(
    "spectrum", lambda: {"c": nn.Conv2d(1, 4, 3, padding=1)}, lambda: torch.randn(1, 1024),
    input=("batch time", (1, 1, 1024), CURVE), c=(BCHW, (4, 65, 33), IMAGE),
)  # fmt: skip
def _spectrum(m, x):
    return m.c(x.stft(128, window=torch.ones(128), return_complex=True).abs()[:, None])


@_case(
    "points", lambda: {"c": nn.Conv1d(3, 8, 1), "l": nn.Linear(8, 5)},
    lambda: torch.randn(1, 100, 3),
    input=("batch node channel", (3, 1, 100), "nodes"),
    c=("batch channel node", (8, 1, 100), "nodes"),
    l=("batch channel", (5, 1, 1), "vector"),
)  # fmt: skip
def _points(m, x):
    return m.l(m.c(x.transpose(1, 2)).amax(2))


@_case(
    "graph of a sparse matrix", lambda: {"a": nn.Linear(6, 8)},
    lambda: (torch.randn(9, 6), torch.eye(9).to_sparse()),
    input1=("node channel", (6, 1, 9), "nodes"), a=("node channel", (8, 1, 9), "nodes"),
    sparse_mm=("node channel", (8, 1, 9), "nodes"),
)  # fmt: skip
def _sparse_graph(m, x, adjacency):
    return torch.sparse.mm(adjacency, m.a(x))


@_case(
    "a set of points", lambda: {"a": nn.Linear(3, 8), "b": nn.Linear(8, 4)},
    lambda: torch.randn(30, 3),
    input=("node channel", (3, 1, 30), "nodes"), a=("node channel", (8, 1, 30), "nodes"),
    b=("channel", (4, 1, 1), "vector"),
)  # fmt: skip
def _point_set(m, x):
    return m.b(m.a(x).amax(0))


@_case(
    "nodes with kinds of edges",
    lambda: {"a": nn.Linear(5, 8), "kind": nn.Embedding(2, 1)},
    lambda: (torch.randn(10, 5), torch.eye(10).long()),
    a=("node channel", (8, 1, 10), "nodes"), softmax=("query key", (1, 10, 10), "attention"),
)  # fmt: skip
def _graph_attention(m, x, kinds):
    h = m.a(x)
    weights = (h @ h.mT + m.kind(kinds)[..., 0]).softmax(-1)
    return (h + weights @ h).mean(0)


@_case(
    "an image from a vector",
    lambda: {"l": nn.Linear(10, 96), "c": nn.ConvTranspose2d(8, 4, 4, 2, 1)},
    lambda: torch.randn(1, 10),
    l=("batch channel", (96, 1, 1), "vector"), c=(BCHW, (4, 6, 8), IMAGE),
)  # fmt: skip
def _decoder(m, x):
    return m.c(m.l(x).view(1, 8, 3, 4))


@_case(
    "heads by einsum",
    lambda: {"q": nn.Linear(12, 12), "k": nn.Linear(12, 12), "e": nn.Embedding(9, 12)},
    lambda: torch.arange(7)[None],
    softmax=("batch head query key", (3, 7, 7), "attention"),
)  # fmt: skip
def _einsum(m, x):
    x = m.e(x)
    q, k = (layer(x).view(1, 7, 3, 4) for layer in (m.q, m.k))
    weights = torch.einsum("bihd,bjhd->bhij", q, k).softmax(-1)
    return torch.einsum("bhij,bjhd->bihd", weights, k).flatten(2)


@_case(
    "pixels shuffled by hand",
    lambda: {"a": nn.Conv2d(3, 16, 3, padding=1), "b": nn.Conv2d(4, 5, 3, padding=1)},
    lambda: torch.randn(1, 3, 6, 8), a=(BCHW, (16, 6, 8), IMAGE), b=(BCHW, (5, 12, 16), IMAGE),
)  # fmt: skip
def _shuffled(m, x):
    y = m.a(x).view(1, 4, 2, 2, 6, 8).permute(0, 1, 4, 2, 5, 3).reshape(1, 4, 12, 16)
    return m.b(y)


@_case(
    "disparities", lambda: {"c": nn.Conv3d(4, 5, 3, padding=1), "d": nn.Conv3d(5, 1, 1)},
    lambda: torch.randn(1, 4, 6, 9, 12),
    c=("batch channel depth height width", (5, 9, 12), "volume"),
    d=("batch channel depth height width", (1, 9, 12), "volume"),
    interpolate=(BCHW, (1, 18, 24), IMAGE),
)  # fmt: skip
def _disparities(m, x):
    likely = m.d(m.c(x)).squeeze(1).softmax(1)
    mean = (likely * torch.arange(6.0).view(1, 6, 1, 1)).sum(1, keepdim=True)
    return F.interpolate(mean, scale_factor=2)


@_case(
    "rows that are found", lambda: {"l": nn.Linear(4, 5)}, lambda: torch.randn(7, 4),
    input=("node channel", (4, 1, 7), "nodes"), index=("node channel", (5, 1, 2), "nodes"),
)  # fmt: skip
def _found_rows(m, x):
    y = m.l(x)
    ranks = x[:, :2].argsort(0).argsort(0)
    mask = torch.cat([ranks[:, :1] < 1, ranks[:, :1] > 5], 1)
    rows, _ = torch.where(mask)  # by chance as many as the mask has columns
    return y.index_add(0, rows, y[rows])
