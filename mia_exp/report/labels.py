"""What a person reads for a column's name."""

_TITLES = {
    "l_rec": "L_rec",
    "l_mem": "L_mem",
    "l_diff": "L_diff",
    "laplacian_energy": "Laplacian energy",
    "file_size": "file size",
}
_MEANINGS = {
    "l_rec": "reconstruction error",
    "l_mem": "reconstruction error less difficulty",
    "l_diff": "difficulty of the image",
    "brightness": "mean luma",
    "contrast": "spread of luma",
    "laplacian_energy": "fine detail",
    "file_size": "bytes of the source file",
}


def title(column: str) -> str:
    """`l_rec` -> `L_rec`."""
    return _TITLES.get(column, column.replace("_", " "))


def math_title(column: str) -> str:
    """`l_rec` -> an L with a subscript, as matplotlib writes mathematics."""
    symbol, _, index = title(column).partition("_")
    return rf"${symbol}_{{\mathrm{{{index}}}}}$" if index else symbol


def meaning(column: str) -> str:
    """A few words on what the column measures; empty for a column this package does not make."""
    return _MEANINGS.get(column, "")
