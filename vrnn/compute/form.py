"""How a tensor is read as feature maps: which axis is the batch, the channels, the grid."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """How one result is read as maps.

    shape: (C, H, W) as shown. order: of the axes once the batch axis is taken away:
        `chw`: any shape, read as it lies and reshaped to (C, H, W);
        `hwc`: (…, C), the channels last, the others folded to H, W;
        `tokens`: (T, C), of which the first `extra` are class or register tokens, then H·W in rows.
    batch: index of the batch axis (the first sample is shown); None: there is no such axis.
    """

    shape: tuple[int, int, int]
    order: str = "chw"
    extra: int = 0
    batch: int | None = 0
