"""Feature visualization by gradient ascent."""
