"""What setup.cfg cannot say: the kernel in C, which vrnn also runs without."""

import sys

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "vrnn.compute.passes._fill_block",
            ["native/fill_block.c"],
            extra_compile_args=["/O2"]
            if sys.platform == "win32"
            else ["-O3", "-fvisibility=hidden"],
            # No header of Python's is used, so one wheel is for all versions of it.
            py_limited_api=True,
            # Without a C compiler vrnn is installed all the same.
            optional=True,
        )
    ]
)
