"""Attributes that a model may have, asked of objects whose code is the user's."""

from __future__ import annotations

from typing import Any


def attribute(owner: object, name: str, default: Any = None) -> Any:
    """Return an attribute, or a default where there is none, or where it cannot be computed.

    A model's own `__getattr__` or property may raise anything for a name that it does not expect.

    Args:
        owner: Whose attribute it is.
        name: Its name.
        default: What is returned without it.
    """
    try:
        return getattr(owner, name, default)
    except Exception:
        return default
