"""The generators under attack: architectures, training, and the black box that answers queries."""
