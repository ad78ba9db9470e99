"""The work of `vrnn embed`: runs a data set, places its images, and writes them."""

from __future__ import annotations

from typing import Any

from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.progress import progress_bar
from vrnn.compute.embedding.cloud_file import check_embedding_file, write_embedding
from vrnn.compute.embedding.embedding import EmbeddingRequest, PlacedImages, embedding_steps
from vrnn.compute.embedding.ray_features import collect_on_cluster
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.ray_cluster import RayCluster
from vrnn.config.options import EmbedOptions
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text, printable


def embed_images(options: EmbedOptions) -> None:
    """Place the images of the data set by each layer, and write where they are.

    Raises:
        VrnnError: The model, a layer or the file is wrong, there is no data set, or its images
            cannot be placed.
    """
    check_embedding_file(options.out)
    specs = options.specs()
    if len(specs) > 1:
        raise VrnnError(f"--model is given {len(specs)} times, but one is embedded; give it once")
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        model = LoadedModel(open_source(specs[0]), options.detail)
        for note in model.source.notes:
            logger.warning(note)
        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} has no data set; give one with --data FOLDER")
        chain = tuple(dict.fromkeys(options.layers))
        if cluster is not None:
            _collect(cluster, specs[0], model, dataset, options, chain)
        placed = []
        for number in range(1, len(chain) + 1):
            request = EmbeddingRequest(
                chain[:number], options.method, options.dimensions, options.at
            )
            placed.append(_place(model, dataset, request, options.quiet))
    finally:
        if cluster is not None:
            cluster.close()
    clouds = [one.cloud for one in placed]
    write_embedding(options.out, clouds, dataset, model.source.class_names)
    skipped = clouds[-1].images.skipped
    if skipped:
        number, reason = skipped[0]
        logger.warning(f"{len(skipped)} images are left out, such as image {number}: {reason}")
    if not options.quiet:
        print_text(f"{len(clouds[-1].positions):,} images in {options.out}")


def _place(
    model: LoadedModel, dataset: ImageSet, request: EmbeddingRequest, quiet: bool
) -> PlacedImages:
    steps = embedding_steps(model, dataset, request)
    with progress_bar(1, "", quiet) as bar, logging_redirect_tqdm([logger]):
        bar.bar_format = "{desc}{percentage:3.0f}% {bar} {elapsed}"
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                placed: PlacedImages = end.value
                return placed
            bar.set_description(printable(step.text), refresh=False)
            bar.update(step.done / max(step.total, 1) - bar.n)


def _collect(
    cluster: RayCluster, spec: ModelSpec, model: LoadedModel, dataset: ImageSet,
    options: EmbedOptions, chain: tuple[str, ...],
) -> None:  # fmt: skip
    """Let other machines collect the features, which are then found in the cache."""
    steps: Any = collect_on_cluster(cluster, spec, model, dataset, chain, options.at)
    with progress_bar(1, "images", options.quiet) as bar, logging_redirect_tqdm([logger]):
        for done, total in steps:
            bar.total = total
            bar.update(done - bar.n)
