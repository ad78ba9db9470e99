"""Importance of channels by gammas that are trained for one class against the rest.

nn_vis (https://github.com/julrog/nn_vis) puts a batch norm before each layer of a frozen copy of a
network, trains the norms' gammas with an L1 penalty to tell one class from the rest, and takes
|gamma| for the importance of what the layer takes. Here it is done in the pass of any traced model,
without a copy, and otherwise in these ways:

- The norms have fixed statistics, and the shift that goes with them: batch norm(x) = γ (x − μ) / σ
  + γ μ / σ, with γ = g σ, is g · x. So at g = 1 the network is what it was trained to be, and g = 0
  switches a channel off just as pruning does. A norm with the statistics of its batch would change
  the network before anything is trained. What is trained is g, and |g| is the importance.
- A norm is behind each layer whose channels go on, not before each that takes them, so that a
  residual sum has one for all that take it. In a chain of layers these are the same places.
- The two answers are the class and the rest as the network's own softmax has them: the score of the
  class minus the logarithm of the sum of the exponentials of all others. nn_vis adds up the weights
  of all other classes.
- Images of the class and of the rest weigh the same, where nn_vis takes as many of each.
- Of few images smaller batches are taken (`GammaSettings.batch_size`), and Adam's steps, 1e-3
  there, are longer where so few could not bring a gamma to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import torch

from vrnn.compute.importance.class_terms import class_margins, class_text, not_finite_error
from vrnn.compute.importance.gamma_settings import GammaSettings
from vrnn.compute.importance.labeled_images import LabeledImages
from vrnn.compute.importance.prunable_layers import prunable_nodes, scale_channels
from vrnn.compute.importance.scaled_pass import run_scaled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError

LEARNING_RATE = 1e-3
REACH = 3.0
"""How far a gamma can move in all steps, at least."""


def train_gammas(
    model: LoadedModel, images: LabeledImages, class_index: int,
    settings: GammaSettings | None = None, check_stop: Callable[[], None] = lambda: None,
) -> Generator[tuple[int, int], None, dict[int, np.ndarray]]:  # fmt: skip
    """Train a gamma for each channel. The model is left as it was.

    Args:
        model: The model.
        images: What it is trained with.
        class_index: The class that is told from the rest.
        settings: How; None for `GammaSettings()`.
        check_stop: Raises what is to end it; called for each operation.

    Yields:
        How many images were run, and how many are to be.

    Returns:
        |gamma| by node id, (C,) float32. Layers that no gradient comes from are missing.

    Raises:
        VrnnError: There are images of one side alone, no gradient passes, or numbers are not
            finite.
        GraphChanged: The model took another way than when it was traced.
    """
    training = _Training(model, images, class_index, settings or GammaSettings(), check_stop)
    yield from training.run()
    return training.found()


class _Training:
    """Gammas, and what trains them."""

    def __init__(
        self, model: LoadedModel, images: LabeledImages, class_index: int, settings: GammaSettings,
        check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        self._model, self._images, self._class = model, images, class_index
        self._settings, self._check_stop = settings, check_stop
        self._layouts = prunable_nodes(model.view)
        is_class = images.labels == class_index
        if is_class.all():
            raise VrnnError(
                f"the data set has images of '{class_text(model, class_index)}' alone, which "
                "cannot be told from the rest; choose one with other classes too with --data"
            )
        # Both sides weigh the same, on average 1 an image.
        self._weights = np.where(is_class, 0.5 / is_class.mean(), 0.5 / (~is_class).mean())
        device = next(tensors_in(images.inputs[0])).device
        self._gammas = {
            node: torch.ones(layout.shape[0], device=device, requires_grad=True)
            for node, layout in self._layouts.items()
        }
        self._reached: set[int] = set()

    def run(self) -> Generator[tuple[int, int], None, None]:
        """Train. Yields how many images were run and how many are to be."""
        count, settings = len(self._images.labels), self._settings
        batch = settings.batch_size(count)
        steps = settings.epochs * -(-count // batch)
        rate = max(LEARNING_RATE, REACH / max(steps, 1))
        if not self._gammas:
            return
        optimizer = torch.optim.Adam(list(self._gammas.values()), rate)
        generator = np.random.default_rng(settings.seed)
        done = 0
        for _ in range(settings.epochs):
            order = generator.permutation(count)
            for start in range(0, count, batch):
                chosen = order[start : start + batch]
                optimizer.zero_grad(set_to_none=True)
                total = float(self._weights[chosen].sum())
                for inputs, part in self._images.batches(chosen):
                    self._add_gradients(inputs, part, total)
                    done += len(part)
                    yield done, settings.epochs * count
                self._add_penalty()
                optimizer.step()

    def _add_gradients(self, inputs: Inputs, part: np.ndarray, total: float) -> None:
        device = next(tensors_in(inputs)).device
        is_class = torch.from_numpy((self._images.labels[part] == self._class).astype(np.float32))
        weights = torch.from_numpy(self._weights[part].astype(np.float32) / total)

        def scale(node: int, tensor: torch.Tensor) -> torch.Tensor:
            if not (tensor.is_floating_point() or tensor.is_complex()):
                return tensor
            gamma = self._gammas[node].to(tensor.dtype)
            return scale_channels(tensor, self._layouts[node], gamma)

        def go_back(scores: torch.Tensor) -> None:
            margins = class_margins(scores, self._class)
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                margins, is_class.to(device), reduction="none"
            )
            loss = (losses * weights.to(device)).sum()
            if not bool(torch.isfinite(loss)):
                raise not_finite_error(self._model)
            if loss.requires_grad:
                loss.backward()

        run_scaled(
            self._model, self._images.output, inputs, self._gammas, scale, go_back,
            self._check_stop,
        )  # fmt: skip

    def _add_penalty(self) -> None:
        """The gradient of the L1 penalty, of gammas that take part at all."""
        for node, gamma in self._gammas.items():
            if gamma.grad is not None:
                self._reached.add(node)
                gamma.grad.add_(gamma.detach().sign(), alpha=self._settings.l1)

    def found(self) -> dict[int, np.ndarray]:
        """Return |gamma| by node id."""
        found = {
            node: gamma.detach().abs().float().cpu().numpy()
            for node, gamma in self._gammas.items() if node in self._reached
        }  # fmt: skip
        if not all(np.isfinite(values).all() for values in found.values()):
            raise not_finite_error(self._model)
        return found
