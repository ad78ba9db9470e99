"""Settings and results of feature visualization, as plain data."""
