"""The version, read by the package's build and by what vrnn writes into files."""

__version__ = "0.1.0"
