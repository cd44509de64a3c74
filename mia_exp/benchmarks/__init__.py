"""Benchmarks: each compares an optimised implementation with a plain one, in one run."""
