"""Sweeps on the launchers' real engines."""
