"""A model's graph from one forward pass: tracer, levels of detail, receptive fields."""
