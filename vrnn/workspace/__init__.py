"""The open document: the world and everything that fills it."""
