"""What setup.cfg cannot say: the native code in C, which vrnn also runs without."""

import sys
import sysconfig

from setuptools import Extension, setup

# Code that uses no header of Python's is for all its versions; tools refuse to say so of builds
# without the interpreter lock.
for_any_python = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if for_any_python else {},
    ext_modules=[
        Extension(
            "vrnn.compute.passes._native",
            ["native/fill_block.c", "native/library.c", "native/portrait.c"],
            depends=["native/native.h"],
            libraries=[] if sys.platform == "win32" else ["m"],
            extra_compile_args=["/O2"]
            if sys.platform == "win32"
            else ["-O3", "-fvisibility=hidden"],
            py_limited_api=for_any_python,
            # Without a C compiler vrnn is installed all the same.
            optional=True,
        )
    ],
)
