"""A user's remedy, by its dotted name: a class or function that is called with what it treats.

It returns an `Acting`. Parameters beyond the first are settings (`remedy.extra.*`). `settings` and
`needs` of the class say what it reads of `remedy.*`, and what a trial must have for it.
"""

from functools import cache, partial
from typing import Any

from nvp.config.dotted_names import find_named, import_name, is_dotted
from nvp.config.own_settings import Own, list_parameters
from nvp.config.trial_config import RemedyConfig
from nvp.remedies import REMEDIES
from nvp.remedies.remedy import Acting, Remedy, Treated

SETTING = "remedy.name"


def find_remedy(name: str) -> Remedy:
    """Return the remedy of a name, ours or a user's; ValueError for none."""
    return find_named(SETTING, name, REMEDIES, adapt_remedy)


@cache
def find_own_remedy(name: str) -> Own:
    """Return the remedy that a dotted name stands for; ValueError where it cannot be called."""
    found = import_name(SETTING, name)
    parameters = list_parameters(found) if callable(found) else {}
    if not parameters:
        got = "takes none" if callable(found) else f"is a {type(found).__name__}"
        raise ValueError(
            f"{SETTING}: expected a class or function of what it treats, got {name!r}, which {got}"
        )
    return Own(SETTING, name, found, (next(iter(parameters)),))


def adapt_remedy(setting: str, name: str, found: Any) -> Remedy:
    """Return a user's remedy as a row; ValueError where it cannot be one."""
    own = find_own_remedy(name)
    return Remedy(
        summary=(found.__doc__ or name).strip().splitlines()[0],
        start=partial(start_own, own),
        settings=tuple(getattr(found, "settings", ())),
        needs=tuple(getattr(found, "needs", ())),
    )


def start_own(own: Own, treated: Treated) -> Acting:
    """Return a user's remedy at work; ValueError where the name makes none."""
    acting = own.call_explained(treated.config.remedy.extra, treated)
    if not isinstance(acting, Acting):
        raise ValueError(
            f"{SETTING}: expected {own.name} to make an nvp.Acting, got a {type(acting).__name__}"
        )
    return acting


def list_own_of_remedy(config: RemedyConfig) -> list[Own]:
    """Return the user's functions that a section names: what reads `remedy.extra`."""
    return [find_own_remedy(config.name)] if is_dotted(config.name) else []
