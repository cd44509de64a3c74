"""Every table and figure of the paper, made again by one command each, beside the published numbers."""
