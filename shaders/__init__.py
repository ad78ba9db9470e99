"""GLSL sources, installed as vrnn.shaders."""
