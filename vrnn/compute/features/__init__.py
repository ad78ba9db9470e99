"""Feature visualization: optimizer, parametrizations, transforms, and how it is run and stored."""
