"""From files and command lines to the settings of a run, each typed and checked before any work."""

from mia_exp.config.run_settings import Config

__all__ = ["Config"]
