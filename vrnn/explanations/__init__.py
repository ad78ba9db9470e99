"""Settings, rules and results of explanations, as plain data."""
