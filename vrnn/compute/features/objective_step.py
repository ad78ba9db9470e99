"""An objective and its gradient: one pass forward and back, as fast as the device can."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.errors import VrnnError

ObjectiveFunction = Callable[[torch.Tensor], torch.Tensor]
"""From (N, C, H, W) images to (N,) values."""
NO_GRADIENT = (
    "this layer has no gradient: its values are counted, rounded or cut off from the input; "
    "choose another"
)
BFLOAT16_CAPABILITIES = ("amx_bf16", "avx512_bf16", "sve_bf16", "bf16")
"""What torch calls processors' abilities to compute with bfloat16."""
WARM_UP_PASSES = 3
"""Passes before one is recorded on a GPU, as torch asks for."""


def has_bfloat16_units(device: torch.device) -> bool:
    """Return whether bfloat16 is faster than float32 on a device."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in BFLOAT16_CAPABILITIES)


class ObjectiveGradient:
    """Computes the objective of each image of a batch, and its gradient.

    On a GPU the pass is recorded once and then replayed, so that Python's part of it is gone.
    """

    def __init__(self, objective: ObjectiveFunction, use_bfloat16: bool) -> None:
        """Prepare to compute.

        Args:
            objective: The objective.
            use_bfloat16: Whether to compute in bfloat16 as far as that is safe, channels last.
        """
        self._objective, self._use_bfloat16 = objective, use_bfloat16
        self._recorded: _RecordedPass | None = None
        self._pass_count = 0

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute one pass.

        Args:
            images: (N, C, H, W) float.

        Returns:
            (N,) objectives and (N, C, H, W) gradients.

        Raises:
            VrnnError: The objective has no gradient.
        """
        if self._use_bfloat16:
            images = images.to(memory_format=torch.channels_last)
        if images.device.type != "cuda":
            return self._run_safely(images)
        self._pass_count += 1
        if self._pass_count > WARM_UP_PASSES and self._recorded is None:
            self._recorded = _RecordedPass(self._run, images)
        if self._recorded is not None and self._recorded.works:
            return self._recorded(images)
        return self._run_safely(images)

    def _run_safely(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A pass; in full precision from then on if an operation does not know bfloat16."""
        try:
            return self._run(images)
        except RuntimeError as error:
            if not self._use_bfloat16 or is_out_of_memory(error):
                raise
            self._use_bfloat16 = False
            return self._run(images)

    def _run(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        images = images.requires_grad_()
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._use_bfloat16):
            objectives = self._objective(images)
        if not objectives.requires_grad:
            raise VrnnError(NO_GRADIENT)
        gradient = torch.autograd.grad(objectives.sum(), images, allow_unused=True)[0]
        if gradient is None:
            raise VrnnError(NO_GRADIENT)
        return objectives.detach(), gradient.to(images.dtype)


class _RecordedPass:
    """A pass as a CUDA graph.

    Attributes:
        works: Whether this model's could be recorded.
    """

    def __init__(
        self, run: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]], like: torch.Tensor
    ) -> None:
        self._images = like.detach().clone()
        self._graph = torch.cuda.CUDAGraph()
        self.works = True
        try:
            with torch.cuda.graph(self._graph):
                self._result = run(self._images)
        except RuntimeError:
            # A model that looks at values on its way cannot be recorded; it runs as it is.
            self.works = False
            torch.cuda.synchronize()

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            self._images.copy_(images)
        self._graph.replay()
        objectives, gradient = self._result
        return objectives.clone(), gradient.clone()
