"""The headset: an OpenXR runtime, its session, and the pictures that it is handed. No torch."""
