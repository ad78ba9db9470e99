"""The headset: an OpenXR runtime, its session, its input, and the images submitted to it."""

from __future__ import annotations
