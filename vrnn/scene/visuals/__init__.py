"""What things in the world look like: from places to records for the renderer."""
