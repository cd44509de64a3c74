"""What happens to V(x) before it leaves the model: a file a defense, and what one costs the honest user."""

from mia_exp.defenses.base import Defense

__all__ = ["Defense"]
