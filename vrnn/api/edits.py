"""A model with edited kernels: its score on its data set, its weights as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vrnn.api.sources import finish, opened_model, prepare, specs
from vrnn.errors import VrnnError
from vrnn.network.dataset_score import ScoreComparison
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.model_spec import model_files
from vrnn.network.results import Ablation
from vrnn.storage.protected_inputs import protect_inputs


def score(
    model: Any = "default",
    edits: Sequence[KernelEdit] = (),
    ablations: Sequence[Ablation] = (),
    *,
    detail: str = "layers",
    **source: Any,
) -> ScoreComparison:
    """Score a model's whole data set, before edits and ablations and with them.

        found = vrnn.score("digits", [vrnn.KernelEdit("stem.0", 0, content="vertical sobel")])
        found.now.accuracy, found.now.confusion, found.became_wrong

    Args:
        model: As for `screenshot`, one of them, with a data set; it is left as it was.
        edits: Kernels that are replaced, in this order.
        ablations: What is ablated (`vrnn.network.results.Ablation`).
        detail: How finely the graph is shown, which gives layers their names.
        **source: As for `screenshot`, such as `data`.

    Raises:
        VrnnError: The model, an edit or an ablation is wrong, or there is no data set whose answers
            are right or wrong.
    """
    from vrnn.compute.scoring.score_dataset import score_steps

    prepare()
    opened = opened_model(model, source, detail)
    if opened.source.dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give one with data=FOLDER")
    opened.editor.apply(opened.view, edits)
    with opened.editor.active():
        return finish(score_steps(opened, opened.source.dataset, ablations))


def save_weights(
    model: Any, file: str | Path, edits: Sequence[KernelEdit] = (), *, detail: str = "layers",
    **source: Any,
) -> int:  # fmt: skip
    """Write all weights of a model with edited kernels, as a safetensors file.

        vrnn.save_weights("digits", "edited.safetensors", [vrnn.KernelEdit("stem.0", 0)])

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        file: Where to; never one that the model is opened from.
        edits: Kernels that are replaced, in this order.
        detail: How finely the graph is shown, which gives layers their names.
        **source: As for `screenshot`.

    Returns:
        Number of tensors.

    Raises:
        VrnnError: The model, an edit or the file is wrong.
    """
    from vrnn.compute.editing.weight_file import save_weights as write
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    prepare()
    spec = specs(model, source)[0]
    opened = LoadedModel(open_source(spec), detail)
    opened.editor.apply(opened.view, edits)
    with opened.editor.active(), protect_inputs(model_files(spec)):
        return write(opened.source.model, Path(file))
