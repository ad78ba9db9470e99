"""Which modules become stages and blocks, for module trees drawn at random, against golden text."""

import numpy as np
import pytest

from tests.support import golden_text
from tests.support.networks import build
from vrnn.scene.layout.stages import find_stages

SHAPES = ((3, 64, 64), (8, 32, 32), (16, 16, 16), (32, 8, 8), (64,), (7, 5))


def random_tree(seed):
    """Nodes that run through modules of some depth and size, as networks are written."""
    rng = np.random.default_rng(seed)
    nodes, shape = [("image", "", SHAPES[0])], 0

    def add(path, count):
        for _ in range(count):
            scope = ".".join(path)
            name = f"{scope}.op{len(nodes)}" if scope else f"op{len(nodes)}"
            nodes.append((name, scope, SHAPES[shape]))

    add((), int(rng.integers(0, 10 if seed % 4 == 0 else 3)))
    for top in range(int(rng.integers(1, 13 if seed % 3 == 0 else 6))):
        if rng.random() < 0.4:
            shape = min(shape + 1, len(SHAPES) - 1)
        name = ("features", "layer", "stem", "head", "block")[int(rng.integers(5))] + str(top)
        for child in range(int(rng.integers(1, 6))):
            path = (name, str(child)) if rng.random() < 0.8 else (name,)
            add(path, int(rng.integers(1, 7)))
            if rng.random() < 0.3:
                add((*path, "deep", "er"), int(rng.integers(1, 5)))
            if rng.random() < 0.2:
                shape = min(shape + 1, len(SHAPES) - 1)
        add((), int(rng.integers(0, 2)))
    edges = []
    for at in range(1, len(nodes)):
        edges.append((at - 1, at))
        if at > 3 and rng.random() < 0.2:
            edges.append((at - int(rng.integers(2, 4)), at))
    if seed % 5 == 0:  # modules beside each other
        edges = [(max(0, at - 1 - int(rng.integers(0, 8))), at) for at in range(1, len(nodes))]
    return build(nodes, edges)


@pytest.mark.parametrize("part", range(4))
def test_stages_are_as_they_were_approved(part, regenerate):
    lines = []
    for seed in range(15 * part, 15 * part + 15):
        network = random_tree(seed)
        stages = find_stages(network)
        found = [node.id for stage in stages for block in stage.blocks for node in block.nodes]
        assert sorted(found) == sorted(network.by_id)
        lines.append(f"{seed}: {len(network.nodes)} nodes")
        for stage in stages:
            blocks = [f"{block.name or '-'} {len(block.nodes)}" for block in stage.blocks]
            kind = " (a module)" if stage.is_module else ""
            lines.append(f"  '{stage.name}'{kind}: {', '.join(blocks)}")
    golden_text.check(f"geometry/stages-{part}", lines, regenerate)
