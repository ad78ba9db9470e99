"""The work of `vrnn embed`: runs a data set, places its images, and writes them."""

from __future__ import annotations

from typing import Any

from tqdm.contrib.logging import logging_redirect_tqdm

from vrnn.cli.batch_model import dataset_of, only_spec, open_model, tell_skipped
from vrnn.cli.progress import progress_bar
from vrnn.cli.step_progress import run_steps
from vrnn.compute.embedding.cloud_file import check_embedding_file, write_embedding
from vrnn.compute.embedding.embedding import EmbeddingRequest, embedding_steps
from vrnn.compute.embedding.ray_features import collect_on_cluster
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.ray_cluster import RayCluster
from vrnn.config.options import EmbedOptions
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text


def embed_images(options: EmbedOptions) -> None:
    """Place the images of the data set by each layer, and write where they are.

    Raises:
        VrnnError: The model, a layer or the file is wrong, there is no data set, or its images
            cannot be placed.
    """
    check_embedding_file(options.out)
    spec = only_spec(options.specs(), "one is embedded")
    cluster = RayCluster(options.ray) if options.ray else None
    try:
        model = open_model(spec, options.detail)
        dataset = dataset_of(model)
        chain = tuple(dict.fromkeys(options.layers))
        if cluster is not None:
            _collect(cluster, spec, model, dataset, options, chain)
        placed = []
        for number in range(1, len(chain) + 1):
            request = EmbeddingRequest(
                chain[:number], options.method, options.dimensions, options.at
            )
            placed.append(run_steps(embedding_steps(model, dataset, request), options.quiet))
    finally:
        if cluster is not None:
            cluster.close()
    clouds = [one.cloud for one in placed]
    write_embedding(options.out, clouds, dataset, model.source.class_names)
    tell_skipped(clouds[-1].images.skipped)
    if not options.quiet:
        print_text(f"{len(clouds[-1].positions):,} images in {options.out}")


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
