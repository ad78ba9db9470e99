"""Input to commands: events of the window, the pointer, the camera."""
