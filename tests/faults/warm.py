"""Imports what a run needs, where others are forked from; computes nothing, for threads do not fork."""

import mia_exp.__main__
import mia_exp.attacks.numerics.loss_map_classifier
import mia_exp.attacks.numerics.search_time_regressor
import mia_exp.evaluation
import mia_exp.pipeline
import mia_exp.report
import mia_exp.victims  # noqa: F401
