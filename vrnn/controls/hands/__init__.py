"""The same for controllers and tracked hands."""
