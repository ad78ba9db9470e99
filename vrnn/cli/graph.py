"""`vrnn graph`: the traced graph of a model as a table and as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vrnn.cli.arguments import add_model_arguments, file_path, read_options
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import GraphOptions
from vrnn.errors import VrnnError
from vrnn.network.model_spec import without_download
from vrnn.storage.terminal import print_text

if TYPE_CHECKING:
    from vrnn.compute.loading.source import ModelSource
    from vrnn.network.graph import Network

HEADINGS = ("id", "name", "operation", "label", "shape", "parameters", "from")
RIGHT_ALIGNED = ("id", "parameters")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `GraphOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--json", type=file_path, metavar="FILE", help="write the graph to this file"
    )
    parser.add_argument("--quiet", action="store_true", help="print no table")


@subcommand(
    "graph",
    help="print the traced graph as a table, and write it as JSON",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Print each model's table and write the JSON file asked for; returns the exit code."""
    from vrnn.compute.loading.source import open_source
    from vrnn.compute.tracing.checks import check_edges, check_parameters
    from vrnn.compute.tracing.simplify import simplify
    from vrnn.compute.tracing.tracer import trace
    from vrnn.storage.atomic import check_writable, write_atomically

    options = read_options(GraphOptions, arguments)
    if options.json is not None:
        if len(options.models) > 1:
            raise VrnnError("--json holds the graph of one model; give --model once")
        check_writable(options.json)
    for number, spec in enumerate(options.specs()):
        source = open_source(without_download(spec))  # the graph does not depend on weights
        raw = trace(source.model, source.example_inputs(), source.title)
        view = simplify(raw, options.detail)
        network = view.network
        if not options.quiet:
            notes = [*source.notes, *check_parameters(view, source.model)]
            notes += check_edges(source.model, source.example_inputs())
            print_text(("\n" if number else "") + report(network, source, notes))
        if options.json is not None:
            text = json.dumps(to_dict(network), indent=2, ensure_ascii=False)
            write_atomically(options.json, text.encode("utf-8", "backslashreplace") + b"\n")
    return 0


def report(network: Network, source: ModelSource, notes: Sequence[str]) -> str:
    """Return the table with a line above that sums the model up, and notes below."""
    facts = [
        f"{len(network.nodes):,} nodes",
        f"{len(network.edges):,} edges",
        f"{source.parameters:,} parameters",
    ]
    if source.random_weights:
        facts.append("untrained weights")
    lines = [f"note: {note}" for note in notes]
    return "\n".join([f"{network.name}: {', '.join(facts)}", "", table(network), *lines])


def table(network: Network) -> str:
    """Return a line for each node in the order they ran, columns aligned."""
    rows: list[tuple[str, ...]] = [HEADINGS]
    rows += [
        (
            str(node.id),
            node.name,
            node.operation,
            node.label,
            "×".join(map(str, node.shape)),
            f"{node.parameters:,}" if node.parameters else "",
            " ".join(map(str, network.sources[node.id])),
        )
        for node in network.nodes
    ]
    return "\n".join(_aligned(rows))


def to_dict(network: Network) -> dict[str, Any]:
    """Return every field of a network as plain values, its nodes in the order they ran."""
    fields = asdict(network)
    if network.node_layout is not None:
        layout = network.node_layout
        fields["node_layout"] = {
            "positions": layout.positions.tolist(), "edges": layout.edges.tolist()
        }  # fmt: skip
    return fields


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
