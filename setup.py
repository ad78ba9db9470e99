"""What setup.cfg cannot say: the kernels in C, which vrnn also runs without."""

import sys

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "vrnn.compute.passes._kernels",
            ["native/fill_block.c", "native/library.c", "native/portrait.c"],
            depends=["native/kernels.h"],
            libraries=[] if sys.platform == "win32" else ["m"],
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
