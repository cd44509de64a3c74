"""Backbones, which map an image to feature maps."""

from mia_exp.features.backbone import Backbone
from mia_exp.features.feature_stage import FeatureStage

__all__ = ["Backbone", "FeatureStage"]
