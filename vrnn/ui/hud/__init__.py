"""What lies over the world in pixels."""
