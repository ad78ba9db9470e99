"""Trainings: watched while they run, recorded, and put back into a model step by step."""
