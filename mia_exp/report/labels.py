"""What a person reads for a column's name."""

_TITLES = {
    "l_rec": "L_rec",
    "l_mem": "L_mem",
    "l_diff": "L_diff",
    "l_rec_aug": "L_rec,aug",
    "l_mem_aug": "L_mem,aug",
    "l_mem_multi": "L_mem,multi",
    "l_mem_vsd": "L_mem,vsd",
    "l_shadow": "L_shadow",
    "l_vsd": "L_vsd",
    "shadow_score": "shadow classifier",
    "laplacian_energy": "Laplacian energy",
    "file_size": "file size",
}
_MEANINGS = {
    "l_rec": "reconstruction error",
    "l_mem": "reconstruction error less difficulty",
    "l_diff": "difficulty of the image",
    "l_rec_aug": "reconstruction error over augmented variants",
    "l_mem_aug": "error over augmented variants less difficulty",
    "l_mem_multi": "reconstruction error less a shadow model's",
    "l_mem_vsd": "reconstruction error less search difficulty",
    "l_shadow": "error of a shadow model",
    "l_vsd": "search difficulty, learned from people",
    "shadow_score": "a classifier of loss maps",
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
