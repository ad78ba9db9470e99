"""vrnn from Python: pictures for notebooks, and the window."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition, parse_condition
from vrnn.explanations.results import Explanation
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target, parse_target
from vrnn.media.media import Media
from vrnn.media.media_reader import read_media
from vrnn.network.cka import MIN_IMAGES
from vrnn.network.comparison import Comparison
from vrnn.network.connections import LayerConnections
from vrnn.network.dataset_score import ScoreComparison
from vrnn.network.embedding_methods import (
    DIMENSIONS,
    EMBEDDING_METHODS,
    Dimensions,
    EmbeddingMethod,
)
from vrnn.network.importance import LayerImportance
from vrnn.network.importance_measures import (
    IMPORTANCE_MEASURES,
    PRUNING_RANKINGS,
    PruningRanking,
)
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.model_spec import ModelSpec, model_files
from vrnn.network.results import Ablation, TopImages
from vrnn.storage.log import log_to_stderr, logger
from vrnn.storage.plugins import load_plugins
from vrnn.storage.protected_inputs import protect_inputs
from vrnn.style.color_mapping import ColorRange

if TYPE_CHECKING:
    from PIL.Image import Image

    from vrnn.compute.embedding.embedded_images import EmbeddedImages
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.training.watcher import Watcher

T = TypeVar("T")


def screenshot(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    camera: str = "overview",
    size: tuple[int, int] = (1920, 1080),
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: ColorRange = "map",
    transparent: bool = False,
    **source: Any,
) -> Image:
    """Make a picture of a model with all its feature maps, without a screen.

    Args:
        model: An `nn.Module`, anything `vrnn --model` takes, or a list of them to place side by
            side.
        image: (H, W, 3) uint8, a Pillow image, a file, the number of an image in the model's data
            set, or None for the model's own sample.
        camera: `overview`, `front`, `top`, `input`, `layer:NAME` or `x,y,z,yaw,pitch` (meters,
            degrees).
        size: (width, height) pixels, up to 16384 each.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        arrange: Placement of the layers: `terrace`, `conveyor` or `by resolution`.
        scale: What the colors of a map span: its own range, its `layer`'s or its `network`'s.
        transparent: Whether the picture has no background.
        **source: `weights`, `classes`, `data` (paths), `input_size` (height, width), `device`,
            `text` (through the script's tokenizer).

    Returns:
        RGB or, if transparent, RGBA.

    Raises:
        VrnnError: The model, the image or the camera is wrong, or there is no OpenGL.
    """
    from vrnn.app.offscreen import OffscreenApp

    _prepare()
    shown = None if image is None else _without_pillow(image)
    with OffscreenApp(specs(model, source), load_config(), detail, arrange, scale, shown) as app:
        return app.picture(camera, size, transparent)


def show(
    model: Any = "default",
    image: np.ndarray | str | Path | int | Image | None = None,
    *,
    detail: str = "layers",
    arrange: str = "terrace",
    scale: ColorRange = "map",
    **source: Any,
) -> None:
    """Open a window on a model and return when it is closed.

    Args:
        model: As for `screenshot`.
        image: As for `screenshot`.
        detail: As for `screenshot`.
        arrange: As for `screenshot`.
        scale: As for `screenshot`.
        **source: As for `screenshot`.

    Raises:
        VrnnError: The model or the image is wrong, or no window can be opened.
    """
    from vrnn.app.desktop import DesktopApp

    _prepare()
    options = Options(detail=detail, arrange=arrange, scale=scale)
    images = [] if image is None else [_without_pillow(image)]
    with DesktopApp(options, load_config(), specs(model, source), images) as app:
        app.loop()


def explain(
    model: Any = "default",
    image: Any = None,
    method: str = "epsilon-plus",
    target: str | int | Target = "",
    *,
    layers: str = "*",
    through: Mapping[str, Sequence[int]] | Sequence[str] = (),
    composites: str | Path | None = None,
    detail: str = "layers",
    settings: Mapping[str, Any] | None = None,
    **source: Any,
) -> Explanation:
    """Explain an answer of a model: which pixels, channels and paths speak for it.

        found = vrnn.explain(model, "cat.jpg", target="tabby")
        found.heatmap, found.layers["layer3.0.conv1"].channels, found.sinks
        found.picture().save("why.png")

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        image: As for `screenshot`; or a tensor that is the very input.
        method: A composite of relevance propagation or a gradient method, see docs/explain.md.
        target: A class by name or number, or any other target as `vrnn explain --target` takes it;
            '' for the winning class.
        layers: A pattern that names of layers fit whose relevance is returned.
        through: What relevance may flow through: channels by the name of their layer, or texts such
            as `layer3.0.conv1 #4 @2-5,0-3` (channels; rows and columns).
        composites: A TOML file of your own composites.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        settings: Further settings, see `ExplanationSettings`.
        **source: As for `screenshot`.

    Returns:
        Plain arrays, and a picture on demand.

    Raises:
        VrnnError: The model, the image, the method, the target or a layer is wrong.
    """
    from vrnn.compute.explain.explain import explain as explain_input
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source
    from vrnn.export.layers import matching_layers

    _prepare()
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    is_ready = image is None or hasattr(image, "detach")
    media = image if is_ready else _media(opened, image)
    if not isinstance(target, Target):
        target = parse_target(str(target), opened.source.class_names)
    chosen = ExplanationSettings(
        method, target, _conditions(through),
        None if composites is None else Path(composites), **(settings or {}),
    )  # fmt: skip
    nodes = None if layers == "*" else [
        node.id for node in matching_layers(opened.network.nodes, layers)
    ]  # fmt: skip
    return explain_input(opened, media, chosen, nodes)


def connections(
    model: Any = "default",
    layer: str = "",
    image: Any = None,
    *,
    detail: str = "layers",
    **source: Any,
) -> LayerConnections:
    """Read what connects a layer with those that feed it: its kernels, and what went in.

        found = vrnn.connections("net.py", "layer1.0.conv1", "cat.jpg")
        found.parts[0].kernels, found.steps[-1].maps

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer.
        image: As for `screenshot`.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`.

    Returns:
        Plain arrays; see `vrnn.network.connection_sums` for sums over them.

    Raises:
        VrnnError: The model, the image or the layer is wrong, or nothing in the layer sums maps.
    """
    from vrnn.compute.connections.find_connections import find_connections
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    _prepare()
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    if image is not None:
        media = _media(opened, image)
        opened.run(media, lambda node, maps: None, lambda: None)
    return find_connections(opened, layer)


def importance(
    model: Any = "default",
    target: str | int | Target = "",
    measure: PruningRanking = "gradient",
    *,
    curve: bool = True,
    epochs: int | None = None,
    detail: str = "layers",
    **source: Any,
) -> LayerImportance:
    """Find out how important the channels of all hidden layers are, and what pruning costs.

        found = vrnn.importance("net.py", "tabby", data="photos")
        found.layers["layer1.0.conv1"], found.result.curve.area(281)

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        target: The class, by name or number; `magnitude` and `random` ask for none.
        measure: `gamma`, `relevance`, `gradient`, `magnitude` or `random`.
        curve: Whether it is measured what pruning in this order costs.
        epochs: Of the training of gammas; None for 20.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, the class or the measure is wrong, there is no data set, or nothing
            can be ranked.
    """
    from vrnn.compute.importance.gamma_settings import GammaSettings
    from vrnn.compute.importance.importance import importance_steps
    from vrnn.compute.importance.importance_request import ImportanceRequest
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    _prepare()
    if measure not in PRUNING_RANKINGS:
        raise VrnnError(f"no measure '{measure}': choose one of {', '.join(PRUNING_RANKINGS)}")
    if epochs is not None and epochs < 1:
        raise VrnnError(f"gammas are trained for at least 1 epoch, not for {epochs}")
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    dataset = opened.source.dataset
    if dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give data=FOLDER")
    number = None
    if measure in IMPORTANCE_MEASURES:
        if not isinstance(target, Target):
            target = parse_target(str(target), opened.source.class_names)
        if target.channel is None or target != Target(channel=target.channel):
            raise VrnnError("importance is found for a class; give its name or number as target")
        number = target.channel
    settings = GammaSettings() if epochs is None else GammaSettings(epochs=epochs)
    request = ImportanceRequest(measure, number, curve, settings=settings)
    result = _finish(importance_steps(opened, dataset, request))
    names = {node.id: node.name for node in opened.network.nodes}
    return LayerImportance({names[n]: c for n, c in result.importance.channels.items()}, result)


def compare(
    first: Any,
    second: Any,
    *,
    images: int = 512,
    detail: str = "layers",
    **source: Any,
) -> Comparison:
    """Compare two networks: layers matched, weights, similarity of layers (CKA), and answers.

        found = vrnn.compare("net.py", "tuned.py", data="photos")
        [(one.first, one.relative) for one in found.most_changed]
        found.cka.values  # (layers of the first, layers of the second)

    Args:
        first: As `model` for `screenshot`, one of them; it is left as it was.
        second: The other.
        images: Of the data set that layers are compared over, at most, at least 4; 0 for none.
        detail: How finely the graphs are shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images; for both networks.

    Returns:
        What is found; what is missing of it is told in `notes`.

    Raises:
        VrnnError: A model is wrong, or so few images are asked for.
    """
    from vrnn.compute.comparison.comparison import comparison_steps
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    _prepare()
    if images and images < MIN_IMAGES:
        raise VrnnError(f"layers are compared over at least {MIN_IMAGES} images, not {images}")
    one, other = (LoadedModel(open_source(s), detail) for s in specs([first, second], source))
    return _finish(comparison_steps(one, other, images))


def _finish(steps: Generator[object, None, T]) -> T:
    """Return what steps return at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


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
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source
    from vrnn.compute.scoring.score_dataset import score_steps

    _prepare()
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    if opened.source.dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give one with data=FOLDER")
    opened.editor.apply(opened.view, edits)
    with opened.editor.active():
        return _finish(score_steps(opened, opened.source.dataset, ablations))


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

    _prepare()
    spec = specs(model, source)[0]
    opened = LoadedModel(open_source(spec), detail)
    opened.editor.apply(opened.view, edits)
    with opened.editor.active(), protect_inputs(model_files(spec)):
        return write(opened.source.model, Path(file))


def _media(opened: LoadedModel, image: Any) -> Media:
    """What goes in, of anything that an image may be given as."""
    media = _without_pillow(image)
    if isinstance(media, Path):
        return read_media(media)
    if isinstance(media, int):
        if opened.source.dataset is None:
            raise VrnnError(f"{opened.source.title} has no data set; give an image")
        return opened.source.dataset.image(media)
    return media


def top_images(
    model: Any = "default",
    layer: str = "",
    by: Literal["relevance", "activation"] = "relevance",
    k: int = 9,
    method: str = "epsilon-plus",
    target: str | int | Target = "",
    *,
    detail: str = "layers",
    **source: Any,
) -> TopImages:
    """Find the images of a model's data set that use each channel of a layer most.

        found = vrnn.top_images("net.py", "layer3.0.conv1", target="tabby", data="photos")
        found.images[12], found.values[12]  # of channel 12, the best first

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer.
        by: `relevance`: the share that a channel has of its layer's relevance; or `activation`.
        k: Images for each channel.
        method: A composite, see docs/explain.md.
        target: As for `explain`; '' for the winning class of each image.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, the layer, the method or the target is wrong, or there is no data set.
    """
    from vrnn.compute.analysis.relevant_images import relevant_image_steps
    from vrnn.compute.analysis.top_activations import top_activation_steps
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    _prepare()
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    node = next((n.id for n in opened.network.nodes if n.name == layer), None)
    if node is None:
        raise VrnnError(
            f"{opened.source.title} has no layer '{layer}'; `vrnn graph` lists its layers"
        )
    dataset = opened.source.dataset
    if dataset is None:
        raise VrnnError(f"{opened.source.title} has no data set; give data=FOLDER")
    if by not in ("relevance", "activation"):
        raise VrnnError(f"images are found by relevance or by activation, not by '{by}'")
    if not isinstance(target, Target):
        target = parse_target(str(target), opened.source.class_names)
    steps = (
        top_activation_steps(opened, dataset, node, k, "max")
        if by == "activation"
        else relevant_image_steps(opened, dataset, node, k, ExplanationSettings(method, target))
    )
    return _finish(steps)


def embed(
    model: Any = "default",
    layer: str | Sequence[str] = "pixels",
    method: EmbeddingMethod = "pca",
    dimensions: Dimensions = 2,
    *,
    at: tuple[float, float] | None = None,
    detail: str = "layers",
    **source: Any,
) -> EmbeddedImages:
    """Place the images of a model's data set by the features of a layer.

        found = vrnn.embed("net.py", "layer4.1.add", "tsne", data="photos")
        found.positions, found.images.answers
        found.land(pixels).feature_neighbors
        found.save("cloud.npz")

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer, or `pixels`; several are placed each from where the one before has
            its images, so that these drift.
        method: `pca`, `tsne` (extra `embed`) or `umap` (extra `umap`).
        dimensions: Of the points, 2 or 3.
        at: Features at a position of the maps, as parts of their width and height; None for the
            means of the maps.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images.

    Raises:
        VrnnError: The model, a layer or the method is wrong, there is no data set, or its images
            cannot be placed.
    """
    from vrnn.compute.embedding.embedded_images import EmbeddedImages
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    _prepare()
    if method not in EMBEDDING_METHODS:
        raise VrnnError(f"no method '{method}': choose one of {', '.join(EMBEDDING_METHODS)}")
    if dimensions not in DIMENSIONS:
        raise VrnnError(f"images are placed in 2 or 3 dimensions, not in {dimensions}")
    if at is not None and not all(0 <= part <= 1 for part in at):
        raise VrnnError(f"a position is parts of width and height from 0 to 1, not {at}")
    opened = LoadedModel(open_source(specs(model, source)[0]), detail)
    layers = (layer,) if isinstance(layer, str) else tuple(layer)
    return EmbeddedImages(opened, layers, method, dimensions, at)


def watch(
    model: Any,
    example: Any = None,
    *,
    every: int = 10,
    names: str = "*",
    folder: str | Path | None = None,
    source: Any = "",
    window: bool = True,
    budget_mb: float | None = None,
    gradients: bool = True,
) -> Watcher:
    """Watch a model while it is trained: it is recorded, and a window shows how it learns.

        watcher = vrnn.watch(model, example=images[:1], every=20)
        ...
        watcher.log(loss=loss, accuracy=accuracy)

    The steps of its optimizer are seen by themselves. Training never waits: where writing takes
    longer than the steps, the newest of them is written. What goes wrong with the recording ends it
    with one sentence, and the training goes on. In a training of several processes the first one
    records.

    Args:
        model: The `nn.Module` that is trained.
        example: What goes in in the window: a tensor with a batch, a tuple of those that the model
            takes, or a list of images. Several images are kept beside the recording, up to 64 of
            64 MB: the Training panel has the answers to all, and says which is shown. None for
            what the first pass of the training takes: of a batch of images the first 8, of
            anything else the first sample.
        every: A step in so many is kept.
        names: A pattern that names of weights fit, such as `layer4.*`: only these are kept again
            after the first step.
        folder: Of the recording; None for a new one in `recordings`.
        source: Anything that `vrnn --model` takes and that opens this model in the window; '' for
            the class of the model, where its file can be imported without training, or the
            library that it is of. Where neither opens it, the training is recorded alone.
        window: Whether a window opens, in a process of its own, where there is a screen.
        budget_mb: About how many megabytes the recording may take: when it is larger, ever fewer of
            its later steps are kept. None for 24 times the weights, from 16 to 1024.
        gradients: Whether gradients of kernels are recorded too, of large layers a part.

    Returns:
        The watcher, for `log` and `close`; it also works in a `with`.

    Raises:
        VrnnError: The model has no weights, the folder cannot be written, or an argument is wrong.
    """
    from vrnn.compute.training.watch import watch_model

    _prepare()
    return watch_model(
        model, example, every=every, names=names, source=source, folder=folder, window=window,
        budget_mb=budget_mb, gradients=gradients,
    )  # fmt: skip


def lightning_callback(**settings: Any) -> Any:
    """Return a callback that watches the model of Lightning's trainer.

        trainer = lightning.Trainer(callbacks=[vrnn.lightning_callback(every=20)])

    Args:
        **settings: As for `watch`, all but the model.

    Raises:
        VrnnError: Lightning is not installed.
    """
    from vrnn.compute.training.trainer_callbacks import lightning_callback as make

    _prepare()
    return make(**settings)


def transformers_callback(**settings: Any) -> Any:
    """Return a callback that watches the model of Transformers' trainer.

        trainer = transformers.Trainer(..., callbacks=[vrnn.transformers_callback(every=20)])

    Args:
        **settings: As for `watch`, all but the model.

    Raises:
        VrnnError: Transformers is not installed.
    """
    from vrnn.compute.training.trainer_callbacks import transformers_callback as make

    _prepare()
    return make(**settings)


def _conditions(through: Mapping[str, Sequence[int]] | Sequence[str]) -> tuple[Condition, ...]:
    if isinstance(through, Mapping):
        return tuple(Condition(name, tuple(channels)) for name, channels in through.items())
    return tuple(parse_condition(text) for text in through)


def render(*arguments: Any, **named: Any) -> Image:
    """Make a picture: the former name of `screenshot`."""
    warnings.warn("render is now vrnn.screenshot", DeprecationWarning, stacklevel=2)
    return screenshot(*arguments, **named)


def _prepare() -> None:
    if not logger.hasHandlers():  # else the program around has logging of its own
        log_to_stderr()
    load_plugins()


def specs(model: Any, source: dict[str, Any]) -> tuple[ModelSpec, ...]:
    """Return what to open.

    Args:
        model: One model or a list of them.
        source: Further fields of `ModelSpec`; paths may be given as text.
    """
    models = list(model) if isinstance(model, list | tuple) else [model]
    return tuple(ModelSpec(str(m) if isinstance(m, Path) else m, **source) for m in models)


def _without_pillow(image: Any) -> np.ndarray | Path | int:
    if isinstance(image, str):
        return Path(image)
    if isinstance(image, Path | int | np.ndarray):
        return image
    from vrnn.media.image_reader import to_rgb

    return to_rgb(image)
