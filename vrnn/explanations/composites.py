"""Composites: which rule of layer-wise relevance propagation each linear operation has.

They are tables of configs/composites.toml, or of a file of the user's own, in the same form:

    [mine]
    attention = "half"

    [[mine.rules]]          # the first that fits an operation counts
    depth = [0, 0]          # linear operations between it and the input, 0 for the first
    rule = "flat"

    [[mine.rules]]
    layer = "features.*"    # the path of the module it runs in
    operation = "conv*"
    rule = "gamma"
    gamma = 0.1
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from vrnn.errors import VrnnError
from vrnn.storage.input_file import read_text
from vrnn.storage.limits import Range
from vrnn.storage.serialization import check_fields, from_dict

RuleName = Literal[
    "epsilon", "z-plus", "gamma", "alpha-beta", "flat", "w-square", "box", "pass", "gradient"
]
"""Bach et al. 2015 (epsilon, alpha-beta), Montavon et al. 2017 (z-plus, w-square, box), Montavon
et al. 2019 (gamma), Lapuschkin et al. 2019 (flat); `pass`, for batch norms that follow no linear
operation, gives the input all; `gradient` is the plain gradient."""
Products = Literal["half", "fixed"]
"""What becomes of a product of two activations: each takes half of its relevance, or, in
attention, the values take all of it, and the weights are held fixed."""
Others = Literal["propagate", "gradient"]
"""What becomes of all operations that are not linear: a rule each, or the plain gradient."""
Stabilizer = Annotated[float, Range(0, 1e9)]
Depth = Annotated[int, Range(0, 1_000_000)]


@dataclass(frozen=True)
class LayerRule:
    """Which linear operations have which rule.

    Attributes:
        rule: Its name.
        layer: A pattern that the path of the module fits in which an operation runs.
        operation: A pattern that its canonical name fits, such as `conv*` or `linear`.
        depth: The least and the greatest number of linear operations between it and the input, on
            the longest way; () for any.
        epsilon: Added to the denominator, with its sign.
        gamma: How much more positive contributions count, for `gamma`.
        alpha: Weight of positive contributions, for `alpha-beta`.
        beta: Weight of negative ones; alpha − beta is 1.
        bias: Whether the bias takes its share of relevance, which then ends there.
    """

    rule: RuleName
    layer: str = "*"
    operation: str = "*"
    depth: tuple[Depth, ...] = ()
    epsilon: Stabilizer = 1e-6
    gamma: Annotated[float, Range(0, 1e6)] = 0.25
    alpha: Annotated[float, Range(0, 1e6)] = 2.0
    beta: Annotated[float, Range(0, 1e6)] = 1.0
    bias: bool = False

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            VrnnError: One is not allowed.
        """
        check_fields(self)
        if self.rule == "alpha-beta" and abs(self.alpha - self.beta - 1) > 1e-9:
            raise VrnnError(
                f"alpha − beta should be 1, so that relevance is neither made nor lost; alpha = "
                f"{self.alpha:g} and beta = {self.beta:g} are given"
            )
        if self.rule == "pass" and self.operation != "batch_norm":
            raise VrnnError("rule 'pass' is for batch norms; give it operation = \"batch_norm\"")
        if self.depth and len(self.depth) != 2:
            raise VrnnError("depth should be two numbers, such as [0, 3]")

    def fits(self, layer: str, operation: str, depth: int) -> bool:
        """Return whether an operation has this rule.

        Args:
            layer: Path of the module in which it runs.
            operation: Its canonical name.
            depth: Linear operations between it and the input.
        """
        is_deep = not self.depth or self.depth[0] <= depth <= self.depth[1]
        return is_deep and fnmatchcase(layer, self.layer) and fnmatchcase(operation, self.operation)


GRADIENT = LayerRule("gradient")


@dataclass(frozen=True)
class Composite:
    """A rule for each operation.

    Attributes:
        rules: Of linear operations; the first that fits counts, `gradient` where none does.
        attention: Of products with attention weights.
        stabilizer: Added, with its sign, to what sums of two layers and average pools divide by.
        others: Of all other operations.
    """

    rules: tuple[LayerRule, ...] = ()
    attention: Products = "fixed"
    stabilizer: Stabilizer = 1e-6
    others: Others = "propagate"

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            VrnnError: One is not allowed.
        """
        check_fields(self)

    @property
    def conserves(self) -> bool:
        """Whether relevance and named sinks sum to the target's value."""
        return self.others == "propagate"

    def rule_of(self, layer: str, operation: str, depth: int) -> LayerRule:
        """Return the rule of a linear operation; see `LayerRule.fits`."""
        return next((r for r in self.rules if r.fits(layer, operation, depth)), GRADIENT)


def load_composites(file: Path | None = None) -> dict[str, Composite]:
    """Read all composites, by name.

    Args:
        file: A TOML file of the user's own, whose composites are added; None for none.

    Raises:
        VrnnError: The file cannot be read, or holds something else.
    """
    text = resources.files("vrnn.configs").joinpath("composites.toml").read_text(encoding="utf-8")
    composites = _parse(text, "composites.toml")
    if file is not None:
        composites |= _parse(read_text(file, "the composites"), str(file))
    return composites


def _parse(text: str, title: str) -> dict[str, Composite]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VrnnError(f"'{title}' is not valid TOML: {error}") from error
    composites = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise VrnnError(f"'{title}' should hold tables such as [{name}], with rules in each")
        composites[name] = from_dict(Composite, table, f"'{name}' in '{title}'", Path())
    return composites
