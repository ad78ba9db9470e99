"""Two models compared: their weights, their features, their answers."""
