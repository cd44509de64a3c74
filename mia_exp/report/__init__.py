"""What a person sees of a run: the table, the figures, the page. Reads plain data; never trains or queries."""
