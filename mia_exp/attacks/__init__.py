"""Attacks: scores of (x, y, V(x)), computed without the victim's weights, its training set or any label."""
