"""Where the layers of a network stand: from its graph to places."""
