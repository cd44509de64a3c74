"""pix2pixHD (Wang et al., 2018): settings, networks, losses."""
