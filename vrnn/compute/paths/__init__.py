"""How the channels of all layers are linked by weights."""
