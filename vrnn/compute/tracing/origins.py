"""Where the numbers in each tensor of a traced pass came from, views and in-place writes included.

A tensor remembers the operation that made it, a storage the last one that wrote into it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from vrnn.compute.operators.receptive_field import PixelField, join_fields
from vrnn.compute.operators.receptive_field_rules import global_field
from vrnn.compute.operators.receptive_field_views import (
    Geometry,
    lies_within,
    pull_back,
    push_through_view,
)
from vrnn.compute.tracing.tensor_table import TensorTable
from vrnn.compute.tracing.tensors import is_wrapped, storage_of, unwrapped

_CONSTANT = -1
"""In place of a record's id: of a constant, or of a weight as it is made ready for use."""
Parameters = tuple[nn.Parameter, ...]


class TensorOrigin(NamedTuple):
    """Where a tensor came from.

    Attributes:
        record: Id of the record that made it.
        time: When, counted in recorded operations.
        pixel_field: Which pixels of the input its positions can depend on; None if on none.
        parameters: Parameters that it was made of, if no record made it: of a reshaped, normalized
            or merged weight.
        is_curved: Whether an activation has been applied to those.
    """

    record: int
    time: int
    pixel_field: PixelField | None = None
    parameters: Parameters = ()
    is_curved: bool = False

    @property
    def has_record(self) -> bool:
        """Whether an operation of the graph made it."""
        return self.record != _CONSTANT

    @property
    def depends_on_input(self) -> bool:
        """Whether it was made from the input, not from constants and weights only."""
        return self.pixel_field is not None


class _StorageWrite(NamedTuple):
    """The last write into a storage.

    Attributes:
        record: Id of the record that wrote.
        time: When, counted in recorded operations.
        pixel_field: Field of all that was written there so far, as seen through a tensor of
            `geometry`.
        geometry: Geometry of that tensor; None if there is no such tensor and the field is global.
        parameters: Parameters of which something was written there, if no record wrote.
    """

    record: int
    time: int
    pixel_field: PixelField | None
    geometry: Geometry | None
    parameters: Parameters = ()


