"""Drawing with ModernGL: plain arrays in, pictures out, no torch.

`vrnn.render(model)` makes a picture in one call: as this package has the same name, it can be
called too.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        return import_module("vrnn.api").render(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
