"""Defenses, which change V(x) before it leaves the model: one file each, and the damage that they do to outputs."""

from mia_exp.defenses.defense import Defense

__all__ = ["Defense"]
