"""pix2pix (Isola et al., 2017): settings, networks, losses."""
