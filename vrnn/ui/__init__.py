"""What lies over the world: help, messages, the legend."""
