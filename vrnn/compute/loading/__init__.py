"""Models from scripts, libraries and Python, with their weights, inputs and images."""
