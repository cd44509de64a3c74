"""Backbones that turn an image into feature maps."""

from mia_exp.features.backbone import BACKBONES, Backbone, Stage, load_backbone
from mia_exp.features.weights import has_weights, weights_fingerprint

__all__ = ["BACKBONES", "Backbone", "Stage", "has_weights", "load_backbone", "weights_fingerprint"]
