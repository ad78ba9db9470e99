"""Settings and options as plain data."""
