"""The work of `vrnn score`: opens a model, plays changes, scores the data set, writes files."""

from __future__ import annotations

from vrnn.cli.batch_model import dataset_of, only_spec, open_model, tell_skipped
from vrnn.cli.script_changes import apply_script
from vrnn.cli.step_progress import run_steps
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.scoring.score_dataset import score_steps
from vrnn.config.options import ScoreOptions
from vrnn.export.score import export_score
from vrnn.network.dataset_score import ScoreComparison
from vrnn.scene.visuals.confusion_board import score_lines
from vrnn.storage.atomic import make_folder
from vrnn.storage.terminal import print_text


def write_score(options: ScoreOptions) -> None:
    """Score a data set, and write tables and confusion matrices.

    Raises:
        VrnnError: The model, the script or a file is wrong, there is no data set, or it cannot be
            scored.
    """
    spec = only_spec(options.specs(), "one is scored")
    make_folder(options.out)
    model = open_model(spec, options.detail)
    dataset = dataset_of(model)
    ablations = () if options.play is None else apply_script(options.play, model)
    with model.editor.active():
        found = run_steps(score_steps(model, dataset, ablations), options.quiet)
    export_score(options.out, found, model.source.class_names, dataset)
    _tell(found, options, model)


def _tell(found: ScoreComparison, options: ScoreOptions, model: LoadedModel) -> None:
    tell_skipped(found.skipped)
    if options.quiet:
        return
    for line in score_lines(found, model.source.class_names):
        print_text(line)
    if found.has_change:
        print_text(
            f"{len(found.became_wrong)} images became wrong, {len(found.became_right)} right"
        )
    print_text(str(options.out))
