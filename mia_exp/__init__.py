"""Which images was a conditional image generator trained on? Experiments that answer it."""

__version__ = "0.1.0"
