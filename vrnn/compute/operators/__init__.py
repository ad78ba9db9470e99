"""What torch's operations do: names, costs, axis layouts, receptive fields, attention weights."""
