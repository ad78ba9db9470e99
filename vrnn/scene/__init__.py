"""Placing a network in space: numpy and networkx, no torch, no OpenGL."""

from __future__ import annotations
