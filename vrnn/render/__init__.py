"""Drawing with ModernGL: plain arrays in, pictures out, no torch."""
