"""The headset: an OpenXR runtime, its session, and the pictures that it is handed. No torch."""

from __future__ import annotations
