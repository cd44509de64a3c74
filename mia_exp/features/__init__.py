"""Backbones, which map an image to feature maps."""

from mia_exp.features.backbone import Backbone, FeatureStage

__all__ = ["Backbone", "FeatureStage"]
