"""What `mia-exp --help` prints."""

import textwrap

from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from mia_exp.config.components import TARGET, groups

WIDTH = 110
# As wide as the longest name of a group, and a space.
INDENT = 15

USAGE = """\
mia-exp: which images was a conditional image generator trained on?
It trains a victim (or takes yours), attacks it, measures how sure the answer is, and writes a report.

Usage: mia-exp [GROUP=CHOICE ...] [SETTING=VALUE ...]
  mia-exp experiment=demo
  mia-exp dataset=facades dataset.root=~/data/facades victim.image_size=64
  mia-exp dataset=folder dataset.root=~/pairs dataset.inputs=sketches dataset.targets=photos
  mia-exp -m experiment=demo attack.alpha=0,0.25,0.5,1,2,4
  mia-exp report FOLDER   draws the pages of a sweep's jobs, which write numbers only

Options
  -m, --multirun     run once for each combination of comma-separated values
  --config-dir DIR   take configurations from a folder of yours as well
  --cfg job          print the resolved configuration and stop
  dry_run=true       print the plan (stages, what is cached, sizes) and stop
  --hydra-help       Hydra's own options
"""


def help_text(composed: DictConfig, choices: DictConfig) -> str:
    """The usage, all groups with their choices, and the settings of what is chosen, with their values.

    Args:
        composed: The configuration of one job, without Hydra's own settings.
        choices: The choice that it has of each group.
    """
    loader = GlobalHydra.instance().config_loader()
    options = {name: loader.get_group_options(name) for name in loader.list_groups("") if name != "hydra"}
    chosen = " ".join(f"{name}={choices[name]}" for name in groups())
    return "\n".join(
        [
            USAGE,
            "Groups and their choices",
            *(_entry(name, ", ".join(sorted(found))) for name, found in options.items() if found),
            "",
            "Settings, as GROUP.SETTING=VALUE; add GROUP=CHOICE to --help to see those of another choice. Here:",
            _entry("", chosen),
            *(_entry(name, " ".join(words)) for name, words in _settings(composed).items()),
        ]
    )


def _settings(composed: DictConfig) -> dict[str, list[str]]:
    """The words that would set each group's settings to what they are; those of no group under an empty name."""
    words: dict[str, list[str]] = {"": []}
    for name, value in _plain(composed).items():
        if isinstance(value, dict):
            words[name] = [_word(key, inner) for key, inner in value.items() if key != TARGET] or ["(none)"]
        else:
            words[""].append(_word(name, value))
    return words


def _plain(composed: DictConfig) -> dict[str, object]:
    container = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(container, dict)
    return {str(name): value for name, value in container.items()}


def _word(name: str, value: object) -> str:
    if isinstance(value, list):
        return f"{name}=[{','.join(map(str, value))}]"
    return f"{name}={'null' if value is None else str(value).lower() if isinstance(value, bool) else value}"


def _entry(name: str, text: str) -> str:
    return textwrap.fill(
        f"  {name:<{INDENT - 2}} {text}",
        WIDTH,
        subsequent_indent=" " * (INDENT + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )
