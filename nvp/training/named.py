"""What a user named in a configuration: its functions, and the settings that they take."""

from dataclasses import replace

from nvp.config.dotted_names import list_dotted
from nvp.config.own_settings import Own, fit_extra
from nvp.config.trial_config import TrialConfig
from nvp.data.own import list_own_of_data
from nvp.models import list_own_of_model
from nvp.pruning.plan_from_config import list_own_of_pruning
from nvp.remedies.own import list_own_of_remedy
from nvp.training.optim import list_own_of_optim

SECTIONS = ("data", "model", "optim", "prune", "remedy")


def list_own(config: TrialConfig) -> dict[str, list[Own]]:
    """Return {section: the user's functions that it names}; ValueError for a name of nothing."""
    return {
        "data": list_own_of_data(config.data),
        "model": list_own_of_model(config.model),
        "optim": list_own_of_optim(config.optim),
        "prune": list_own_of_pruning(config.prune),
        "remedy": list_own_of_remedy(config.remedy),
    }


def fit_own_settings(config: TrialConfig) -> TrialConfig:
    """Return a configuration whose open settings have the types that its functions want.

    So the number 3, the text "3" of a command line and 3.0 name one trial.

    Raises:
        ValueError: a setting that no function takes, or a value of another type.
    """
    sections = {name: getattr(config, name) for name in SECTIONS}
    if not list_dotted(config):
        return config
    own, fitted = list_own(config), {}
    for name, section in sections.items():
        extra = fit_extra(name, section.extra, own[name])
        if extra != section.extra:
            fitted[name] = replace(section, extra=extra)
    return replace(config, **fitted) if fitted else config


def list_names(config: TrialConfig) -> tuple[str, ...]:
    """Return the dotted names of a configuration, and those of the method that it names."""
    named = list_dotted(config)
    parts = list_own_of_pruning(config.prune) if "prune.method" in named else []
    return tuple(sorted({*named.values(), *(own.name for own in parts)}))


def list_unread_extra(config: TrialConfig) -> set[str]:
    """Return the open settings that are given where no function of the user's reads them."""
    if not any(getattr(config, name).extra for name in SECTIONS):
        return set()
    own = list_own(config)
    return {
        f"{name}.extra.{key}"
        for name in SECTIONS
        if not own[name]
        for key in getattr(config, name).extra
    }
