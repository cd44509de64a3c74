"""Backbones that turn an image into feature maps."""

from mia_exp.features.backbone import Backbone, FeatureStage

__all__ = ["Backbone", "FeatureStage"]
