"""The datasets: one file each, with settings and reader."""
