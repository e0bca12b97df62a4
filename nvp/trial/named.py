"""What a user named in a configuration: its functions, their settings, and a first try of them.

Everything is tried on the driver, on noise, before a trial starts: what a function returns is known
only once it was called.
"""

from dataclasses import replace

from nvp.config.dotted_names import is_dotted
from nvp.config.own_settings import Own, fit_extra
from nvp.config.trial_config import TrialConfig
from nvp.data.own import list_own_of_data
from nvp.models import list_own_of_model
from nvp.pruning.plan_from_config import list_own_of_pruning
from nvp.training.optim import list_own_of_optim

SECTIONS = ("data", "model", "optim", "prune")


def list_own(config: TrialConfig) -> dict[str, list[Own]]:
    """Return {section: the user's functions that it names}; ValueError for a name of nothing."""
    return {
        "data": list_own_of_data(config.data),
        "model": list_own_of_model(config.model),
        "optim": list_own_of_optim(config.optim),
        "prune": list_own_of_pruning(config.prune),
    }


def fit_own_settings(config: TrialConfig) -> TrialConfig:
    """Return a configuration whose open settings have the types that its functions want.

    So the number 3, the text "3" of a command line and 3.0 name one trial.

    Raises:
        ValueError: a setting that no function takes, or a value of another type.
    """
    sections = {name: getattr(config, name) for name in SECTIONS}
    if not any(section.extra or names_own(section) for section in sections.values()):
        return config
    own, fitted = list_own(config), {}
    for name, section in sections.items():
        extra = fit_extra(name, section.extra, own[name])
        if extra != section.extra:
            fitted[name] = replace(section, extra=extra)
    return replace(config, **fitted) if fitted else config


def names_own(section: object) -> bool:
    """Whether a section names a function of the user's."""
    return any(isinstance(value, str) and is_dotted(value) for value in vars(section).values())


def list_unread_extra(config: TrialConfig) -> set[str]:
    """Return the open settings that are given where no function of the user's reads them."""
    own = list_own(config)
    return {
        f"{name}.extra.{key}"
        for name in SECTIONS
        if not own[name]
        for key in getattr(config, name).extra
    }
