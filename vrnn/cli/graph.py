"""`vrnn graph`: the traced graph of a model as a table and as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from vrnn.compute.loading.source import ModelSource, open_source
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.storage.atomic import check_writable, write_atomically

HEADINGS = ("id", "name", "operation", "label", "shape", "parameters", "from")
RIGHT_ALIGNED = ("id", "parameters")


def run(options: Options) -> int:
    """Print each model's table and write the JSON file asked for; returns the exit code."""
    if options.json is not None:
        if len(options.models) > 1:
            raise VrnnError("--json holds the graph of one model; give --model once")
        check_writable(options.json)
    for number, spec in enumerate(options.specs()):
        source = open_source(spec)
        raw = trace(source.model, source.example_inputs(), source.title)
        network = simplify(raw, options.detail).network
        if not options.quiet:
            print(("\n" if number else "") + report(network, source))
        if options.json is not None:
            text = json.dumps(to_dict(network), indent=2, ensure_ascii=False)
            write_atomically(options.json, text.encode() + b"\n")
    return 0


def report(network: Network, source: ModelSource) -> str:
    """The table with a line above that sums the model up, and what is worth knowing below."""
    facts = [
        f"{len(network.nodes):,} nodes",
        f"{len(network.edges):,} edges",
        f"{source.parameters:,} parameters",
    ]
    if source.random_weights:
        facts.append("random weights")
    notes = [f"note: {note}" for note in source.notes]
    return "\n".join([f"{network.name}: {', '.join(facts)}", "", table(network), *notes])


def table(network: Network) -> str:
    """One line for each node in the order they ran, columns aligned."""
    sources: defaultdict[int, list[int]] = defaultdict(list)
    for edge in network.edges:
        sources[edge.target].append(edge.source)
    rows: list[tuple[str, ...]] = [HEADINGS]
    rows += [
        (
            str(node.id),
            node.name,
            node.operation,
            node.label,
            "×".join(map(str, node.shape)),
            f"{node.parameters:,}" if node.parameters else "",
            " ".join(map(str, sources[node.id])),
        )
        for node in network.nodes
    ]
    return "\n".join(_aligned(rows))


def to_dict(network: Network) -> dict[str, Any]:
    """The network as plain values: every field of `Network`, its nodes in the order they ran."""
    return asdict(network)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (
            cell.rjust(width) if heading in RIGHT_ALIGNED else cell.ljust(width)
            for heading, cell, width in zip(HEADINGS, row, widths, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return lines
