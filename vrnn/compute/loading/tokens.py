"""Texts become token ids through the tokenizer that a script gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.user_traceback import explain_error
from vrnn.errors import VrnnError


def encode(tokenizer: Any, text: str, title: str) -> tuple[Any, tuple[str, ...]]:
    """Turn a text into what a model takes.

    Args:
        tokenizer: A function from a text to ids, or an object with `encode`, as those of
            Hugging Face, tiktoken and sentencepiece.
        text: The text.
        title: Of the model, for messages.

    Returns:
        A (1, L) int64 tensor, or a dict of tensors where the tokenizer makes one; and the text of
        each token, () if the tokenizer does not tell.

    Raises:
        VrnnError: The tokenizer failed, or gives something else.
    """
    try:
        encoded = tokenizer(text) if callable(tokenizer) else tokenizer.encode(text)
    except (Exception, SystemExit) as error:
        raise VrnnError(
            f"the tokenizer of '{title}' fails on a text: {explain_error(error)}"
        ) from error
    if isinstance(encoded, Mapping):
        tensors = {str(k): _to_tensor(v, title) for k, v in dict(encoded).items()}
        ids = tensors.get("input_ids", next(iter(tensors.values()), None))
        if ids is None:
            raise _wrong(title, encoded)
        return tensors, _names(tokenizer, encoded, ids[0].tolist(), text)
    tensor = _to_tensor(getattr(encoded, "ids", encoded), title)
    return tensor, _names(tokenizer, encoded, tensor[0].tolist(), text)


def _to_tensor(values: Any, title: str) -> torch.Tensor:
    """(1, L) int64."""
    if not isinstance(values, torch.Tensor):
        try:
            values = torch.from_numpy(np.asarray(values).copy())
        except (TypeError, ValueError) as error:
            raise _wrong(title, values) from error
    tensor: torch.Tensor = values[None] if values.dim() == 1 else values
    is_integer = not (tensor.is_floating_point() or tensor.is_complex())
    if tensor.dim() != 2 or not tensor.numel() or not is_integer:
        raise _wrong(title, values)
    return tensor.to(torch.int64)


def _wrong(title: str, value: Any) -> VrnnError:
    return VrnnError(
        f"the tokenizer of '{title}' should make a list of token ids of a text; it made "
        f"{type(value).__name__}"
    )


def token_texts(tokenizer: Any, ids: Sequence[int]) -> tuple[str, ...]:
    """Return the text of each token, () if a tokenizer does not tell.

    Args:
        tokenizer: See `encode`; None for none.
        ids: The tokens.
    """
    return () if tokenizer is None else _names(tokenizer, None, ids, "")


def _names(tokenizer: Any, encoded: Any, ids: Sequence[int], text: str) -> tuple[str, ...]:
    """The text of each token."""
    tokens = getattr(encoded, "tokens", None)
    for ask in _ways_to_name(tokenizer, tokens, ids):
        with suppress(Exception):
            names = tuple(str(name) for name in ask())
            if len(names) == len(ids):
                return names
    for parts in (text.split(), list(text)):
        if len(parts) == len(ids):
            return tuple(parts)
    return ()


def _ways_to_name(tokenizer: Any, tokens: Any, ids: Sequence[int]) -> list[Callable[[], Any]]:
    ways: list[Callable[[], Any]] = []
    if tokens is not None:
        ways.append(lambda: tokens() if callable(tokens) else tokens)
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        ways.append(lambda: tokenizer.convert_ids_to_tokens(ids))
    if hasattr(tokenizer, "id_to_token"):
        ways.append(lambda: [tokenizer.id_to_token(i) for i in ids])
    if hasattr(tokenizer, "decode"):
        ways.append(lambda: [tokenizer.decode([i]) for i in ids])
    return ways
