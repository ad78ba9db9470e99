"""The work of `vrnn importance`: finds importance class by class, and writes it as files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vrnn.cli.batch_model import dataset_of, only_spec, open_model, tell_skipped
from vrnn.cli.importance_pictures import write_network_pictures
from vrnn.cli.importance_work import work_of
from vrnn.cli.step_progress import run_all, run_steps
from vrnn.compute.importance.class_terms import class_text
from vrnn.compute.importance.gamma_settings import GammaSettings
from vrnn.compute.importance.importance import (
    classes_with_images,
    importance_steps,
    labeled_image_steps,
)
from vrnn.compute.importance.importance_request import ImportanceRequest
from vrnn.compute.importance.labeled_images import LabeledImages
from vrnn.compute.importance.weights import weight_importance
from vrnn.compute.loaded_model import LoadedModel
from vrnn.config.options import ImportanceOptions
from vrnn.errors import VrnnError
from vrnn.explanations.targets import parse_target
from vrnn.export.plot import PlotCurve, draw_plot
from vrnn.export.png import write_png
from vrnn.media.image_set import ImageSet
from vrnn.network.importance import ImportanceResult
from vrnn.network.importance_measures import (
    IMPORTANCE_MEASURES,
    PRUNING_RANKINGS,
    RANKING_TEXT,
    PruningRanking,
)
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.table import write_table
from vrnn.storage.terminal import print_text
from vrnn.style.ranking_colors import RANKING_COLORS

CHANNELS_FILE, CURVES_FILE, WEIGHTS_FILE = "importance.csv", "curves.csv", "weights.npz"


def write_importance(options: ImportanceOptions) -> None:
    """Find the importance of each channel for each class, and what pruning costs, and write both.

    Raises:
        VrnnError: The model, a class or a file is wrong, there is no data set, or nothing of it
            can be ranked.
    """
    spec = only_spec(options.specs(), "one is ranked")
    make_folder(options.out)
    model = open_model(spec, options.detail)
    dataset = dataset_of(model)
    images = run_steps(labeled_image_steps(model, dataset), options.quiet)
    classes = _classes(model, images, options.targets)
    results = _find(model, dataset, images, classes, options)
    tell_skipped(images.skipped)
    _write_channels(options.out / CHANNELS_FILE, model, results)
    _write_curves(options.out / CURVES_FILE, model, results, classes)
    _write_weights(options.out / WEIGHTS_FILE, model)
    for class_index in classes:
        text = class_text(model, class_index)
        picture = draw_plot(
            _plotted(results, class_index), f"{model.source.title}: pruning for {text}",
            "share of channels pruned", f"accuracy for {text}",
        )  # fmt: skip
        write_png(options.out / f"curves-{_file_part(class_index, text)}.png", picture)
    write_network_pictures(options, _pictured(model, images, options, results))
    if not options.quiet:
        _print_areas(model, results, classes)
        print_text(str(options.out))


def _classes(model: LoadedModel, images: LabeledImages, words: Iterable[str]) -> list[int]:
    """The numbers of the classes that are asked for."""
    words = tuple(words)
    if not words:
        return classes_with_images(images)
    found = [parse_target(word, model.source.class_names) for word in words]
    for word, target in zip(words, found, strict=True):
        if target.channel is None or target != type(target)(channel=target.channel):
            raise VrnnError(f"'{word}' is no class; give --class a name or a number")
    return list(dict.fromkeys(t.channel for t in found if t.channel is not None))


def _find(
    model: LoadedModel, dataset: ImageSet, images: LabeledImages, classes: list[int],
    options: ImportanceOptions,
) -> list[ImportanceResult]:  # fmt: skip
    settings = GammaSettings(epochs=options.epochs)
    rankings: list[tuple[PruningRanking, int | None]] = [("magnitude", None), ("random", None)]
    measures = options.measures or IMPORTANCE_MEASURES
    rankings += [(measure, number) for number in classes for measure in measures]
    parts = []
    for ranking, class_index in rankings:
        request = ImportanceRequest(ranking, class_index, True, options.points, settings)
        parts.append((importance_steps(model, dataset, request), work_of(request, images)))
    return run_all(parts, options.quiet)


def _write_channels(path: Path, model: LoadedModel, results: list[ImportanceResult]) -> None:
    names = {node.id: node.name for node in model.network.nodes}
    rows = [
        (names[node], channel, result.importance.ranking, _name(model, result), f"{value:.6g}")
        for result in results
        if result.importance.ranking != "random"
        for node, values in result.importance.channels.items()
        for channel, value in enumerate(values.tolist())
    ]
    write_table(path, [("layer", "channel", "measure", "class", "importance"), *rows])


def _write_curves(
    path: Path, model: LoadedModel, results: list[ImportanceResult], classes: list[int]
) -> None:
    rows = []
    for result in results:
        curve = result.curve
        assert curve is not None
        own = classes if curve.class_index is None else [curve.class_index]
        for number in own:
            text = class_text(model, number)
            for share, overall, accuracy in zip(
                curve.shares.tolist(), curve.accuracy.tolist(),
                curve.class_accuracy[:, number].tolist(), strict=True,
            ):  # fmt: skip
                numbers = (f"{share:.4g}", f"{overall:.4g}", f"{accuracy:.4g}")
                rows.append((curve.ranking, text, *numbers))
    head = ("ranking", "class", "share", "accuracy", "class_accuracy")
    write_table(path, [head, *rows])


def _write_weights(path: Path, model: LoadedModel) -> None:
    """|W| / maximum by pairs of channels, (C_out, C_in / groups) by the name of the layer."""
    names = {node.id: node.name for node in model.network.nodes}
    arrays = {names[node]: one.pairs for node, one in weight_importance(model).items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def _name(model: LoadedModel, result: ImportanceResult) -> str:
    number = result.importance.class_index
    return "" if number is None else class_text(model, number)


def _plotted(results: list[ImportanceResult], class_index: int) -> list[PlotCurve]:
    """The accuracy for a class, by each ranking for it and by those that ask for none."""
    curves = []
    for ranking in PRUNING_RANKINGS:
        for result in results:
            curve = result.curve
            if curve is None or curve.ranking != ranking:
                continue
            if curve.class_index not in (None, class_index):
                continue
            text = f"{RANKING_TEXT[ranking]}  {curve.area(class_index):.3f}"
            values = curve.class_accuracy[:, class_index]
            curves.append(PlotCurve(text, curve.shares, values, RANKING_COLORS[ranking]))
    return curves


def _pictured(
    model: LoadedModel, images: LabeledImages, options: ImportanceOptions,
    results: list[ImportanceResult],
) -> dict[Path, tuple[ImportanceResult, int]]:  # fmt: skip
    """What pictures of the network show, by their files: the first measure that was asked for.

    With each the number of the first image of the class.
    """
    first = (options.measures or IMPORTANCE_MEASURES)[0]
    pictured = {}
    for result in results:
        number = result.importance.class_index
        if number is not None and result.importance.ranking == first:
            name = _file_part(number, class_text(model, number))
            image = int(images.numbers[images.labels == number][0])
            pictured[options.out / f"network-{name}.png"] = result, image
    return pictured


def _print_areas(model: LoadedModel, results: list[ImportanceResult], classes: list[int]) -> None:
    """A table of the areas below the curves: of all classes, and of the one."""
    print_text("area below the pruning curve: all classes, this class")
    for number in classes:
        print_text(f"  {class_text(model, number)}")
        for result in results:
            curve = result.curve
            if curve is not None and curve.class_index in (None, number):
                areas = f"{curve.area():.3f}  {curve.area(number):.3f}"
                print_text(f"    {RANKING_TEXT[curve.ranking]:<30}{areas}")


def _file_part(number: int, text: str) -> str:
    """A class as part of a file's name: nothing that could lead into another folder."""
    name = re.sub(r"[^\w.-]+", "-", text).strip("-.")[:60]
    return name if name == str(number) or not name else f"{number}-{name}"
