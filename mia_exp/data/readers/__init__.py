"""The datasets that can be read: a file each, with its settings and its reader."""
