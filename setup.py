"""What setup.cfg cannot say: the native code in C, which vrnn also runs without."""

import os
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FOLDER = "vrnn/compute/native"
SOURCES = ("fill_block", "follow_portrait", "library", "picture", "portrait", "turn_portraits")
HEADERS = ("fill_task", "half_floats", "native", "small_maps", "square_means", "turned_maps")


class BuildLibrary(build_ext):
    """Builds a plain library, for ctypes: it has nothing of an extension module but its place."""

    def get_ext_filename(self, fullname: str) -> str:
        """A name that no one takes for a module."""
        return os.path.join(*fullname.split(".")) + ".bin"

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """No function that would begin a module."""
        return []


# It is for all versions of Python; tools refuse to say so of builds without the interpreter lock.
for_any_python = not sysconfig.get_config_var("Py_GIL_DISABLED")
flags = ["/O2"] if sys.platform == "win32" else ["-O3", "-fvisibility=hidden"]

setup(
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if for_any_python else {},
    cmdclass={"build_ext": BuildLibrary},
    ext_modules=[
        Extension(
            "vrnn.compute.passes.native",
            [f"{FOLDER}/{name}.c" for name in SOURCES],
            depends=[f"{FOLDER}/{name}.h" for name in HEADERS],
            libraries=[] if sys.platform == "win32" else ["m"],
            extra_compile_args=flags,
            # Without a C compiler vrnn is installed all the same.
            optional=True,
        )
    ],
)
