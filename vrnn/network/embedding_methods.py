"""By what the images of a data set are placed; quick to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

EmbeddingMethod = Literal["pca", "tsne", "umap"]
EMBEDDING_METHODS: tuple[EmbeddingMethod, ...] = get_args(EmbeddingMethod)
METHOD_TEXT: Mapping[EmbeddingMethod, str] = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
"""What people read for each method."""
Dimensions = Literal[2, 3]
DIMENSIONS: tuple[Dimensions, ...] = get_args(Dimensions)
