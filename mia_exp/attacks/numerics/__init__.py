"""Scores of (x, y, V(x)) as pure functions, without the victim's weights, its training set or any label."""
