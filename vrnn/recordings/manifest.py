"""What a recording says of itself: a small JSON file that makes its folder a recording."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.storage.atomic import write_atomically
from vrnn.storage.input_file import read_text

MANIFEST = "recording.json"
EXAMPLE = "example.safetensors"
"""What goes into the model of a recording, beside it."""
FORMAT = 1
"""Version of the format that is written."""
MAX_MANIFEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a recording is of.

    Attributes:
        model: Name of the model's class.
        source: What `vrnn --model` opens to show it; '' where that is not known.
        names: The pattern that names of recorded tensors fit.
        every: A step in so many is kept, before thinning.
        parameters: Number of the model's parameters.
        gradients: Whether gradients of kernels are recorded with the steps.
        format: Version of the format.
    """

    model: str
    source: str = ""
    names: str = "*"
    every: int = 1
    parameters: int = 0
    gradients: bool = False
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write it into a folder.

        Raises:
            VrnnError: It cannot be written.
        """
        text = json.dumps(asdict(self), indent=1) + "\n"
        write_atomically(folder / MANIFEST, text.encode())


def read_manifest(folder: Path) -> Manifest | None:
    """Read what a recording says of itself; None where the folder is no recording.

    Raises:
        VrnnError: It is damaged, or of a later version.
    """
    file = folder / MANIFEST
    if not file.exists():
        return None
    text = read_text(file, "the recording", MAX_MANIFEST_BYTES)
    try:
        given = json.loads(text)
        version = given["format"]
        if isinstance(version, int) and version > FORMAT:
            raise VrnnError(
                f"the recording '{folder}' is of a later vrnn (format {version}); update vrnn"
            )
        manifest = Manifest(**{name: given[name] for name in asdict(Manifest("")) if name in given})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise VrnnError(
            f"'{file}' is damaged; its steps can still be read as checkpoints once it is removed"
        ) from error
    kinds = {
        "model": str, "source": str, "names": str, "every": int, "parameters": int,
        "gradients": bool,
    }  # fmt: skip
    if not all(isinstance(getattr(manifest, name), kind) for name, kind in kinds.items()):
        raise VrnnError(
            f"'{file}' is damaged; its steps can still be read as checkpoints once it is removed"
        )
    return manifest
