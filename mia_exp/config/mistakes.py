"""Hydra's errors as messages: the setting, what was expected, the valid choices."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from mia_exp.config.config_source import settings_of_choices

MAX_QUOTE_LENGTH = 100
MERGING = "Error merging override "
# Choices that a message lists.
MAX_CHOICES = 30


def explain(error: Exception, choices: Sequence[str], compose: Callable[[Sequence[str]], DictConfig]) -> str:
    """Describes in a sentence an error in composing a command line.

    Args:
        error: The error of Hydra or OmegaConf.
        choices: The overrides that choose a file of a group.
        compose: Composes a configuration from such overrides.
    """
    message = str(error)
    if match := re.search(r"Could not override '([^']+)'", message):
        path = match.group(1)
        if path == "hydra.sweeper.params":
            return "hydra.sweeper.params: expected in an experiment file; on the command line, list values after -m"
        key, known = path.rpartition(".")[2], _settings_beside(path, compose(choices))
        if key in known:
            return f"{path}: the value has a key that does not exist. To add a key, put ++ before the override."
        return unknown_key(path, key, known)
    if match := re.match(r"You must specify '([^']+)'", message):
        return f"{match.group(1)}: a choice is needed; set {match.group(1)}=CHOICE"
    if match := re.search(r"Could not find '([^']+)/([^/']*)'", message):
        group, choice = match.groups()
        listing = message.partition("Available options")[2].partition("Config search path")[0]
        there = re.findall(r"^\t(.+)$", listing, flags=re.MULTILINE)
        return f"{group}={choice}: there is no such choice. {suggest(choice, there)}Choices: {listed(there)}."
    if match := re.search(r"Error resolving interpolation '([^']+)', possible interpolation keys: (.*)", message):
        known = match.group(2).split(", ")
        group = next(name for name in re.findall(r"\$\{(\w+)\}", match.group(1)) if name not in known)
        return f"{group}: a choice is needed; set {group}=CHOICE"
    cause = error.__cause__
    if cause and message.startswith(MERGING):
        return f"{shortened(message.removeprefix(MERGING))}: {str(cause).splitlines()[0]}"
    full_message = f"{message}: {cause}" if cause and str(cause) not in message else message
    return one_line(full_message)


def unknown_key(path: str, key: str, known: Sequence[str]) -> str:
    """A message that there is no setting `key` at `path`, with a suggestion and the valid keys."""
    known = [name for name in known if not name.startswith("_")]
    here = f"Settings here: {', '.join(known)}." if known else "There are none here."
    return f"{path}: there is no such setting. {_owners(path, key)}{suggest(key, known)}{here}"


def _owners(path: str, key: str) -> str:
    """A sentence that names the choices of the group that have this setting; empty if there are none."""
    group, _, rest = path.partition(".")
    owners = (
        [name for name, settings in settings_of_choices(group).items() if key in settings] if rest == key else []
    )
    return (
        f"{' and '.join(f'{group}={name}' for name in owners)} {'have' if len(owners) > 1 else 'has'} it. "
        if owners
        else ""
    )


def suggest(word: str, known: Sequence[str]) -> str:
    """A question that names the most similar known word; empty if none is similar."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def listed(choices: Sequence[str]) -> str:
    """The choices of a group, not more than fit a message."""
    more = len(choices) - MAX_CHOICES
    return ", ".join(choices[:MAX_CHOICES]) + (f" and {more} more, which --help lists" if more > 0 else "")


def one_line(message: str) -> str:
    """A message of several lines as sentences on one line."""
    lines = [line.strip() for line in message.splitlines()]
    return ". ".join(line.rstrip(".") for line in lines if line)


def shortened(text: str) -> str:
    """A text truncated for quoting in a message."""
    return text if len(text) <= MAX_QUOTE_LENGTH else f"{text[:MAX_QUOTE_LENGTH]}..."


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class name if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def group_of(word: str) -> bool:
    """Whether an override chooses a file of a group."""
    key = word.partition("=")[0].lstrip("+~").partition("@")[0]
    return bool(GlobalHydra.instance().config_loader().get_group_options(key))


def _settings_beside(path: str, composed: DictConfig) -> list[str]:
    node: Any = composed
    for name in path.split(".")[:-1]:
        if isinstance(node, DictConfig) and name in node:
            node = node[name]
    return [str(key) for key in node] if isinstance(node, DictConfig) else []
