"""How fast an objective grows, and where: one pass forward and back, as fast as the device can."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.errors import VrnnError

Scores = Callable[[torch.Tensor], torch.Tensor]
NO_GRADIENT = (
    "this layer has no gradient: its values are counted, rounded or cut off from the input; "
    "choose another"
)
HALF_UNITS = ("amx_bf16", "avx512_bf16", "sve_bf16", "bf16")
"""Names of processors' abilities to compute with bfloat16."""
WARM_UP = 3
"""Passes before a GPU's are recorded, as torch asks for."""


def has_bfloat16_units(device: torch.device) -> bool:
    """Whether bfloat16 is computed faster than float32 there."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    known = torch.cpu.get_capabilities()
    return any(bool(known.get(name)) for name in HALF_UNITS)


class ObjectiveGradient:
    """Scores of pictures, and the slope of each score.

    On a GPU the pass is recorded once and then replayed, so that Python's part of it is gone.
    """

    def __init__(self, scores: Scores, half: bool) -> None:
        """scores: (N, C, H, W) → (N,); half: in bfloat16 as far as that is safe, channels last."""
        self._scores, self._half = scores, half
        self._recorded: _Recorded | None = None
        self._passes = 0

    def __call__(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N,) scores and (N, C, H, W) slopes. Raises VrnnError without a gradient."""
        if self._half:
            pictures = pictures.to(memory_format=torch.channels_last)
        if pictures.device.type != "cuda":
            return self._careful(pictures)
        self._passes += 1
        if self._passes > WARM_UP and self._recorded is None:
            self._recorded = _Recorded(self._pass, pictures)
        if self._recorded is not None and self._recorded.works:
            return self._recorded(pictures)
        return self._careful(pictures)

    def _careful(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A pass; in full precision from then on, where an operation knows no other."""
        try:
            return self._pass(pictures)
        except RuntimeError as error:
            if not self._half or is_out_of_memory(error):
                raise
            self._half = False
            return self._pass(pictures)

    def _pass(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pictures = pictures.requires_grad_()
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=self._half):
            scores = self._scores(pictures)
        if not scores.requires_grad:
            raise VrnnError(NO_GRADIENT)
        slope = torch.autograd.grad(scores.sum(), pictures, allow_unused=True)[0]
        if slope is None:
            raise VrnnError(NO_GRADIENT)
        return scores.detach(), slope.to(pictures.dtype)


class _Recorded:
    """A pass as a CUDA graph. works: whether this model's could be recorded."""

    def __init__(
        self, run: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]], like: torch.Tensor
    ) -> None:
        self._pictures = like.detach().clone()
        self._graph = torch.cuda.CUDAGraph()
        self.works = True
        try:
            with torch.cuda.graph(self._graph):
                self._result = run(self._pictures)
        except RuntimeError:
            # A model that looks at values on its way cannot be recorded; it runs as it is.
            self.works = False
            torch.cuda.synchronize()

    def __call__(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            self._pictures.copy_(pictures)
        self._graph.replay()
        scores, slope = self._result
        return scores.clone(), slope.clone()
