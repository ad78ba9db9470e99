"""Everything that touches the model: torch only, no OpenGL."""
