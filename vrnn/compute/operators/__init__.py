"""What torch's operations do: names, costs, axis layouts, receptive fields, attention weights.

Importing this package registers the operations that are known by name.
"""

from vrnn.compute.operators import known_operations

__all__ = ["known_operations"]
