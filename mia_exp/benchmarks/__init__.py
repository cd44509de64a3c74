"""Benchmarks: each compares, in one run, a fast form with the one that it replaces."""
