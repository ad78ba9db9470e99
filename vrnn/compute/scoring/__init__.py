"""A data set scored: accuracy, confidence and confusions, before and after a change."""
