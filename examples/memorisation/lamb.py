"""Lamb: Adam with a step for each weight as long as the weight (You et al. 2020).

https://arxiv.org/abs/1904.00962
"""

from collections.abc import Iterable

import torch
from torch import nn


class Lamb(torch.optim.Optimizer):
    """Lamb, as in algorithm 2 of the paper; biases and norms take steps of Adam.

    Args:
        parameters: What is trained.
        lr: Length of a step, in lengths of a weight.
        betas: Decay of the means of gradients and of their squares.
        eps: Added to the root of the mean square.
        weight_decay: Of weights of two or more axes.
        max_norm: Gradients are scaled so that all together are at most so long.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float,
        betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-6,
        weight_decay: float = 0.01, max_norm: float = 1.0,
    ):  # fmt: skip
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, settings)
        self.max_norm = max_norm

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        weights = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        torch.nn.utils.clip_grad_norm_(weights, self.max_norm)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)

    def _update(self, weight: nn.Parameter, group: dict) -> None:
        state, (beta1, beta2) = self.state[weight], group["betas"]
        if not state:
            state["step"] = 0
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        state["mean"].lerp_(weight.grad, 1 - beta1)
        state["square"].mul_(beta2).addcmul_(weight.grad, weight.grad, value=1 - beta2)
        mean = state["mean"] / (1 - beta1 ** state["step"])
        square = state["square"] / (1 - beta2 ** state["step"])
        update = mean / (square.sqrt() + group["eps"])
        length = group["lr"]
        if weight.ndim > 1:
            update += group["weight_decay"] * weight
            norm, other = float(weight.norm()), float(update.norm())
            length *= norm / other if norm and other else 1.0
        weight.sub_(update, alpha=length)
