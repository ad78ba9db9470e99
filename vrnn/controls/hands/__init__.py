"""Controls for both hands in a headset: controllers, or tracked hands."""
