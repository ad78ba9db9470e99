"""Plug-ins: modules of other packages that add subcommands, commands, panels and the like.

A package names them in the entry point group `vrnn.plugins`. Each is a module, which registers what
it adds when it is imported, or a function without arguments, which does so when it is called.
"""

from __future__ import annotations

from functools import cache

from vrnn.errors import is_ctrl_c
from vrnn.storage.log import logger

GROUP = "vrnn.plugins"


@cache
def load_plugins() -> None:
    """Load every installed plug-in, once; one that fails is named in a note and left out."""
    # Takes 20 ms to import, which `import vrnn` should not wait for.
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=GROUP):
        try:
            plugin = entry_point.load()
            if callable(plugin):
                plugin()
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            logger.warning("the plug-in '%s' could not be loaded: %s", entry_point.name, reason)
