"""What an output is, concluded from what is known of it.

The rules of each shape are asked in order, the strongest evidence first: a key of the result, what
the model's class or config says, the last operation, class names, losses, names of layers, and at
last the shape alone. Where only weak evidence speaks the conclusion is unsure, and without any the
output stays plain numbers or maps.
"""

from __future__ import annotations

from vrnn.compute.outputs.conclusion import Conclusion
from vrnn.compute.outputs.evidence import OutputEvidence
from vrnn.compute.outputs.map_rules import MAP_RULES, SIGNAL_RULES
from vrnn.compute.outputs.vector_rules import VECTOR_RULES


def conclude(evidence: OutputEvidence) -> Conclusion:
    """Return what an output is.

    Args:
        evidence: What is known of it.
    """
    rules = {1: VECTOR_RULES, 2: SIGNAL_RULES}.get(evidence.values.ndim, MAP_RULES)
    for rule in rules:
        found = rule(evidence)
        if found is not None:
            if evidence.position:
                found = found._replace(evidence=f"{found.evidence}, {evidence.position}")
            return found
    count = "×".join(map(str, evidence.values.shape))
    text = "1 value" if count == "1" else f"{count} values"
    text += f", {evidence.position}" if evidence.position else ""
    return Conclusion("numbers" if evidence.values.ndim == 1 else "maps", text, False)
