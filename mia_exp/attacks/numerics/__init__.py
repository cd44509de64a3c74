"""Scores of (x, y, V(x)) as pure functions: no weight, no training set, no label."""
