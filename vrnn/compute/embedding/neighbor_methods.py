"""t-SNE by openTSNE and UMAP by umap-learn, each in steps, from positions that are given.

t-SNE: van der Maaten and Hinton 2008, interpolated by FFT in two dimensions (Linderman et al.
2019), by Barnes-Hut in three. UMAP: McInnes, Healy and Melville 2018.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
import torch

from vrnn.compute.embedding.blocking_call import blocking_call
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import METHOD_TEXT, EmbeddingMethod

PERPLEXITY, NEIGHBORS = 30.0, 15
"""Of t-SNE and of UMAP, as their authors have them; fewer for few images."""
EARLY_ITERATIONS, ITERATIONS = 250, 500
"""Of t-SNE with and without exaggeration, as openTSNE has them."""
START_DEVIATION = 1e-4
"""Standard deviation of the positions that t-SNE begins with (Kobak and Linderman 2021)."""
UMAP_START_SIZE = 10.0
"""Largest coordinate of the positions that UMAP begins with, as it has it itself."""
ITERATIONS_A_STEP = 10
"""Iterations of t-SNE after which positions are handed on."""
MIN_IMAGES = 5
"""Images below which there are no neighborhoods to keep."""
SEED = 0

PROGRESS_SECONDS = 0.1
"""Between two reports of UMAP on how far it is."""

Positions = np.ndarray
"""(N, D) float64."""


class FittedMethod(Protocol):
    """A placement that is complete, in which other images land."""

    positions: Positions

    def land(self, features: np.ndarray) -> Positions:
        """Return where feature vectors (M, C) land among those that were placed, (M, D)."""


def check_method(method: EmbeddingMethod, count: int) -> None:
    """Check that images can be placed by a method.

    Args:
        method: One of t-SNE and UMAP.
        count: Number of images.

    Raises:
        VrnnError: There are too few, or its library is not installed.
    """
    name = METHOD_TEXT[method]
    if count < MIN_IMAGES:
        raise VrnnError(
            f"{name} needs at least {MIN_IMAGES} images that can be run, and there are {count}; "
            "choose PCA"
        )
    package, extra = ("openTSNE", "embed") if method == "tsne" else ("umap", "umap")
    if find_spec(package) is None:
        raise VrnnError(
            f"{name} needs a library that is not installed; run: pip install 'vrnn[{extra}]', or "
            "choose PCA"
        )


class FittedTSNE:
    """Positions by t-SNE.

    Attributes:
        positions: (N, D).
    """

    def __init__(self, embedding: Any) -> None:
        """Keep what openTSNE returned."""
        self.positions: Positions = np.array(embedding, np.float64)
        self._embedding = embedding

    def land(self, features: np.ndarray) -> Positions:
        """See `FittedMethod`: by openTSNE's transform (Poličar, Stražar and Zupan 2019)."""
        count = len(self.positions)
        perplexity = min(5.0, (count - 1) / 3)
        landed = self._embedding.transform(features, perplexity=perplexity, k=min(25, count - 1))
        return np.asarray(landed, np.float64)


class FittedUMAP:
    """Positions by UMAP.

    Attributes:
        positions: (N, D).
    """

    def __init__(self, reducer: Any) -> None:
        """Keep what umap-learn returned."""
        self.positions: Positions = np.asarray(reducer.embedding_, np.float64)
        self._reducer = reducer

    def land(self, features: np.ndarray) -> Positions:
        """See `FittedMethod`: by the transform of umap-learn."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self._reducer.transform(features), np.float64)


MethodStep = tuple[float, Positions | None]
"""The part that is done, 0…1, and the positions so far; None where the method tells none."""


def tsne_steps(
    features: np.ndarray, start: Positions
) -> Generator[MethodStep, None, FittedTSNE]:  # fmt: skip
    """Place images by t-SNE.

    Args:
        features: (N, C) float32 or float64.
        start: (N, D) to begin with, of any size.

    Yields:
        How far it is, see `MethodStep`.
    """
    import openTSNE

    yield 0.0, None
    count, dimensions = start.shape
    deviation = max(float(np.std(start[:, 0])), 1e-30)

    def fit(hand_over: Callable[[tuple[int, Positions]], None]) -> Any:
        done = 0

        def callback(iteration: int, error: float, embedding: Positions) -> bool:
            nonlocal done
            done += ITERATIONS_A_STEP
            hand_over((done, np.array(embedding, np.float64)))
            return False

        tsne = openTSNE.TSNE(
            n_components=dimensions, perplexity=min(PERPLEXITY, (count - 1) / 3),
            early_exaggeration_iter=EARLY_ITERATIONS, n_iter=ITERATIONS,
            n_jobs=max(1, torch.get_num_threads()), random_state=SEED,
            negative_gradient_method="bh" if dimensions > 2 else "auto",
            callbacks=callback, callbacks_every_iters=ITERATIONS_A_STEP,
        )  # fmt: skip
        embedding = tsne.fit(features, initialization=start / deviation * START_DEVIATION)
        embedding.gradient_descent_params["callbacks"] = None  # others land without them
        return embedding

    latest: MethodStep = 0.0, None
    steps = blocking_call(fit)
    while True:
        try:
            told = next(steps)
        except StopIteration as end:
            return FittedTSNE(end.value)
        if told is not None:
            latest = told[0] / (EARLY_ITERATIONS + ITERATIONS), told[1]
        yield latest


class _Progress:
    """A file to which tqdm, inside of umap-learn, writes how many epochs are done."""

    def __init__(self, hand_over: Callable[[float], None]) -> None:
        self._hand_over = hand_over

    def write(self, text: str) -> int:
        """Take a line such as ` 12/500`."""
        done, _, total = text.strip().partition("/")
        if done.isdecimal() and total.isdecimal() and int(total):
            self._hand_over(int(done) / int(total))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is kept."""


def umap_steps(
    features: np.ndarray, start: Positions
) -> Generator[MethodStep, None, FittedUMAP]:  # fmt: skip
    """Place images by UMAP; see `tsne_steps`. It tells no positions before it is complete.

    The part that is done is that of its epochs: none before all neighbors are found.
    """
    yield 0.0, None

    def fit(hand_over: Callable[[float], None]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import umap

            largest = max(float(np.abs(start).max()), 1e-30)
            reducer = umap.UMAP(
                n_components=start.shape[1], n_neighbors=min(NEIGHBORS, len(start) - 1),
                init=(start / largest * UMAP_START_SIZE).astype(np.float32), random_state=SEED,
                n_jobs=1, tqdm_kwds={
                    "disable": False, "file": _Progress(hand_over), "bar_format": "{n}/{total}",
                    "mininterval": PROGRESS_SECONDS,
                },
            )  # fmt: skip
            return reducer.fit(features)

    part = 0.0
    fitting = blocking_call(fit)
    while True:
        try:
            told = next(fitting)
        except StopIteration as end:
            return FittedUMAP(end.value)
        part = part if told is None else told
        yield part, None
