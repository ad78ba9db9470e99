"""The weights of a recorded step, put into a model in memory, and its own ones again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from vrnn.compute.loading.weights import StateDict, put_weights, read_weights
from vrnn.errors import VrnnError
from vrnn.recordings.recorded_step import RecordedStep


class StepWeights:
    """What a model's weights are: its own, or those of a recorded step.

    Attributes:
        shown: The step; None for the model's own weights.
    """

    def __init__(self, model: nn.Module) -> None:
        self.shown: RecordedStep | None = None
        self._model = model
        self._own: dict[str, torch.Tensor] = {}

    def show(self, step: RecordedStep | None) -> tuple[str, ...]:
        """Put the weights of a step into the model; no file of the model is touched.

        Args:
            step: The step; None for the model's own weights.

        Returns:
            Sentences about weights that did not fit.

        Raises:
            VrnnError: They cannot be read, or none of them fits; the model stays as it was.
        """
        if step == self.shown:
            return ()
        if not self._own:
            state = self._model.state_dict()
            tensors = {k: v for k, v in state.items() if isinstance(v, torch.Tensor)}
            self._own = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        notes: tuple[str, ...] = ()
        if step is None:
            self._model.load_state_dict(self._own, strict=False)
        else:
            weights = read_step(step)
            if self.shown is not None and set(weights) != set(self._own):
                self._model.load_state_dict(self._own, strict=False)
            notes = put_weights(self._model, weights, step.folder)
        self.shown = step
        return notes


def read_step(step: RecordedStep, only: Iterable[str] | None = None) -> StateDict:
    """Read the weights of a step.

    Args:
        step: The step.
        only: Names of those wanted, where the step is of a recording; None for all.

    Raises:
        VrnnError: A file is gone, cut short, or holds code.
    """
    wanted = None if only is None else set(only)
    weights: dict[str, torch.Tensor] = {}
    for file, names in step.files:
        if names is None:
            weights |= read_weights(file)
            continue
        weights |= _read_tensors(file, [n for n in names if wanted is None or n in wanted])
    return weights


def _read_tensors(file: Path, names: list[str]) -> dict[str, torch.Tensor]:
    if not names:
        return {}
    try:
        with safe_open(file, "pt") as opened:
            return {name: opened.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise VrnnError(
            f"'{file}' is gone, as the recording was thinned; go to another step"
        ) from error
    except (SafetensorError, OSError) as error:
        raise VrnnError(f"'{file}' is cut short or damaged; go to another step") from error
