"""What lies over the world in the window: legend, hints, help, minimap."""
