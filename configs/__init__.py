"""Default settings, installed as vrnn.configs."""
