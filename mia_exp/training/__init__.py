"""Common code for training with Lightning."""
