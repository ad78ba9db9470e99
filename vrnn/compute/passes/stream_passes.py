"""Passes of a stream of images with weights that are packed once, where they give the same.

The first frame runs as usual. Then it runs again with packed weights, and all layers are compared:
a model that depends on the order of values in memory, or on chance, goes on as usual.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import torch

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.passes.capture_mode import CaptureMode, NodeRecords, OnOutput
from vrnn.compute.passes.folded_norms import CannotFold, CheckingMode, FoldedNorms, PackedMode
from vrnn.compute.passes.prepacked_weights import PrepackedWeights
from vrnn.compute.passes.replay import MakeMode, Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import list_tensors
from vrnn.network.results import Ablation

AGREEMENT = 1e-3
"""Of a layer's peak, by which values may differ that were summed in another order."""
PROBES = 4096
"""Values of a layer that are compared, at most about twice as many."""

Probes = dict[int, torch.Tensor]
"""Some values of each layer, by node id."""


class StreamPasses:
    """Runs the frames of a stream.

    Attributes:
        weights: The packed weights.
        refusal: Why weights are not packed; '' where they are, or may be.
    """

    def __init__(self, replay: Replay, view: GraphView) -> None:
        """Begin without frames.

        Args:
            replay: Runs the model.
            view: The graph whose nodes are handed out.
        """
        self._replay = replay
        self._norms = FoldedNorms(view)
        self._agrees = False
        self.weights = PrepackedWeights()
        self.refusal = ""

    def run(
        self, inputs: Inputs, on_output: OnOutput, ablations: Iterable[Ablation], room: float
    ) -> Any:
        """Run a frame.

        Args:
            inputs: The model's arguments.
            on_output: See `Replay.run`.
            ablations: What is ablated.
            room: Bytes that packed weights may take.

        Returns:
            The model's result.

        Raises:
            GraphChanged: See `Replay.run`.
        """
        if self.weights.nbytes > room:
            self.weights.clear()
        self.weights.room = room
        is_packed = room > 0 and not self.refusal and _is_on_processor(inputs)
        if not is_packed or ablations:
            return self._replay.run(inputs, on_output, ablations)
        if not self._agrees:
            return self._run_first(inputs, on_output)
        try:
            return self._replay.run(inputs, on_output, make_mode=self._make_mode(PackedMode))
        except CannotFold:
            self._unfold()
            return self._replay.run(inputs, on_output, make_mode=self._make_mode(PackedMode))
        except RuntimeError as error:  # another path, which reads memory in its order
            self._refuse(str(error))
            return self._replay.run(inputs, on_output)

    def _run_first(self, inputs: Inputs, on_output: OnOutput) -> Any:
        """Run a frame as usual, and then with packed weights to compare both."""
        usual: Probes = {}

        def keep(node: int, tensor: torch.Tensor) -> None:
            usual[node] = _probe(tensor)
            on_output(node, tensor)

        result = self._replay.run(inputs, keep, make_mode=self._norms.noting_mode)
        reason = self._difference(inputs, usual)
        if reason and self._norms:
            self._unfold()
            reason = self._difference(inputs, usual)
        self._agrees = not reason
        if reason:
            self._refuse(reason)
        return result

    def _difference(self, inputs: Inputs, usual: Probes) -> str:
        """Run a frame with packed weights, and say why it is not as usual; '' if it is."""
        differs: list[int] = []

        def compare(node: int, tensor: torch.Tensor) -> None:
            if not _agree(usual.get(node), _probe(tensor)):
                differs.append(node)

        modes: list[CheckingMode] = []

        def make_mode(by_call: dict[int, NodeRecords], take: OnOutput) -> CaptureMode:
            modes.append(CheckingMode(by_call, take, self.weights, self._norms))
            return modes[-1]

        try:
            self._replay.run(inputs, compare, make_mode=make_mode)
        except Exception as error:  # whatever a model's own code raises
            return str(error) or "it fails"
        wanted = modes[-1].wanted()
        if wanted:
            self._unfold(wanted)
            return self._difference(inputs, usual)
        return "layers give other values" if differs else ""

    def _unfold(self, convolutions: Collection[int] | None = None) -> None:
        self._norms.drop(convolutions)
        self.weights.clear()

    def _refuse(self, reason: str) -> None:
        self.refusal = reason
        self.weights.clear()

    def _make_mode(self, kind: type[PackedMode]) -> MakeMode:
        return lambda by_call, take: kind(by_call, take, self.weights, self._norms)


def _is_on_processor(inputs: Inputs) -> bool:
    return all(tensor.device.type == "cpu" for tensor in list_tensors(inputs))


def _probe(tensor: torch.Tensor) -> torch.Tensor:
    """(N,) some values of a tensor, and its extremes."""
    if tensor.layout != torch.strided or tensor.is_quantized:
        tensor = tensor.to_dense() if not tensor.is_quantized else tensor.dequantize()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    flat = tensor.detach().reshape(-1).double()
    if not flat.numel():
        return flat.clone()
    some = flat[:: max(1, flat.numel() // PROBES)]
    return torch.cat([some, flat.amin()[None], flat.amax()[None]])


def _agree(usual: torch.Tensor | None, packed: torch.Tensor) -> bool:
    """Whether values are the same but for rounding."""
    if usual is None or usual.shape != packed.shape:
        return False
    finite = torch.nan_to_num(usual, posinf=0.0, neginf=0.0)
    peak = float(finite.abs().max()) if finite.numel() else 0.0
    return torch.allclose(usual, packed, rtol=0.0, atol=AGREEMENT * peak, equal_nan=True)
