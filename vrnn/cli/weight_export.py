"""The work of `vrnn export --save-weights`: opens a model, edits its kernels, writes a copy."""

from __future__ import annotations

from vrnn.cli.batch_model import only_spec, open_model
from vrnn.cli.script_changes import apply_script
from vrnn.compute.editing.weight_file import check_weight_file, save_weights
from vrnn.config.options import ExportOptions
from vrnn.network.kernel_edits import edited_count
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text


def export_weights(options: ExportOptions) -> None:
    """Write all weights of a model, with the edits of a script.

    Raises:
        VrnnError: The model, the script or the file is wrong, or the file is one that the model is
            opened from.
    """
    assert options.save_weights is not None
    spec = only_spec(options.specs(), "weights are of one")
    check_weight_file(options.save_weights)
    model = open_model(spec, options.detail)
    if options.play is not None and apply_script(options.play, model):
        logger.warning("ablations change no weights, and are left out")
    with model.editor.active():
        count = save_weights(model.source.model, options.save_weights)
    if not options.quiet:
        text = edited_count(model.editor.edits) or "nothing edited"
        print_text(f"{count} tensors in {options.save_weights}, {text}")
