"""The reference page docs/settings.md: `nvp settings`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from nvp.config.command_parser import CommandParser
from nvp.config.extra import Extra
from nvp.config.trial_config import TrialConfig

SETTINGS_HEAD = """# Settings

Made from `nvp/config/trial_config.py` by `nvp settings`. A dotted path is what `--set` takes, what
a study sweeps, and the column of `trials` in the analysis.

| path | default | range | meaning |
|---|---|---|---|"""
SIGNS = {"low": ">=", "above": ">", "high": "<=", "below": "<"}


def settings_page() -> str:
    """Return every dotted path of a trial's configuration, its default, range and meaning."""
    return "\n".join([SETTINGS_HEAD, *setting_rows(TrialConfig(), "")]) + "\n"


def setting_rows(config: Any, prefix: str) -> list[str]:
    """Return a table row for every leaf below `config`."""
    rows = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            rows += setting_rows(value, f"{prefix}{field.name}.")
            continue
        limits = field.metadata["limits"].items()
        span = ", ".join(f"{SIGNS[key]} {limit:g}" for key, limit in limits)
        span = " or ".join(field.metadata["choices"]) or span
        is_open = isinstance(value, Extra)
        default = "" if is_open else value if value != "" else "''"
        path = f"{prefix}{field.name}{'.NAME' * is_open}"
        meaning = field.metadata["meaning"].replace("<", "&lt;")  # else Markdown takes it for a tag
        rows.append(f"| `{path}` | {default} | {span} | {meaning} |")
    return rows


def print_settings(argv: Sequence[str] | None = None) -> int:
    """Print docs/settings.md; return 0."""
    CommandParser(
        prog="nvp settings", description="List every setting of a trial: docs/settings.md."
    ).parse_args(argv)
    print(settings_page(), end="")
    return 0
