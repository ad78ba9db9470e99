"""Kernels edited: by hand, replaced by hand-written filters or noise, put back, saved as a copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    check_choice,
    layer_name,
    operation_key,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.export import timestamped
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import (
    KERNEL_CONTENTS,
    KernelContent,
    KernelEdit,
    KernelShape,
    edited_count,
    no_kernels,
    with_edit,
)
from vrnn.network.kernel_filters import edit_problem
from vrnn.scene.layer_names import check_network
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

NOT_EDITED = "no kernel is edited"
OWN: Literal["own"] = "own"
"""The content that puts back what is in the model."""


def kernel_shape(world: World, network: int, layer: str) -> KernelShape:
    """Return the kernels of a layer.

    Raises:
        VrnnError: It has none, or they cannot be edited.
    """
    opened = world.networks[network]
    shape = opened.kernels.get(opened.node_ids[layer])
    if shape is None:
        raise VrnnError(no_kernels(layer))
    if shape.refusal:
        raise VrnnError(shape.refusal)
    return shape


def _count(context: CommandContext) -> str:
    edits = [one for own in context.world.state.edits.values() for one in own]
    return f"{edited_count(edits)}; not saved" if edits else "all kernels are the model's own"


@command(
    "kernel.edit",
    "Edit kernel",
    menu=Menu.LAYER,
    key="CONTROL+F",
    help="replace the filter of the channel you point at by zero, noise, edges, blobs, …, one "
    "after another, and put it back; with Shift, the other way round",
    pointer="Kernel editor panel",
    controller="board: Kernel editor",
)
@dataclass(frozen=True)
class EditKernel(UndoableCommand):
    """Replace a kernel, or all kernels of a filter; the network answers with it from then on.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
        output: The filter: the map of the layer that it makes.
        input: Which of the filter's kernels; none for all.
        content: `own` to put it back, `values`, `zero`, `noise`, `horizontal sobel`,
            `vertical sobel`, `horizontal scharr`, `vertical scharr`, `laplacian`, `blob`, `gabor`,
            `average` or `identity`.
        values: Of `values`: the weights in row-major order.
        angle: Of a Gabor filter, degrees: 0 responds to vertical stripes, 90 to horizontal ones.
        wavelength: Of a Gabor filter, in weights.
        seed: Of noise.
        keeps_norm: Whether what is put there is scaled to the norm of what was there.
    """

    layer: str
    network: int = 0
    output: int = 0
    input: int | None = None
    content: KernelContent | Literal["own"] = "zero"
    values: tuple[float, ...] = ()
    angle: float = 0.0
    wavelength: float = 4.0
    seed: int = 0
    keeps_norm: bool = True

    def apply(self, state: State, world: World) -> State:
        """Give the state with the edit in the place of others that it leaves nothing of."""
        check_choice("content", self.content, (OWN, *KERNEL_CONTENTS))
        network, layer = operation_key(world, self.network, self.layer)
        shape = kernel_shape(world, network, layer)
        if self.content == OWN:
            return RestoreKernels(layer, network, self.output, self.input).apply(state, world)
        edit = KernelEdit(
            layer, self.output, self.input, self.content, self.values, self.angle,
            self.wavelength, self.seed, self.keeps_norm,
        )  # fmt: skip
        if problem := edit_problem(edit, shape):
            raise VrnnError(problem)
        return state.with_edits(network, with_edit(state.edits.get(network, ()), edit))

    def message(self, context: CommandContext) -> str:
        """Say what was put there, how much is edited, and what else uses these weights."""
        network, layer = operation_key(context.world, self.network, self.layer)
        edits = context.world.state.edits.get(network, ())
        text = _count(context)
        if edits and self.content not in (OWN, "values"):
            text = f"{edits[-1].text} · {text}"
        shared = kernel_shape(context.world, network, layer).shared
        return f"{text}; {', '.join(shared)} shares these weights" if shared else text

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Replace the filter that is pointed at by the next content; precisely: by the last."""
        hit = require_layer(hit, "a channel to replace its filter")
        layer, channel = layer_name(context.world, hit), hit.channel
        network, layer = operation_key(context.world, hit.slot, layer)
        shape = kernel_shape(context.world, network, layer)
        if channel < 0:
            raise VrnnError("point at a channel to replace its filter")
        if channel >= shape.outputs:
            raise VrnnError(f"{layer} has no filter {channel}; point at one of its channels")
        contents: list[KernelContent | Literal["own"]] = [OWN]
        contents += [
            content
            for content in KERNEL_CONTENTS[1:]
            if not edit_problem(KernelEdit(layer, channel, content=content), shape)
        ]
        edits = context.world.state.edits.get(network, ())
        now = [one.content for one in edits if one.place == (layer, channel, None)]
        place = contents.index(now[0]) if now and now[0] in contents else 0
        place += -1 if precise else 1
        return cls(layer, network, channel, None, contents[place % len(contents)])


@command(
    "kernel.restore",
    "Restore all kernels",
    menu=Menu.LAYER,
    pointer="Kernel editor panel",
    controller="board: Kernel editor",
)
@dataclass(frozen=True)
class RestoreKernels(UndoableCommand):
    """Restore edited kernels: all, those of a layer, of a filter, or one.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for all layers.
        network: The number of its network, from 0.
        output: The filter; none for all of the layer.
        input: Which of the filter's kernels; none for all.
    """

    layer: str = ""
    network: int | None = None
    output: int | None = None
    input: int | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state without these edits."""
        chosen = state.edits.keys() if self.network is None else [self.network]
        name, before = self.layer, state
        if name:
            number, name = operation_key(world, self.network or 0, name)
            chosen = [number]
        for number in tuple(chosen):
            check_network(world, number)
            kept = (e for e in state.edits.get(number, ()) if not self._means(e, name))
            state = state.with_edits(number, tuple(kept))
        if state == before:
            raise VrnnError(NOT_EDITED + (f" in {name}" if name else ""))
        return state

    def _means(self, edit: KernelEdit, layer: str) -> bool:
        return (
            (not layer or edit.layer == layer)
            and (self.output is None or edit.output == self.output)
            and (self.input is None or edit.input == self.input)
        )

    def message(self, context: CommandContext) -> str:
        """Say how much is still edited."""
        return _count(context)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Put all kernels back."""
        if not context.world.state.edits:
            raise VrnnError(NOT_EDITED)
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, RestoreKernels]]:
        """Yield the one that puts all back."""
        yield "Restore all kernels", cls()


@command(
    "export.weights",
    "Save weights as a copy",
    menu=Menu.SESSION,
    pointer="Session menu; Kernel editor panel",
    controller="board: Session",
)
@dataclass(frozen=True)
class SaveWeights(Command):
    """Write all weights of a network, with the edits of its kernels, as a safetensors file.

    Attributes:
        file: Where to; never the file that the weights came from.
        network: The number of the network, from 0.
    """

    SUFFIX: ClassVar[str] = ".safetensors"

    file: Path
    network: int = 0

    def run(self, context: CommandContext) -> None:
        """Begin to write it."""
        check_network(context.world, self.network)
        context.workspace.kernels.save(self.file, self.network)

    @property
    def written_file(self) -> Path:
        """The weights."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a file named by the time."""
        slot = 0 if hit is None or hit.slot not in context.world.networks else hit.slot
        return cls(timestamped(f"-weights{cls.SUFFIX}"), slot)
