"""What maps cost on a processor without a GPU, in one table: conversion, live images, memory.

    python -m benchmarks.processor

It runs `image_in`, `video` and `memory`, and says what converts maps here.
"""

from __future__ import annotations

from benchmarks.image_in import time_parts
from benchmarks.memory import format_megabytes, measure_shown
from benchmarks.timing import format_milliseconds, format_table
from benchmarks.video import CASES
from benchmarks.video import measure as measure_stream
from vrnn.compute.passes.native_filler import load_native_filler

DETAILS = ("layers", "all")
MAX_HOST = 1.3


def main() -> int:
    """Print the table."""
    native = load_native_filler()
    how = "torch" if native is None else "native code" + ", AVX2" * native.is_wide
    rows = [(f"ResNet50, 224×224; {how}", "measured", "beside", "ratio", "target")]
    for detail in DETAILS:
        _, whole, seen, stream, _ = time_parts(detail)
        parts = {"conversion": whole, "at the overview": seen, "of a stream there": stream}
        for what, (_, seconds, floor, target) in parts.items():
            rows.append((
                f"{what} beside one read and write, {detail}", format_milliseconds(seconds),
                format_milliseconds(floor), f"{seconds / floor:.2f}", f"≤ {target:.2f}",
            ))  # fmt: skip
    for case in CASES:
        updates, passes, ratio, _ = measure_stream(case)
        least = "" if case.target is None else f"≥ {case.target:.2f}"
        rows.append((
            f"live images beside plain passes: {case.name}", f"{updates:.1f}/s", f"{passes:.1f}/s",
            f"{ratio:.2f}", least,
        ))  # fmt: skip
    for detail, (volume, _, host) in measure_shown(DETAILS).items():
        rows.append((
            f"host memory beside maps in half precision, {detail}", format_megabytes(host),
            format_megabytes(volume), f"{host / volume:.2f}", f"≤ {MAX_HOST:.2f}",
        ))  # fmt: skip
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
