"""The work of `vrnn explain`: explains images, and writes a folder for each.

Each image is explained by itself, so that a run that was ended continues where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.batch_model import open_model
from vrnn.cli.explain_folder import ExplainFolder, ImageResult, origin
from vrnn.cli.progress import progress_bar
from vrnn.cli.top_images_files import write_top_images
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.faithfulness import flip_pixels
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.ray_cluster import RayCluster
from vrnn.config.options import ExplainOptions
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import parse_condition
from vrnn.explanations.results import FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import parse_target
from vrnn.export.layers import matching_layers
from vrnn.features.presets import parse_value
from vrnn.media.image_set import image_folder
from vrnn.media.media_reader import read_media
from vrnn.network.model_spec import ModelSpec
from vrnn.network.predictions import ClassScores
from vrnn.storage.log import logger
from vrnn.storage.serialization import from_dict
from vrnn.storage.terminal import print_text

TOP_SCORES = 5
"""Classes whose scores are written."""


class UnreadableImage(VrnnError):
    """A file holds no image, which ends no run over a folder of them."""


def explain_images(options: ExplainOptions) -> None:
    """Explain all images that are not explained yet.

    Raises:
        VrnnError: A model, an image, a setting, a target or a layer is wrong, the folder holds
            explanations made in another way, or a file cannot be written.
    """
    images = _images(options.images)
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        specs = options.specs()
        for spec in specs:
            model = open_model(spec, options.detail)
            settings = read_settings(options, model)
            nodes = _wanted(options.layers, model)
            title = re.sub(r"[^\w.-]+", "-", model.source.title)
            path = options.out if len(specs) == 1 else options.out / title
            made_of = origin(model, settings, options.layers, options.faithfulness)
            folder = ExplainFolder(path, made_of, images)
            task = _Task(spec, model, options, settings, nodes)
            _explain_model(task, folder, images, cluster)
            if options.top_images:
                write_top_images(model, settings, options.top_images, path, options.quiet)
    finally:
        if cluster is not None:
            cluster.close()


def read_settings(options: ExplainOptions, model: LoadedModel) -> ExplanationSettings:
    """Return the settings that a command line asks for.

    Args:
        options: The command line.
        model: The model, which knows the names of classes.

    Raises:
        VrnnError: One is wrong.
    """
    table: dict[str, Any] = {}
    names = [f.name for f in fields(ExplanationSettings)][4:-1]
    for given in options.settings:
        key, equals, value = given.partition("=")
        if not equals or key.strip() not in names:
            raise VrnnError(f"'{given}' should be NAME=VALUE with one of {', '.join(names)}")
        table[key.strip()] = parse_value(value.strip())
    settings = from_dict(ExplanationSettings, table, "--set", Path())
    return replace(
        settings,
        method=options.method,
        target=parse_target(options.target, model.source.class_names),
        conditions=tuple(parse_condition(text) for text in options.through),
        composites=options.composites,
    )


def _images(given: tuple[Path, ...]) -> list[Path | None]:
    """The files, and those in folders; None for the model's own sample."""
    images: list[Path | None] = []
    for path in given:
        images += [Path(file) for file in image_folder(path).files] if path.is_dir() else [path]
    return images or [None]


def _wanted(pattern: str, model: LoadedModel) -> tuple[int, ...]:
    if not pattern:
        return ()
    return tuple(node.id for node in matching_layers(model.network.nodes, pattern))


class _Task:
    """What is to be done with each image of one model."""

    def __init__(
        self, spec: ModelSpec, model: LoadedModel, options: ExplainOptions,
        settings: ExplanationSettings, nodes: tuple[int, ...],
    ) -> None:  # fmt: skip
        self.model, self.options = model, options
        self.arguments = spec, options.detail, settings, nodes, options.faithfulness

    def results(
        self, images: list[Path | None], cluster: RayCluster | None
    ) -> Iterator[tuple[Path | None, ImageResult]]:
        """Yield images with their explanations, in whatever order."""
        if cluster is None:
            _, _, settings, nodes, faithfulness = self.arguments
            for image in images:
                try:
                    yield image, explain_file(self.model, image, settings, nodes, faithfulness)
                except UnreadableImage as error:
                    if len(images) == 1:
                        raise
                    logger.warning(f"{error}; it is left out")
            return
        calls = [(*self.arguments, image) for image in images]
        for number, result in cluster.run(_explain_elsewhere, calls):
            yield images[number], result


def _explain_model(
    task: _Task, folder: ExplainFolder, images: list[Path | None], cluster: RayCluster | None
) -> None:
    left = [image for image in images if not folder.has(image)]
    quiet = task.options.quiet
    with progress_bar(len(left), "images", quiet) as bar, logging_redirect_tqdm([logger]):
        for image, result in task.results(left, cluster):
            for note in result.explanation.notes:
                logger.warning(note)
            folder.add(image, result, task.model.network)
            bar.update()
    if not quiet:
        count = f"{len(images)} images" if len(images) > 1 else "1 image"
        print_text(f"{count} explained by {task.arguments[2].method} in {folder.path}")


@lru_cache(maxsize=1)
def _open_model(spec: ModelSpec, detail: str) -> LoadedModel:
    return LoadedModel(open_source(spec), detail)


def _explain_elsewhere(
    spec: ModelSpec, detail: str, settings: ExplanationSettings, nodes: tuple[int, ...],
    faithfulness: bool, image: Path | None,
) -> ImageResult:  # fmt: skip
    """Explain an image, on whatever machine this runs."""
    return explain_file(_open_model(spec, detail), image, settings, nodes, faithfulness)


def explain_file(
    model: LoadedModel, image: Path | None, settings: ExplanationSettings, nodes: tuple[int, ...],
    faithfulness: bool,
) -> ImageResult:  # fmt: skip
    """Explain one image.

    Args:
        model: The model.
        image: The file; None for the model's own sample.
        settings: How.
        nodes: Ids of the layers whose relevance is wanted.
        faithfulness: Whether pixels are flipped.
    """
    try:
        media = None if image is None else read_media(image)
    except VrnnError as error:
        raise UnreadableImage(str(error)) from error
    explanation = explain(model, media, settings, nodes)
    curves = None
    if faithfulness:
        for step in flip_pixels(model, media, explanation, settings):
            curves = step if isinstance(step, FlippingCurves) else None
    given = prepare_input(model, media)
    size = (1, 1) if given.image is None else (given.image.shape[0], given.image.shape[1])
    scores: dict[str, float] = {}
    for output in model.predict(given.inputs, size):
        if isinstance(output, ClassScores) and not scores:
            names = model.source.class_names
            for i in (-output.logits).argsort(kind="stable")[:TOP_SCORES].tolist():
                name = names[i] if i < len(names) else f"class {i}"
                scores[name] = float(output.logits[i])
    return ImageResult(explanation, scores, curves)
