"""The membership score: L_mem = L_rec - alpha * L_diff, Eq. 3 of Shafran, Peleg, Hoshen (2021)."""

import pandas as pd


def membership_score(scores: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Adds the column `l_mem` to a table that has `l_rec` and `l_diff`; low means member."""
    return scores.assign(l_mem=scores["l_rec"] - alpha * scores["l_diff"])
