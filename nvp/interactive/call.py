"""The arguments of a call as the flags of a study's command line, so that both mean the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from nvp.config.numbers import make_canonical
from nvp.config.registry import suggest_nearest


class Flags(TypedDict, total=False):
    """The flags that `run` takes by their names; docs/running.md says what each does."""

    address: str
    search: str
    num_trials: int
    scheduler: str
    gpus_per_trial: float | str
    max_concurrent: int
    only: str
    no_ray: bool
    keep_checkpoints: bool
    redo_changed: bool
    accept_changed_data: bool
    track: str | Sequence[str]


def list_flags(given: Mapping[str, Any], settings: Mapping[str, Any] | None) -> list[str]:
    """Return the arguments of a call as those of a command line; None leaves a flag out.

    Raises:
        TypeError: an unknown name, or settings that are no mapping.
    """
    flags: list[str] = []
    for name, value in given.items():
        if name not in NAMES:
            raise TypeError(
                f"run() got an unexpected argument {name!r}{suggest_nearest(name, NAMES)}"
            )
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            flags += [flag] if value else []
        elif isinstance(value, list | tuple):
            flags += [word for one in value for word in (flag, str(one))]
        elif value is not None:
            flags += [flag, str(value)]
    if not isinstance(settings or {}, Mapping):
        raise TypeError(f"settings: expected a mapping like {{'optim.lr': 0.1}}, got {settings!r}")
    for path, value in (settings or {}).items():
        flags += ["--set", f"{path}={write_value(value)}"]
    return flags


NAMES = ["preset", "storage", "seeds", *Flags.__annotations__]


def write_value(value: Any) -> str:
    """Return a value as `--set` takes it: 0.1, relu, [0.5, 0.75]."""
    plain = make_canonical(value)
    return plain if isinstance(plain, str) else json.dumps(plain)
