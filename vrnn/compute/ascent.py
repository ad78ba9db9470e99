"""Pictures of what channels look for, by gradient ascent on the input.

A generator yields after each step, so that whoever drives it can show, pause or end it there. The
model is left as it was: only the pictures get gradients, random numbers have a generator of their
own, and modes are put back.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vrnn.compute.axes import spread
from vrnn.compute.blame import is_out_of_memory
from vrnn.compute.form import Form
from vrnn.compute.needed import Shortest
from vrnn.compute.opened import OpenedModel
from vrnn.compute.parametrization import Pictures, data_statistics
from vrnn.compute.transforms import transformed
from vrnn.errors import VrnnError
from vrnn.features import Ascent, Feature

NO_GRADIENT = (
    "this layer has no gradient: its values are counted, rounded or cut off from the input; "
    "choose another"
)
DEAD = 24
"""Value, sRGB, of the picture of a channel that nothing changes."""
BYTES = 1 << 30
"""Memory that a batch of pictures may take for layers' values; more go one after another."""


@dataclass(frozen=True)
class Reached:
    """Where an ascent is: channels first … last of `of` in this batch, after a step of steps.

    features: what there is so far, where it is to be shown; finished: it is what has come of them.
    """

    first: int
    last: int
    of: int
    step: int
    steps: int
    features: tuple[Feature, ...] = ()
    finished: bool = False


