"""Every setting, typed; the shapes behind `conf/`.

A configuration group whose choices differ in shape (`dataset`, `attack`, ...) names its schema with `kind`.
`compose.py` turns what Hydra composed into these objects and refuses whatever does not fit. Each `__post_init__`
checks what a type alone cannot say and raises `ConfigError`.
"""

from mia_exp.config.attack import (
    AttackConfig,
    AugmentedConfig,
    ClassifierConfig,
    DifficultyOnlyConfig,
    MultiImageConfig,
    OursConfig,
    ReconstructionConfig,
    ShadowAttackConfig,
    SupervisedConfig,
)
from mia_exp.config.attacker import ShadowConfig, VisualSearchConfig
from mia_exp.config.dataset import (
    BDD100KDataset,
    CelebADataset,
    CityscapesDataset,
    DatasetConfig,
    Direction,
    FolderDataset,
    ImageNetDataset,
    Landmarks,
    OpenMojiDataset,
    Side,
    SideBySideDataset,
)
from mia_exp.config.difficulty import DifficultyConfig, FeaturesConfig, ResizeMethod, Source
from mia_exp.config.run import (
    Config,
    DefenseConfig,
    EvaluationConfig,
    LoggerConfig,
    QueryConfig,
    QueryMode,
    SplitConfig,
    TrainerConfig,
)
from mia_exp.config.victim import NoVictim, Pix2PixConfig, Pix2PixHDConfig, Precision, TrainedVictim, VictimConfig

__all__ = [
    "AttackConfig",
    "AugmentedConfig",
    "BDD100KDataset",
    "CelebADataset",
    "CityscapesDataset",
    "ClassifierConfig",
    "Config",
    "DatasetConfig",
    "DefenseConfig",
    "DifficultyConfig",
    "DifficultyOnlyConfig",
    "Direction",
    "EvaluationConfig",
    "FeaturesConfig",
    "FolderDataset",
    "ImageNetDataset",
    "Landmarks",
    "LoggerConfig",
    "MultiImageConfig",
    "NoVictim",
    "OpenMojiDataset",
    "OursConfig",
    "Pix2PixConfig",
    "Pix2PixHDConfig",
    "Precision",
    "QueryConfig",
    "QueryMode",
    "ReconstructionConfig",
    "ResizeMethod",
    "ShadowAttackConfig",
    "ShadowConfig",
    "Side",
    "SideBySideDataset",
    "Source",
    "SplitConfig",
    "SupervisedConfig",
    "TrainedVictim",
    "TrainerConfig",
    "VictimConfig",
    "VisualSearchConfig",
]
