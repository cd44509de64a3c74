"""Reproduction of every table and figure of the paper, by one command each, beside the published numbers."""
