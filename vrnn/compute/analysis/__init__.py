"""Analyses of a traced model beside its passes: top activations, costs, attribution."""
