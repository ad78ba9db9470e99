"""Attention weights against those that torch itself returns, and what it does with other ones."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vrnn.compute.operators import attention
from vrnn.compute.operators.attention import (
    compute_head_weights,
    head_weights_shape,
    replace_head_weights,
)

SAMPLES, HEADS, QUERIES, KEYS, WIDTH = 3, 2, 5, 7, 6
NAMES = (
    "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias",
    "bias_k", "bias_v", "add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias",
)  # fmt: skip


GENERATOR = torch.Generator().manual_seed(2)


def numbers(*shape: int) -> torch.Tensor:
    """Normal random numbers, the same in each run of all tests."""
    return torch.randn(shape, generator=GENERATOR)


def multi_head(batched: bool, with_bias: bool = True, **more):
    """Arguments by name, and the function that takes them as torch does."""
    samples = (SAMPLES,) if batched else ()
    query = numbers(QUERIES, *samples, WIDTH)
    key, value = (numbers(KEYS, *samples, WIDTH) for _ in "kv")
    projection = numbers(3 * WIDTH, WIDTH)
    bias = numbers(3 * WIDTH) if with_bias else None
    given = dict(zip(NAMES, (
        query, key, value, WIDTH, HEADS, projection, bias, None, None, False, 0.0,
        numbers(WIDTH, WIDTH), numbers(WIDTH),
    ), strict=True))  # fmt: skip
    return given | more


def run(arguments, **options):
    return F.multi_head_attention_forward(**{"training": False} | arguments | options)


def hidden(*shape):
    """A mask that hides some keys of each query, never all."""
    mask = torch.rand(shape, generator=GENERATOR) < 0.4
    mask[..., 0] = False
    return mask


MASKS = {
    "none": {},
    "no bias": {"with_bias": False},
    "hides": {"attn_mask": hidden(QUERIES, KEYS)},
    "adds": {"attn_mask": numbers(QUERIES, KEYS)},
    "of each head": {"attn_mask": hidden(SAMPLES * HEADS, QUERIES, KEYS)},
    "padding": {"key_padding_mask": hidden(SAMPLES, KEYS)},
    "padding that adds": {"key_padding_mask": numbers(SAMPLES, KEYS)},
    "both": {"attn_mask": hidden(QUERIES, KEYS) & False, "key_padding_mask": hidden(SAMPLES, KEYS)},
}  # fmt: skip
ONE_SAMPLE = {
    "none": {},
    "no bias": {"with_bias": False},
    "hides": {"attn_mask": hidden(QUERIES, KEYS)},
    "of each head": {"attn_mask": hidden(HEADS, QUERIES, KEYS)},
    "padding": {"key_padding_mask": hidden(KEYS)},
}
CASES = [(True, name) for name in MASKS] + [(False, name) for name in ONE_SAMPLE]


def case(batched, name):
    return multi_head(batched, **(MASKS if batched else ONE_SAMPLE)[name])


@pytest.mark.parametrize(("batched", "name"), CASES)
def test_weights_of_several_heads_are_those_that_torch_returns(batched, name):
    arguments = case(batched, name)
    _, truth = run(arguments, average_attn_weights=False)
    truth = truth if batched else truth[None]
    found = compute_head_weights(arguments)
    assert found.shape == head_weights_shape(arguments) == truth.shape
    torch.testing.assert_close(found, truth)


@pytest.mark.parametrize(("batched", "name"), CASES)
@pytest.mark.parametrize("average", [True, False])
def test_other_weights_of_several_heads_give_what_they_would_have_given(batched, name, average):
    torch.manual_seed(0)
    arguments = case(batched, name)
    result = run(arguments, average_attn_weights=average)
    old = compute_head_weights(arguments)
    new = old.clone()
    new[:, 1] = torch.rand(QUERIES, KEYS)
    output, weights = replace_head_weights(result, arguments, old, new)
    part, bias = slice(2 * WIDTH, None), arguments["in_proj_bias"]
    value = F.linear(
        arguments["value"], arguments["in_proj_weight"][part], None if bias is None else bias[part]
    )
    value = value if batched else value[:, None]
    for sample in range(len(new)):
        heads = [
            new[sample, head] @ value[:, sample, head * 3 : (head + 1) * 3] for head in range(HEADS)
        ]
        truth = F.linear(
            torch.cat(heads, -1), arguments["out_proj_weight"], arguments["out_proj_bias"]
        )
        made = output[:, sample] if batched else output
        torch.testing.assert_close(made, truth, atol=1e-5, rtol=1e-4)
        shown = new[sample].mean(0) if average else new[sample]
        torch.testing.assert_close(weights[sample] if batched else weights, shown)
    # The model's own tensors are as they were.
    torch.testing.assert_close(result[0], run(arguments)[0])
    silent = replace_head_weights((result[0], None), arguments, old, new)
    torch.testing.assert_close(silent[0], output)
    assert silent[1] is None


def product(samples, heads=HEADS, key_heads=HEADS, **more):
    query = numbers(*samples, heads, QUERIES, WIDTH)
    key = numbers(*samples, key_heads, KEYS, WIDTH)
    value = numbers(*samples, key_heads, KEYS, 4)
    return {"query": query, "key": key, "value": value, **more}


PRODUCTS = {
    "samples": product((SAMPLES,)),
    "no samples": product(()),
    "two axes of samples": product((2, SAMPLES)),
    "scale": product((SAMPLES,), scale=0.3),
    "causal": product((SAMPLES,), is_causal=True),
    "hides": product((SAMPLES,), attn_mask=~hidden(QUERIES, KEYS)),
    "adds": product((SAMPLES,), attn_mask=numbers(QUERIES, KEYS)),
    "mask of heads": product((SAMPLES,), attn_mask=~hidden(HEADS, QUERIES, KEYS)),
    "mask of samples": product((SAMPLES,), attn_mask=~hidden(SAMPLES, 1, QUERIES, KEYS)),
    "mask of one sample": product((SAMPLES,), attn_mask=~hidden(1, HEADS, QUERIES, KEYS)),
    "mask of two axes of samples": product(
        (2, SAMPLES), attn_mask=numbers(2, SAMPLES, HEADS, QUERIES, KEYS)
    ),
    "shared keys": product((SAMPLES,), 4, 2, enable_gqa=True),
    "shared keys without samples": product((), 4, 2, enable_gqa=True),
}


def truth_of(given) -> torch.Tensor:
    """softmax(Q·Kᵀ·scale + mask) with one head after the other."""
    query, key = given["query"], given["key"]
    key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scores = torch.einsum("...qc,...kc->...qk", query, key) * given.get("scale", WIDTH**-0.5)
    mask = given.get("attn_mask")
    if given.get("is_causal"):
        rows, columns = torch.arange(QUERIES)[:, None], torch.arange(KEYS)
        mask = columns <= rows
    if mask is not None and mask.dtype == torch.bool:
        scores = torch.where(mask, scores, torch.tensor(-torch.inf))
    elif mask is not None:
        scores = scores + mask
    exponents = (scores - scores.amax(-1, keepdim=True)).exp()
    return exponents / exponents.sum(-1, keepdim=True)


@pytest.mark.parametrize("name", PRODUCTS)
def test_weights_of_a_scaled_product(name):
    given = PRODUCTS[name]
    truth = truth_of(given)
    found = compute_head_weights(given)
    assert found.shape == head_weights_shape(given)
    torch.testing.assert_close(found if given["query"].dim() > 3 else found[0], truth)


@pytest.mark.parametrize("name", PRODUCTS)
def test_other_weights_of_a_scaled_product_give_what_they_would_have_given(name):
    given = PRODUCTS[name]
    result = F.scaled_dot_product_attention(**given)
    before = result.clone()
    old = compute_head_weights(given)
    new = old.clone()
    new[..., 1, 2, :] = torch.rand(KEYS)
    found = replace_head_weights(result, given, old, new)
    value = given["value"].repeat_interleave(new.shape[-3] // given["value"].shape[-3], -3)
    torch.testing.assert_close(found, (new if result.dim() > 3 else new[0]) @ value)
    torch.testing.assert_close(result, before)
    assert not torch.equal(found, result)


@pytest.mark.parametrize(
    "arguments",
    [*(case(*each) for each in CASES if each[0]), *(
        given for given in PRODUCTS.values() if given["query"].dim() > 3
    )],
)  # fmt: skip
def test_of_too_many_weights_those_of_the_first_sample_are_there(arguments, monkeypatch):
    everything = compute_head_weights(arguments)
    monkeypatch.setattr(attention, "MAX_WEIGHTS", everything.numel())
    assert torch.equal(compute_head_weights(arguments), everything)
    monkeypatch.setattr(attention, "MAX_WEIGHTS", everything.numel() - 1)
    first = everything[(slice(1),) * (everything.dim() - 3)]
    found = compute_head_weights(arguments)
    torch.testing.assert_close(found, first)
    # What the others give stays, and the first one's changes.
    new = found.clone()
    new[..., 0, 0, :] = 0
    if "num_heads" in arguments:
        result = run(arguments, average_attn_weights=False)
        output, weights = replace_head_weights(result, arguments, found, new)
        assert not torch.equal(output[:, 0], result[0][:, 0])
        assert torch.equal(output[:, 1:], result[0][:, 1:])
        assert torch.equal(weights[:1], new)
        assert torch.equal(weights[1:], result[1][1:])
    else:
        result = F.scaled_dot_product_attention(**arguments)
        changed = ~torch.isclose(
            replace_head_weights(result, arguments, found, new), result, atol=1e-5
        )
        at = (0,) * (result.dim() - 3)
        assert changed[at][0, 0].any()
        changed[at][0, 0] = False
        assert not changed.any()


def test_of_arguments_of_another_kind_there_are_no_weights():
    query = torch.ones(3, 4)
    assert head_weights_shape({"query": query}) is None
    assert head_weights_shape({"key": query}) is None
    assert head_weights_shape({"query": query, "key": query}) is None
    assert compute_head_weights({"query": query, "key": None}) is None
    several = multi_head(True)
    assert head_weights_shape(several | {"in_proj_weight": None}) is None
    assert head_weights_shape(several | {"num_heads": 4}) is None
    assert head_weights_shape(several | {"num_heads": 3}) == (SAMPLES, 3, QUERIES, KEYS)
