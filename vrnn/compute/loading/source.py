"""The model that the user asked for, opened from the package, a script, a library or Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from vrnn.compute.loading.calling_forms import resize_images
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.cube_model import cube_model
from vrnn.compute.loading.example_file import Sample, read_examples
from vrnn.compute.loading.example_inputs import ExampleInput, find_example_input
from vrnn.compute.loading.factories import from_factory
from vrnn.compute.loading.foreign_weights import saved_model_advice
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.keras_models import from_keras
from vrnn.compute.loading.model_evidence import config_class_names
from vrnn.compute.loading.onnx.models import from_onnx
from vrnn.compute.loading.own_normalization import settle_normalization
from vrnn.compute.loading.preprocessing import Prepared, preprocess
from vrnn.compute.loading.script import from_script
from vrnn.compute.loading.shipped_models import SHIPPED, sample_photograph
from vrnn.compute.loading.timm_models import from_timm
from vrnn.compute.loading.torchvision_models import from_torchvision
from vrnn.compute.loading.transformers_models import from_transformers
from vrnn.compute.loading.weights import load_weights
from vrnn.compute.model_attributes import attribute
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_leaves, with_sample
from vrnn.compute.tracing.module_stack import named_modules, named_parameters
from vrnn.default.choice import default_model
from vrnn.errors import VrnnError, error_text
from vrnn.media.image_set import MAX_TRIED_IMAGES, ImageSet, image_folder
from vrnn.media.media import Example, Media
from vrnn.network.model_code import trust_models
from vrnn.network.model_spec import (
    CUBE,
    ModelSpec,
    is_model_file,
    split_script_name,
    without_download,
)
from vrnn.storage.input_file import read_text

_DEFAULT_DTYPE = torch.get_default_dtype()


class ModelSource:
    """A model ready to run, and what belongs to it.

    Attributes:
        model: The model, on its device.
        title: What it is called.
        class_names: Names of the classes that it predicts.
        random_weights: Whether its weights are untrained.
        notes: Sentences for the user about its weights and its input.
        token_names: The text of each token that goes in, where the input is text.
        parameters: Number of its parameters.
        device: Where it runs.
        dataset: Images for it; None if there are none.
        default_dtype: Torch's default type of numbers while it runs: a script may set it.
        candidate: The model as it was found.
        examples: The images that it was watched with; () for none.
    """

    def __init__(
        self,
        candidate: ModelCandidate,
        example: ExampleInput,
        device: torch.device,
        notes: tuple[str, ...],
        examples: tuple[Sample, ...] = (),
    ) -> None:
        """Gather what is known of a model.

        Args:
            candidate: The model as it was found, with weights loaded and put on the device.
            example: Inputs that it takes.
            device: Where it runs.
            notes: Sentences for the user about its weights.
            examples: The images that it was watched with, the first of them in `example`.
        """
        self.examples = examples
        self.model = candidate.model
        self.title = candidate.title
        self.class_names = candidate.class_names
        self.random_weights = candidate.random_weights
        self.notes = (*notes, *example.notes)
        self.token_names = example.token_names
        self.parameters = sum(p.numel() for _, p in named_parameters(candidate.model))
        self.device = device
        self.default_dtype = torch.get_default_dtype()
        self.dataset: ImageSet | None = candidate.dataset
        self.candidate, self._example = candidate, example

    def example_inputs(self) -> ModelInputs:
        """Return inputs to trace the model with."""
        return self._example.inputs

    def turn_text(self, slot: InputSlot) -> None:
        """Give the model the tokens of a text down its first axis from now on.

        Args:
            slot: The input that takes them.
        """
        example = self._example
        leaves = iter(range(len(leaves_in(example.inputs))))
        inputs: ModelInputs = map_leaves(
            example.inputs, lambda leaf: leaf.T if next(leaves) == slot.index else leaf
        )
        self._example = replace(example, inputs=inputs)

    @property
    def image_slot(self) -> InputSlot | None:
        """The input that takes an image; None if there is none."""
        return self._example.image_slot

    @property
    def slots(self) -> tuple[InputSlot, ...]:
        """Which of the inputs take an image, a sound, a text and the like."""
        return self._example.slots

    @property
    def takes_images(self) -> bool:
        """Whether an image or the frames of a video go in."""
        return self._example.takes_pictures

    def prepare(self, media: Media | None) -> Prepared:
        """Make inputs from an image or another medium.

        Args:
            media: (H, W, 3) uint8 or another medium; None for the model's own sample: its example
                input, or the first image of the data set that can be read, or a photograph. An
                `Example` is one of `examples`, where there is such a one, else the own sample.

        Returns:
            The inputs, with a picture of what goes in, and what the user should know of it.

        Raises:
            VrnnError: The script's transform failed.
        """
        example, note = self._example, ""
        if isinstance(media, Example):
            inputs = example.inputs
            if 0 < media.number < len(self.examples):
                inputs = with_sample(inputs, self.examples[media.number])
            return preprocess(self.candidate, inputs, example.slots, None)
        if media is None and example.is_guessed and example.takes_pictures:
            media = self.dataset.first() if self.dataset else None
            if media is None:
                media = sample_photograph()
                note = _unreadable_note(self.dataset) if self.dataset else ""
        prepared = preprocess(self.candidate, example.inputs, example.slots, media)
        return prepared._replace(note=prepared.note or note)


def _unreadable_note(images: ImageSet) -> str:
    tried = min(MAX_TRIED_IMAGES, len(images))
    which = f"the first {tried} of {len(images):,}" if tried < len(images) else f"all {tried}"
    return (
        f"{which} images of the data set cannot be read; a photograph that comes with vrnn goes in"
    )


def open_source(spec: ModelSpec) -> ModelSource:
    """Find and build a model, put it on its device, load its weights, and find out its input.

    Args:
        spec: What the user asked for.

    Raises:
        VrnnError: Anything is wrong with it.
    """
    device = _find_device(spec.device)
    if not isinstance(spec.model, nn.Module):  # what another script has set is its own
        torch.set_default_dtype(_DEFAULT_DTYPE)
    trust_models([spec])  # whoever asks for it has been asked, where a file named it
    candidate = _find_candidate(spec if spec.weights is None else without_download(spec))
    notes = candidate.notes
    if spec.weights is not None:
        notes += load_weights(candidate.model, spec.weights)
        candidate = replace(candidate, random_weights=False)
    if not candidate.class_names:
        candidate = replace(candidate, class_names=config_class_names(candidate.model))
    if spec.classes is not None:
        candidate = replace(candidate, class_names=_read_class_names(spec.classes))
    if spec.data is not None:
        candidate = replace(candidate, dataset=image_folder(spec.data))
    examples: tuple[Sample, ...] = ()
    if spec.example is not None:
        examples = read_examples(spec.example)
        candidate = replace(candidate, example_input=examples[0])
    if candidate.example_input is None:  # as Lightning's modules may carry it
        carried = attribute(candidate.model, "example_input_array")
        candidate = replace(candidate, example_input=carried)
    _put_on(candidate, device)
    example = find_example_input(candidate, spec.input_size, device, spec.text)
    settled = settle_normalization(candidate, example)
    notes += settled.notes[len(candidate.notes) :]
    if spec.input_size is not None:
        size = spec.input_size
        examples = tuple(tuple(resize_images(t, size) for t in sample) for sample in examples)
    return ModelSource(settled, example, device, notes, examples)


def _put_on(candidate: ModelCandidate, device: torch.device) -> None:
    """Move a model, and the modules in its plain lists, to a device.

    What is on the meta device stays there: functional ensembles keep a template there.
    """
    tensors = [*candidate.model.parameters(), *candidate.model.buffers()]
    if tensors and all(tensor.is_meta for tensor in tensors):
        raise VrnnError(
            f"the weights of '{candidate.title}' are on the meta device, so they hold no numbers; "
            'build the model without it, or call model.to_empty(device="cpu") and load weights, '
            "in the script"
        )
    try:
        if any(tensor.is_meta for tensor in tensors):
            candidate.model._apply(lambda t: t if t.is_meta else t.to(device))
        else:
            candidate.model.to(device)
        registered = {id(module) for module in nn.Module.modules(candidate.model)}
        for _, module in named_modules(candidate.model):
            if id(module) not in registered:
                module.to(device)
    except (RuntimeError, NotImplementedError) as error:
        reason = error_text(error)[:200]
        raise VrnnError(f"'{candidate.title}' cannot be put on {device}: {reason}") from error


def _find_candidate(spec: ModelSpec) -> ModelCandidate:
    model = spec.model
    if isinstance(model, nn.Module):
        return ModelCandidate(model, type(model).__name__, random_weights=False)
    text = str(model)
    text = default_model() if text == "default" else text
    if text in SHIPPED:
        return SHIPPED[text]()
    if text.startswith("torchvision:"):
        return from_torchvision(text.removeprefix("torchvision:"))
    if text.startswith("timm:"):
        return from_timm(text.removeprefix("timm:"))
    if text.startswith("hf:"):
        return from_transformers(text.removeprefix("hf:"))
    if text.startswith(CUBE):
        return cube_model(Path(text.removeprefix(CUBE)))
    path, name = split_script_name(text)
    if path.suffix.lower() == ".onnx":
        return from_onnx(path, spec.input_size)
    if is_model_file(path):
        return from_keras(path, spec.input_size)
    if (path / "saved_model.pb").is_file():
        raise VrnnError(saved_model_advice(path))
    if path.suffix == ".py":
        return from_script(path, name)
    if ":" in text and not Path(text).exists():
        return from_factory(text)
    raise VrnnError(
        f"no model '{text}': give script.py, script.py:Name, torchvision:NAME, timm:NAME, "
        "hf:OWNER/NAME, net.onnx, net.keras, package.module:factory, imagenet, digits or default"
    )


def _read_class_names(path: Path) -> tuple[str, ...]:
    lines = read_text(path, "the class names").splitlines()
    names = tuple(line.strip() for line in lines)
    while names and not names[-1]:
        names = names[:-1]
    if not names:
        raise VrnnError(f"there are no class names in '{path}'; write one on each line")
    return names


def _find_device(name: str) -> torch.device:
    available = ["cpu"]
    if torch.cuda.is_available():
        available += [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        available.append("mps")
    if name == "auto":
        return torch.device("cuda:0" if "cuda:0" in available else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise VrnnError(f"no device '{name}'; available: {', '.join(available)}") from error
    full_name = f"{device.type}:{device.index or 0}" if device.type == "cuda" else device.type
    if full_name not in available:
        raise VrnnError(f"no device '{name}' on this machine; available: {', '.join(available)}")
    return device