def ascend(
    model: OpenedModel, node: int, channels: Sequence[int], settings: Ascent,
    image: np.ndarray | None = None, show_every: int = 10,
) -> Generator[Reached, None, list[Feature]]:  # fmt: skip
    """Ascend for some channels of a node, in batches that fit into memory.

    image: (H, W, 3) uint8 to start from, None for the model's own sample; show_every: steps after
    which the pictures so far come along. Returns the features, by channel and copy.
    Raises VrnnError for a layer without a gradient, an unknown channel, or too little memory.
    """
    form = model.view.forms[node]
    wrong = [c for c in channels if not 0 <= c < form.shape[0]]
    if wrong:
        raise VrnnError(f"this layer has channels 0 to {form.shape[0] - 1}, no channel {wrong[0]}")
    inputs, _ = model.source.prepare(image)
    jobs = [(channel, copy) for channel in channels for copy in range(settings.copies)]
    batch = max(1, min(len(jobs), _fitting(model, node)))
    found: list[Feature] = []
    while len(found) < len(jobs):
        part = jobs[len(found) : len(found) + batch]
        try:
            run = _Batch(model, node, form, part, settings, inputs)
            for step in range(1, settings.steps + 1):
                run.step(step)
                shown = () if step % show_every else tuple(run.features())
                yield Reached(
                    len(found), len(found) + len(part), len(jobs), step, settings.steps, shown
                )
            made = run.features(final=True)
        except RuntimeError as error:
            if not is_out_of_memory(error) or batch == 1:
                raise
            batch = max(1, batch // 2)
            continue
        found += made
        yield Reached(
            len(found) - len(made), len(found), len(jobs), settings.steps, settings.steps,
            tuple(made), True,
        )  # fmt: skip
    return found


def _fitting(model: OpenedModel, node: int) -> int:
    """Pictures at once, so that what the layers up to a node hold stays below BYTES."""
    total = 0
    for one in model.network.nodes:
        total += 4 * int(np.prod(one.shape))
        if one.id == node:
            break
    return max(1, BYTES // max(3 * total, 1))


class _Batch:
    """Pictures that ascend together."""

    def __init__(
        self, model: OpenedModel, node: int, form: Form, jobs: Sequence[tuple[int, int]],
        settings: Ascent, inputs: tuple[object, ...],
    ) -> None:  # fmt: skip
        self._model, self._node, self._form, self._jobs = model, node, form, list(jobs)
        self._settings, self._inputs = settings, inputs
        self._run = Shortest(model.source.model, model.view, node)
        first = next(t for t in inputs if isinstance(t, torch.Tensor))
        self._device = first.device
        mean, std = data_statistics(model.source, first)
        # Each picture's random numbers are its own, whatever batch it is in.
        self._random = [torch.Generator().manual_seed(_seed(settings, c, k)) for c, k in jobs]
        self._pictures = Pictures(first, len(self._jobs), settings, mean, std, self._random)
        self._channels = torch.tensor([c for c, _ in jobs], device=self._device)
        self._curves: list[list[float]] = [[] for _ in jobs]
        self._good = torch.ones(len(jobs), dtype=torch.bool)
        self._moved = torch.zeros(len(jobs), dtype=torch.bool)

    def step(self, number: int) -> None:
        """One step of all that are still good. Raises VrnnError without a gradient."""
        settings = self._settings
        seen = self._pictures.images()
        plain = number > settings.steps - settings.plain_steps
        changed = seen if plain else transformed(seen, settings, self._random)
        scores = self._scores(changed)
        if not scores.requires_grad:
            raise VrnnError(NO_GRADIENT)
        penalty = self._penalties(seen)
        gradient = torch.autograd.grad((scores - penalty).sum(), self._pictures.values)[0]
        finite = torch.isfinite(gradient).flatten(1).all(1) & torch.isfinite(scores)
        good = self._good & finite.cpu()
        self._good = good
        self._moved |= good & (gradient.flatten(1).abs().amax(1) > 0).cpu()
        for curve, score, ok in zip(self._curves, scores.tolist(), good.tolist(), strict=True):
            curve.append(score if ok else float("nan"))
        self._pictures.move(gradient, good.to(self._device))
        if not plain:
            self._pictures.pull(settings.towards, good.to(self._device))

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        """(N,) what each picture makes larger."""
        tensor = self._run(self._with(images))
        if not tensor.is_floating_point():
            raise VrnnError(NO_GRADIENT)
        maps = spread(tensor, self._form)
        if len(maps) != len(images):
            raise VrnnError("this model takes one image at a time; its layers cannot be ascended")
        own = torch.arange(len(images), device=maps.device)
        settings, extra = self._settings, self._form.extra
        if settings.objective == "layer":
            return maps.square().mean((1, 2))
        if settings.objective == "direction":
            if len(settings.direction) != maps.shape[1]:
                raise VrnnError(f"the direction should have {maps.shape[1]} numbers")
            way = torch.tensor(settings.direction, device=maps.device, dtype=maps.dtype)
            return torch.einsum("nct,c->n", maps[:, :, extra:], way) / maps[:, 0, extra:].shape[1]
        chosen = maps[own, self._channels]
        if settings.objective == "neuron":
            height, width = self._form.shape[1:]
            row, column = settings.position or (height // 2, width // 2)
            if not (0 <= row < height and 0 <= column < width):
                raise VrnnError(f"maps of this layer are {height}×{width}; there is no such unit")
            return chosen[:, extra + row * width + column]
        mean = chosen[:, extra:].mean(1)
        if settings.objective == "difference":
            mean = mean - maps[:, settings.other, extra:].mean(1)
        if settings.diversity > 0 and settings.copies > 1:
            mean = mean - settings.diversity * self._alike(maps[:, :, extra:])
        return mean

    def _alike(self, maps: torch.Tensor) -> torch.Tensor:
        """(N,) how alike the copies of a channel are: the cosine of their Gram matrices."""
        gram = torch.einsum("nct,ndt->ncd", maps, maps).flatten(1)
        gram = torch.nn.functional.normalize(gram, dim=1)
        same = self._channels[:, None] == self._channels[None]
        same = same & ~torch.eye(len(maps), dtype=torch.bool, device=maps.device)
        return (gram @ gram.T * same).sum(1) / same.sum(1).clamp_min(1)

    def _penalties(self, images: torch.Tensor) -> torch.Tensor:
        settings = self._settings
        total = torch.zeros(len(images), device=images.device)
        if settings.l1:
            total = total + settings.l1 * images.abs().mean((1, 2, 3))
        if settings.l2:
            total = total + settings.l2 * images.square().mean((1, 2, 3)).sqrt()
        if settings.variation:
            down = (images[:, :, 1:] - images[:, :, :-1]).abs().mean((1, 2, 3))
            across = (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3))
            total = total + settings.variation * (down + across)
        return total

    def _with(self, images: torch.Tensor) -> tuple[object, ...]:
        """The model's inputs with these for the first, the others repeated."""
        replaced = False
        result: list[object] = []
        for one in self._inputs:
            if isinstance(one, torch.Tensor) and not replaced:
                replaced = True
                result.append(images)
            elif isinstance(one, torch.Tensor):
                result.append(one.expand(len(images), *one.shape[1:]))
            else:
                result.append(one)
        return tuple(result)

    def features(self, final: bool = False) -> list[Feature]:
        """What there is now. final: with the objective on the untransformed pictures."""
        images = self._pictures.images().detach()
        scores = [curve[-1] if curve else 0.0 for curve in self._curves]
        if final:
            with torch.no_grad():
                scores = self._scores(images).tolist()
        shown, seen = self._pictures.as_bytes(images)
        dead = ~self._moved.numpy()
        if final:
            dead |= [all(value == curve[0] for value in curve) for curve in self._curves]
        shown[dead] = DEAD  # noise would look like a result
        return [
            Feature(
                self._node, channel, copy, shown[i], seen[i], scores[i],
                np.array(self._curves[i], np.float32), bool(dead[i]),
                not bool(self._good[i]),
            )
            for i, (channel, copy) in enumerate(self._jobs)
        ]  # fmt: skip


def _seed(settings: Ascent, one: int, two: int) -> int:
    return (settings.seed * 1_000_003 + one * 1009 + two) % (2**63 - 1)
