"""Pictures of what channels look for, by gradient ascent on the input.

A generator yields after each step, so that whoever drives it can show, pause or end it there. The
model is left as it was: only the pictures get gradients, random numbers have a generator of their
own, and modes are put back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch

from vrnn.compute.features.objective_step import NO_GRADIENT, ObjectiveGradient, has_bfloat16_units
from vrnn.compute.features.parametrization import ImageParametrization, data_statistics
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import explain_error, is_out_of_memory
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.compute.passes.partial_forward import PartialForward
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage
from vrnn.features.settings import FeatureVisSettings

DEAD = 24
"""Value, sRGB, of the picture of a channel that nothing changes."""
BYTES = 1 << 30
"""Memory that a batch of pictures may take for layers' values; more go one after another."""
USUAL = {False: 8, True: 256}
"""Pictures at once without and with a GPU: a CPU's cache holds no more."""
FILM, FILM_SIDE = 8, 48
"""Pictures in the film of an ascent, and the largest side of one, pixels."""
UNDIFFERENTIABLE = ("not implemented", "does not require grad", "not differentiable")
NO_MEMORY = (
    "not enough memory for a single picture of this layer; pass a smaller --input-size, or choose "
    "a layer nearer to the input"
)


@dataclass(frozen=True)
class OptimizationProgress:
    """Where an ascent is.

    done: pictures, those in work in part; of: all; step: of steps, of the batch in work; features:
    what there is so far, where it is to be shown; finished: it is what has come of them; said:
    something the user should know.
    """

    done: float
    total: int
    step: int
    steps: int
    images: tuple[FeatureImage, ...] = ()
    finished: bool = False
    notice: str = ""


