"""What happens to V(x) before it leaves the model: a defense wraps a query function and is one."""

from mia_exp.config import DefenseConfig
from mia_exp.defenses.gauss import gauss
from mia_exp.victims import QueryFunction

__all__ = ["defended"]


def defended(query: QueryFunction, config: DefenseConfig) -> QueryFunction:
    """Puts the defense that `config` names before a query function."""
    return gauss(query, config.sigma, config.seed) if config.kind == "gauss" else query
