"""Scores of (x, y, V(x)): what an attacker computes, who sees no weight, no training set and no label."""
