"""The backbones: a file each."""
