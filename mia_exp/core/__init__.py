"""What all other packages use: errors, keys, artifacts, files, devices, terminals."""
