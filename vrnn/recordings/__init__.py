"""Recordings of trainings and folders of checkpoints, as they lie on disk; no torch."""