def optimize(
    model: LoadedModel, node: int, channels: Sequence[int], settings: FeatureVisSettings,
    image: np.ndarray | None = None, *, show_every: float = inf, longest: float = inf,
    first: Callable[[], Sequence[int]] = tuple, stop: Callable[[], None] = lambda: None,
) -> Generator[OptimizationProgress, None, list[FeatureImage]]:  # fmt: skip
    """Ascend for some channels of a node, in batches that fit into memory.

    image: (H, W, 3) uint8 to start from, None for the model's own sample; show_every: seconds after
    which the pictures so far come along; longest: seconds of a step, after slower ones fewer
    pictures are made at once (which can change them by rounding); first: channels that are to come
    first, asked for each batch; stop: raises what is to end a step, asked all through it.
    Returns the features in the order of the channels, each channel's copies together; the
    objectives of the whole layer have one channel, 0.
    Raises VrnnError for a layer without a gradient, an unknown channel, or too little memory.
    """
    form = model.view.map_layouts[node]
    wrong = [c for c in channels if not 0 <= c < form.shape[0]]
    if wrong:
        raise VrnnError(f"this layer has channels 0 to {form.shape[0] - 1}, no channel {wrong[0]}")
    if settings.is_whole_layer:
        channels = [0]
    inputs, _ = model.source.prepare(image)
    first_input = next((t for t in inputs if isinstance(t, torch.Tensor)), None)
    if first_input is None or first_input.dim() != 4 or not first_input.is_floating_point():
        raise VrnnError("this model takes no image, so there is no picture that could be changed")
    left = list(channels)
    most = max(1, min(USUAL[first_input.device.type == "cuda"], _fitting(model, node)))
    found: dict[int, list[FeatureImage]] = {}
    count = len(left) * settings.samples_per_channel
    done = 0
    while left:
        wanted = [c for c in first() if c in left]
        part = list(dict.fromkeys((*wanted, *left)))[: max(1, most // settings.samples_per_channel)]
        jobs = [(c, k) for c in part for k in range(settings.samples_per_channel)]
        try:
            run = _FeatureBatch(model, node, form, jobs, settings, inputs, stop)
            shown = started = time.perf_counter()
            for step in range(1, settings.steps + 1):
                run.step(step)
                now = time.perf_counter()
                features: tuple[FeatureImage, ...] = ()
                if now - shown > show_every:
                    shown, features = now, tuple(run.features())
                at = done + len(jobs) * step / settings.steps
                yield OptimizationProgress(at, count, step, settings.steps, features)
            made = run.features(final=True)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(part) == 1:
                raise VrnnError(NO_MEMORY) from error
            most = len(jobs) // 2
            said = f"too little memory for {len(jobs)} pictures at once: going on with {most}"
            yield OptimizationProgress(done, count, 0, settings.steps, notice=said)
            continue
        if (time.perf_counter() - started) / settings.steps > longest:
            most = max(1, most // 2)
        done += len(made)
        for feature in made:
            found.setdefault(feature.channel, []).append(feature)
        left = [c for c in left if c not in found]
        yield OptimizationProgress(done, count, settings.steps, settings.steps, tuple(made), True)
    return [feature for channel in channels for feature in found[channel]]


def _fitting(model: LoadedModel, node: int) -> int:
    """Pictures at once, so that what the layers up to a node hold stays below what is free."""
    total = 0
    for one in model.network.nodes:
        total += 4 * int(np.prod(one.shape))
        if one.id == node:
            break
    device = next(model.source.model.parameters(), torch.empty(0)).device
    free = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else BYTES
    return max(1, free // max(3 * total, 1))


class _FeatureBatch:
    """Pictures that ascend together."""

    def __init__(
        self, model: LoadedModel, node: int, form: MapLayout, jobs: Sequence[tuple[int, int]],
        settings: FeatureVisSettings, inputs: tuple[object, ...], stop: Callable[[], None],
    ) -> None:  # fmt: skip
        self._model, self._node, self._form, self._jobs = model, node, form, list(jobs)
        self._settings, self._inputs = settings, inputs
        self._run = PartialForward(model.source.model, model.view, node, stop)
        first = next(t for t in inputs if isinstance(t, torch.Tensor))
        self._device = first.device
        mean, std = data_statistics(model.source, first)
        # Each picture's random numbers are its own, whatever batch it is in.
        self._random = [torch.Generator().manual_seed(_seed(settings, c, k)) for c, k in jobs]
        self._pictures = ImageParametrization(
            first, len(self._jobs), settings, mean, std, self._random
        )
        self._channels = torch.tensor([c for c, _ in jobs], device=self._device)
        self._curves: list[list[float]] = [[] for _ in jobs]
        self._good = torch.ones(len(jobs), dtype=torch.bool)
        self._moved = torch.zeros(len(jobs), dtype=torch.bool)
        half = settings.precision == "fast" and has_bfloat16_units(self._device)
        self._climb = ObjectiveGradient(self._scores, half)
        self._film: list[np.ndarray] = []
        self._filmed = snapshot_steps(settings.steps)

    def step(self, number: int) -> None:
        """One step of all that are still good. Raises VrnnError without a gradient."""
        settings = self._settings
        seen = self._pictures.images()
        if number - 1 in self._filmed:
            self._film.append(self._frame(seen))
        plain = number > settings.steps - settings.untransformed_steps
        changed = seen if plain else transform_images(seen, settings, self._random)
        try:
            scores, slope = self._climb(changed.detach())
        except (NotImplementedError, RuntimeError) as error:
            raise _plainly(error) from error
        penalty = self._penalties(seen)
        outputs, slopes = [changed], [slope]
        if penalty is not None:
            outputs, slopes = [changed, -penalty], [slope, torch.ones_like(penalty)]
        gradient = torch.autograd.grad(outputs, self._pictures.values, slopes)[0]
        finite = torch.isfinite(gradient).flatten(1).all(1) & torch.isfinite(scores)
        good = self._good & finite.cpu()
        self._good = good
        self._moved |= good & (gradient.flatten(1).abs().amax(1) > 0).cpu()
        for curve, score, ok in zip(self._curves, scores.tolist(), good.tolist(), strict=True):
            curve.append(score if ok else float("nan"))
        self._pictures.ascend(gradient, good.to(self._device))
        if not plain:
            self._pictures.pull_to_mean(settings.mean_pull, good.to(self._device))

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        """(N,) what each picture makes larger."""
        tensor = self._run(self._with(images))
        if not tensor.is_floating_point():
            raise VrnnError(NO_GRADIENT)
        maps = to_maps(tensor, self._form).float()
        if len(maps) != len(images):
            raise VrnnError("this model takes one image at a time; its layers cannot be ascended")
        own = torch.arange(len(images), device=maps.device)
        settings, extra = self._settings, self._form.prefix_tokens
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
            mean = mean - maps[:, settings.subtracted_channel, extra:].mean(1)
        if settings.diversity > 0 and settings.samples_per_channel > 1:
            mean = mean - settings.diversity * self._alike(maps[:, :, extra:])
        return mean

    def _alike(self, maps: torch.Tensor) -> torch.Tensor:
        """(N,) how alike the copies of a channel are: the cosine of their Gram matrices."""
        gram = torch.einsum("nct,ndt->ncd", maps, maps).flatten(1)
        gram = torch.nn.functional.normalize(gram, dim=1)
        same = self._channels[:, None] == self._channels[None]
        same = same & ~torch.eye(len(maps), dtype=torch.bool, device=maps.device)
        return (gram @ gram.T * same).sum(1) / same.sum(1).clamp_min(1)

    def _penalties(self, images: torch.Tensor) -> torch.Tensor | None:
        """(N,) what is taken away from the objective; None: nothing."""
        settings = self._settings
        if not (settings.l1 or settings.l2 or settings.total_variation):
            return None
        total = torch.zeros(len(images), device=images.device)
        if settings.l1:
            total = total + settings.l1 * images.abs().mean((1, 2, 3))
        if settings.l2:
            total = total + settings.l2 * images.square().mean((1, 2, 3)).sqrt()
        if settings.total_variation:
            down = (images[:, :, 1:] - images[:, :, :-1]).abs().mean((1, 2, 3))
            across = (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3))
            total = total + settings.total_variation * (down + across)
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

    def _frame(self, images: torch.Tensor) -> np.ndarray:
        """(N, h, w, 3) uint8: the pictures at this moment, small."""
        images = images.detach()
        factor = -(-max(images.shape[2:]) // FILM_SIDE)
        if factor > 1:
            images = torch.nn.functional.avg_pool2d(images, factor, ceil_mode=True)
        return self._pictures.to_uint8(images)[0]

    def features(self, final: bool = False) -> list[FeatureImage]:
        """What there is now. final: with the objective on the untransformed pictures."""
        images = self._pictures.images().detach()
        scores = [curve[-1] if curve else 0.0 for curve in self._curves]
        if final:
            with torch.no_grad():
                scores = self._scores(images).tolist()
            self._film.append(self._frame(images))
        shown, seen = self._pictures.to_uint8(images)
        at = range(len(self._jobs))
        dead = ~self._moved.numpy()
        if final:
            dead |= [len(c) > 1 and all(v == c[0] for v in c) for c in self._curves]
        shown[dead] = DEAD  # noise would look like a result
        film = list(zip(*self._film, strict=True)) if self._film else [(shown[i],) for i in at]
        return [
            FeatureImage(
                self._node, channel, copy, shown[i], seen[i], scores[i],
                np.array(self._curves[i], np.float32), bool(dead[i]),
                not bool(self._good[i]), np.stack(film[i]),
            )
            for i, (channel, copy) in enumerate(self._jobs)
        ]  # fmt: skip


def snapshot_steps(steps: int) -> frozenset[int]:
    """Steps after which a picture is taken for the film: more of them early, when most happens."""
    return frozenset(round(steps * (i / (FILM - 1)) ** 2) for i in range(FILM - 1))


def _plainly(error: Exception) -> Exception:
    """An error of the backward pass as a sentence, where it is the layer that has no gradient."""
    text = str(error)
    if isinstance(error, NotImplementedError) or any(words in text for words in UNDIFFERENTIABLE):
        return VrnnError(f"{NO_GRADIENT} ({explain_error(error)})")
    return error


def _seed(settings: FeatureVisSettings, one: int, two: int) -> int:
    return (settings.seed * 1_000_003 + one * 1009 + two) % (2**63 - 1)