class OriginTable:
    """The origins of all tensors that exist in a pass."""

    def __init__(self) -> None:
        self._origins: TensorTable[TensorOrigin] = TensorTable()
        self._writes: dict[int, _StorageWrite] = {}
        self._time = 0
        self._kept_alive: list[torch.Tensor] = []  # a storage's address must not be used twice

    def advance(self) -> None:
        """Note that another operation has run."""
        self._time += 1

    def get(self, tensor: torch.Tensor) -> TensorOrigin | None:
        """Return where the numbers in a tensor last came from; None if no one recorded it."""
        origin = self._origins.get(tensor)
        if origin is None and is_wrapped(tensor):
            return self.get(unwrapped(tensor))
        if not self._writes:
            return origin
        try:
            storage = tensor.untyped_storage()._cdata
        except (RuntimeError, NotImplementedError):  # sparse and other tensors without a storage
            return origin
        write = self._writes.get(storage)
        if write is None or (origin is not None and origin.time >= write.time):
            return origin
        before = origin.pixel_field if origin is not None else None
        if write.record == _CONSTANT:
            if origin is not None and origin.has_record:
                return origin
            own = () if origin is None else origin.parameters
            return TensorOrigin(_CONSTANT, write.time, None, (*own, *write.parameters))
        pixel_field = _field_after_write(Geometry.of(tensor), before, write)
        return TensorOrigin(write.record, write.time, pixel_field)

    def find_alias(self, tensor: torch.Tensor) -> TensorOrigin | None:
        """Return the origin of a tensor with the same memory; None if there is none.

        For a view that was made where no one saw it.
        """
        storage = storage_of(tensor)
        if storage is None:
            return None
        found = [
            origin for other, origin in self._origins.items()
            if not is_wrapped(other) and storage_of(other) == storage
        ]  # fmt: skip
        return max(found, key=lambda origin: origin.time) if found else None

    def set(
        self,
        tensor: torch.Tensor,
        record: int,
        pixel_field: PixelField | None,
    ) -> None:
        """Note that a record has made a tensor.

        Args:
            tensor: The tensor.
            record: Id of the record.
            pixel_field: Which pixels its positions can depend on.
        """
        self._set(tensor, TensorOrigin(record, self._time, pixel_field))

    def set_origin(self, tensor: torch.Tensor, origin: TensorOrigin) -> None:
        """Note that a tensor comes from where another one came from."""
        self._set(tensor, origin._replace(time=self._time))

    def set_constant(
        self, tensor: torch.Tensor, parameters: Parameters = (), is_curved: bool = False
    ) -> None:
        """Note that a tensor is a constant, or made of parameters alone.

        Args:
            tensor: The tensor.
            parameters: See `TensorOrigin`.
            is_curved: See `TensorOrigin`.
        """
        origin = TensorOrigin(_CONSTANT, self._time, None, parameters, is_curved)
        self._set(tensor, origin)

    def set_constant_written(self, tensor: torch.Tensor, parameters: Parameters = ()) -> None:
        """Note that what was written through a tensor into its storage is a constant.

        Args:
            tensor: The tensor that was written to.
            parameters: Those that the constant is made of.
        """
        before = self.get(tensor)
        if before is not None and before.has_record:
            return
        own = () if before is None else before.parameters
        self.set_constant(tensor, (*own, *parameters))
        if parameters:
            self._kept_alive.append(tensor)
            storage = tensor.untyped_storage()._cdata
            old = self._writes.get(storage)
            if old is None or old.record == _CONSTANT:
                others = () if old is None else old.parameters
                self._writes[storage] = _StorageWrite(
                    _CONSTANT, self._time, None, None, (*others, *parameters)
                )

    def forget_write(self, tensor: torch.Tensor) -> None:
        """Note that all of a tensor's storage is written anew by a constant."""
        self._writes.pop(tensor.untyped_storage()._cdata, None)
        self.set_constant(tensor)

    def _set(self, tensor: torch.Tensor, origin: TensorOrigin) -> None:
        self._origins[tensor] = origin
        while is_wrapped(tensor):
            tensor = unwrapped(tensor)
            self._origins[tensor] = origin

    def set_written(
        self, tensor: torch.Tensor, record: int,
        pixel_field: PixelField | None,
    ) -> None:  # fmt: skip
        """Note that a record has written through a tensor into its storage.

        Args:
            tensor: The tensor that was written to.
            record: Id of the record.
            pixel_field: Which pixels the written positions can depend on.
        """
        self._kept_alive.append(tensor)
        self._merge_write(tensor, record, pixel_field)
        origin = self._origins.get(tensor)
        if origin is None or not origin.has_record:
            self.set(tensor, record, pixel_field)

    def _merge_write(self, tensor: torch.Tensor, record: int, written: PixelField | None) -> None:
        """Add to the field of all that was written into a storage so far."""
        while is_wrapped(tensor):
            tensor = unwrapped(tensor)
        storage = tensor.untyped_storage()._cdata
        before, geometry = self._writes.get(storage), Geometry.of(tensor)
        seen_through: Geometry | None = geometry
        if written is None or (before is not None and before.pixel_field is None):
            both = (written, None if before is None else before.pixel_field)
            fields = [field for field in both if field is not None]
            written, seen_through = (global_field(fields) if fields else None), None
        elif before is None or before.pixel_field is None:
            pass
        elif before.geometry is None:
            written, seen_through = global_field([before.pixel_field, written]), None
        elif before.geometry != geometry:
            if lies_within(geometry, before.geometry):
                seen_through = before.geometry
                written = pull_back(written, geometry, seen_through)
                written = join_fields([before.pixel_field, written], seen_through.shape)
            elif not lies_within(before.geometry, geometry):
                written, seen_through = global_field([before.pixel_field, written]), None
        self._writes[storage] = _StorageWrite(record, self._time, written, seen_through)


def _field_after_write(
    geometry: Geometry, before: PixelField | None, write: _StorageWrite
) -> PixelField | None:
    """The field of a tensor of this geometry after a write into its storage.

    before: the field of what it held when it was made.
    """
    if write.pixel_field is None:
        return before
    if write.geometry == geometry:
        return write.pixel_field
    fields = [write.pixel_field] if before is None else [write.pixel_field, before]
    if write.geometry is None:
        return global_field(fields)
    if lies_within(write.geometry, geometry):
        written = pull_back(write.pixel_field, write.geometry, geometry)
        return join_fields([*fields[1:], written], geometry.shape)
    if lies_within(geometry, write.geometry):
        return push_through_view(write.pixel_field, write.geometry, geometry)
    return global_field(fields)
