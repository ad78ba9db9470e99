"""Repeated forward passes through a traced model, whole, partial or with ablations."""
