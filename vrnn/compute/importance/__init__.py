"""How important channels are for a class, and what pruning by it costs."""
