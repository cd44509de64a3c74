"""What every room stands on: errors, keys, artifacts, files, devices, terminals; nothing of images or attacks."""
