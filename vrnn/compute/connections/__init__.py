"""What connects the maps of layers: read from the arguments of the calls that a pass makes."""
