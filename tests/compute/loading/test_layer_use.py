"""What calls of torch are taken for when an input is sought, against what they really take."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.layer_use import MARK, first_shape, layer_use, marked_leaves

LEAVES = frozenset({0, 2})


def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


def marked(*shape: int) -> torch.Tensor:
    """A tensor that comes from an input."""
    tensor = zeros(*shape)
    setattr(tensor, MARK, frozenset({1}))
    return tensor


HALF = torch.float16
CALLS = [
    *((f"conv{n}d", (zeros(2, 6, *[9] * n), zeros(4, 3, *[3] * n), None, 1, 0, 1, 2), {})
      for n in (1, 2, 3)),
    *((f"conv_transpose{n}d", (zeros(2, 6, *[9] * n), zeros(6, 5, *[3] * n)), {})
      for n in (1, 2, 3)),
    ("conv2d", (zeros(3, 9, 9),), {"weight": zeros(4, 3, 1, 1, dtype=HALF), "groups": 1}),
    ("conv2d", (), {"input": zeros(8, 9, 9), "weight": zeros(4, 2, 1, 1), "groups": 4}),
    ("conv2d", (zeros(1, 3, 9, 9), zeros(4, 3, 3, 3)), {"groups": None}),
    ("conv2d", (zeros(1, 3, 9, 9), None), {}),
    ("conv_transpose2d", (zeros(1, 3, 9, 9), 3), {}),
    ("linear", (zeros(2, 5), zeros(4, 7)), {}),
    ("linear", (zeros(2, 5),), {"weight": zeros(4, 7, dtype=HALF)}),
    ("linear", (zeros(2, 5), None), {}),
    ("embedding", (zeros(2, 5, dtype=torch.long), zeros(11, 7)), {}),
    ("embedding_bag", (zeros(2, 5, dtype=torch.long), zeros(12, 7)), {}),
    ("embedding", (zeros(2, 5, dtype=torch.long),), {}),
    ("layer_norm", (zeros(2, 5), (4, 6), zeros(4, 6, dtype=HALF)), {}),
    ("layer_norm", (zeros(2, 5),), {"normalized_shape": [6, 3]}),
    ("batch_norm", (zeros(2, 5), zeros(7), zeros(7), zeros(7, dtype=HALF)), {}),
    ("batch_norm", (zeros(2, 5), zeros(7)), {}),
    ("batch_norm", (zeros(2, 5), None), {"weight": zeros(7)}),
    ("multi_head_attention_forward",
     (zeros(5, 2, 8), zeros(5, 2, 8), zeros(5, 2, 8), 12, 4, zeros(36, 12, dtype=HALF)), {}),
    ("multi_head_attention_forward", (),
     {"query": zeros(5, 2, 8), "embed_dim_to_check": 12, "": zeros(1)}),
    ("scaled_dot_product_attention", (zeros(2, 3, 5, 8), zeros(2, 3, 5, 8)), {}),
    ("scaled_dot_product_attention", (), {"query": zeros(2, 3, 5, 8)}),
    ("matmul", (marked(2, 5), zeros(7, 4, dtype=HALF)), {}),
    ("mm", (marked(2, 5), zeros(7, 4)), {}),
    ("bmm", (marked(2, 5, 3), zeros(2, 7, 4)), {}),
    ("__matmul__", (marked(2, 5), zeros(5)), {}),
    ("matmul", (zeros(2, 5), zeros(5, 4)), {}),
    ("matmul", (zeros(2, 5), marked(5, 4)), {}),
    ("matmul", (marked(2, 5), marked(5, 4)), {}),
    ("matmul", (marked(2, 5),), {}),
    ("matmul", (marked(2, 5), 3), {}),
    *((name, (marked(2, 5), zeros(1, 7)), {}) for name in (
        "add", "sub", "mul", "div", "__add__", "__radd__", "__iadd__", "add_", "where", "__sub__",
        "__mul__", "__rmul__", "__imul__", "__truediv__", "sub_", "mul_", "pow",
    )),
    ("add", (zeros(1, 7), marked(2, 5)), {}),
    ("add", (marked(1, 7), marked(2, 5)), {}),
    ("add", (zeros(1, 7), zeros(2, 5)), {}),
    ("add", (marked(2, 5), 1.0), {}),
    ("view", (zeros(2, 8), 1, 16), {}),
    ("view", (zeros(2, 8), -1, 0, 2, 8), {}),
    ("reshape", (zeros(2, 8), (2, 2, 4)), {}),
    ("unflatten", (zeros(2, 8), 1, [2, 4]), {}),
    ("view", (zeros(2, 8), torch.float16), {}),
    ("reshape", (zeros(2, 8), (2, 2.5)), {}),
    ("flatten", (zeros(2, 8), 1), {}),
    ("relu", (zeros(2, 8),), {}),
    ("relu", (3,), {}),
    ("relu", (), {}),
    ("linear", ([zeros(2, 5)], zeros(4, 7)), {}),
    ("linear", (nn.UninitializedParameter(), zeros(4, 7)), {}),
]  # fmt: skip


def text_of(value) -> str:
    if isinstance(value, torch.Tensor):
        is_lazy = isinstance(value, nn.UninitializedParameter)
        shape = "of no shape" if is_lazy else list(value.shape)
        return f"{'from the input ' * hasattr(value, MARK)}{shape}"
    return str(list(map(text_of, value))) if isinstance(value, list) else str(value)


def test_what_each_call_takes(regenerate):
    lines = []
    for name, args, kwargs in CALLS:
        given = [*map(text_of, args), *(f"{k}={text_of(v)}" for k, v in kwargs.items())]
        for leaves in (LEAVES, frozenset()) if name in ("view", "reshape") else (LEAVES,):
            found = layer_use(name, args, kwargs, leaves)
            told = "nothing" if found is None else str(vars(found))
            lines.append(f"{name}({', '.join(given)}): {told}")
    golden_text.check("guesses/layer-uses", lines, regenerate)


@pytest.mark.parametrize(("layer", "shape", "axis"), [
    (nn.Conv1d(6, 4, 3, groups=2), (2, 6, 9), 1), (nn.Conv2d(6, 4, 3), (2, 6, 9, 8), 1),
    (nn.Conv3d(6, 4, 3, groups=2), (2, 6, 9, 8, 7), 1), (nn.Linear(6, 4), (2, 5, 6), 2),
    (nn.ConvTranspose1d(6, 4, 3, groups=2), (2, 6, 9), 1),
    (nn.ConvTranspose2d(6, 4, 3), (2, 6, 9, 8), 1), (nn.BatchNorm2d(6), (2, 6, 9, 8), 1),
    (nn.LayerNorm(6), (2, 9, 6), 2), (nn.ConvTranspose3d(6, 4, 3), (2, 6, 9, 8, 7), 1),
])  # fmt: skip
def test_a_layer_runs_where_its_axis_has_the_size_and_nowhere_else(layer, shape, axis, monkeypatch):
    found = []

    def watch(name, original):
        def function(*args, **kwargs):
            found.append(layer_use(name, args, kwargs, LEAVES))
            return original(*args, **kwargs)

        return function

    for name in ("linear", "layer_norm", "batch_norm"):
        monkeypatch.setattr(F, name, watch(name, getattr(F, name)))
    for rank in (1, 2, 3):
        for name in (f"conv{rank}d", f"conv_transpose{rank}d"):
            monkeypatch.setattr(F, name, watch(name, getattr(F, name)))
    layer.eval()(zeros(*shape))
    (use,) = found
    assert shape[use.axis] == use.size == 6
    assert use.axis % len(shape) == axis
    assert use.rank in (0, len(shape))
    assert use.shape == shape
    wrong = [n + (i == axis) for i, n in enumerate(shape)]
    with pytest.raises(RuntimeError):
        layer(zeros(*wrong))


def test_the_first_tensor_among_arguments():
    assert first_shape(()) == ()
    assert first_shape((3, [None, zeros(4, 5), zeros(2)])) == (4, 5)
    assert first_shape({"a": [[zeros(4, 5)]]}) == (4, 5)
    assert first_shape([[[zeros(4, 5)]]]) == (4, 5)
    assert first_shape([[[[zeros(4, 5)]]]]) == ()
    assert first_shape((nn.UninitializedParameter(),)) == ()
    assert marked_leaves(zeros(1)) == frozenset()
    assert marked_leaves(marked(1)) == {1}
