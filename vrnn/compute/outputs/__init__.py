"""What a model answers: its results decoded, each as what the evidence says that it is."""
