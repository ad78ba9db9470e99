"""Everything that touches a model: torch only, no OpenGL."""
